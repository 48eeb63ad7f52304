//! A primary with two replicas: each takes over in turn, after a crash or as asked.

use std::sync::Mutex;
use std::thread::{self, sleep};
use std::time::Duration;

use crate::crash::logs;
use crate::deletion::Deletion;
use crate::log::{compare, tasks, Log};
use crate::report::{Found, Part};
use crate::server::{eventually, Server};
use crate::writer::{objects, write, Promise};

/// Every other round the primary dies, and the replica that has most of it takes over: the other one goes on where it was,
/// and the one that died begins anew. In the rounds between, the primary hands over to a replica (`FAILOVER`).
pub fn rounds(part: &mut Part) {
    let mut nodes: Vec<_> = (0..3).map(|_| Server::start()).collect();
    follow(&nodes, 0);
    let mut primary = 0;
    let mut logs = logs();
    while part.goes_on() {
        let dies = part.round().is_multiple_of(2);
        let deletion = Deletion::of(&mut nodes[primary].connect(), part.round());
        let shared: Vec<_> = logs.drain(..).map(Mutex::new).collect();
        thread::scope(|scope| {
            for (number, log) in shared.iter().enumerate() {
                let (mut connection, random) = (nodes[primary].connect(), part.random.fork());
                let name = format!("r{}w{number}", part.round());
                scope.spawn(move || write(&mut connection, log, random, &name, Promise::Replicated, || true));
            }
            sleep(Duration::from_millis(part.random.u64(300..900)));
            if dies {
                nodes[primary].kill();
            } else {
                nodes[primary].run("FAILOVER");
                eventually("the primary to step down", || nodes[primary].info("replication").contains("role:slave"));
            }
        });
        logs.extend(shared.into_iter().map(|log| log.into_inner().unwrap()));
        let killed = dies.then_some(primary);
        primary = match killed {
            Some(killed) => {
                let rest = (0..3).filter(|node| *node != killed);
                rest.max_by_key(|node| offset(&nodes[*node])).expect("two replicas")
            }
            None => {
                let is_primary = |node: &Server| node.info("replication").contains("role:master");
                eventually("a new primary", || nodes.iter().any(is_primary));
                nodes.iter().position(is_primary).expect("there is one now")
            }
        };
        if let Some(killed) = killed {
            nodes[primary].run("REPLICAOF NO ONE");
            nodes[killed].restart();
        }
        follow(&nodes, primary);
        let mut found = compare(&mut nodes[primary].connect(), &mut logs, &objects());
        found.unsent += deletion.count_back(&mut nodes[primary].connect());
        found += differences(&nodes, primary);
        let updates = logs.iter_mut().map(Log::take_count).sum();
        part.end_round(if dies { "primary killed" } else { "FAILOVER" }, updates, found);
        if tasks(&logs) > 3_000 {
            nodes[primary].run("FLUSHALL");
            logs = crate::crash::logs();
        }
    }
}

/// Makes the others replicas of the primary, and waits until they are.
fn follow(nodes: &[Server], primary: usize) {
    let others = || nodes.iter().enumerate().filter(|(number, _)| *number != primary).map(|(_, node)| node);
    for replica in others() {
        replica.run(&format!("REPLICAOF 127.0.0.1 {}", nodes[primary].port()));
    }
    others().for_each(|replica| nodes[primary].wait_for(replica));
}

fn offset(node: &Server) -> u64 {
    let info = node.info("replication");
    let offset = info.lines().find_map(|line| line.strip_prefix("slave_repl_offset:")).expect("a replica");
    offset.trim().parse().unwrap()
}

/// A replica that holds other data than its primary counts as a mismatch.
fn differences(nodes: &[Server], primary: usize) -> Found {
    let digest = nodes[primary].digest();
    let mismatched = nodes.iter().filter(|node| node.digest() != digest).count();
    Found { mismatched, ..Found::default() }
}
