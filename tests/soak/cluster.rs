//! A cluster of three primaries with a replica each: slots move while clients write, and primaries die.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use redis::Value;

use crate::crash::logs;
use crate::log::{compare, tasks, Log};
use crate::nodes::Cluster;
use crate::report::{Found, Part};
use crate::router::Router;
use crate::server::{eventually, get, text, Server};
use crate::writer::{objects, under_load, Promise, WRITERS};

/// A primary that was killed has its data when it comes back as a replica of another. When it all ends each node is read, also
/// those whose primaries have ended before.
const OPTIONS: [&str; 10] = [
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
    "--cluster-node-timeout",
    "2000",
    "--cluster-allow-reads-when-down",
    "yes",
    // A primary that has given all slots away stays one.
    "--cluster-allow-replica-migration",
    "no",
];

/// How many slots are moved at a time.
const SLOTS: u16 = 1_500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    MovedByHand,
    PrimaryKilled,
    NodesAdded,
    NodesRemoved,
    Resharded,
    /// Valkey 9 moves slots atomically.
    Migrated,
    MigrationSourceKilled,
}

pub fn rounds(part: &mut Part) {
    let mut cluster = Cluster::start_with(1, &OPTIONS);
    let faults = faults(&cluster);
    let mut logs = logs();
    while part.goes_on() {
        let fault = faults[part.round() % faults.len()];
        let primary = cluster.owner(cluster.slot(&objects()[0]));
        let ports: Vec<_> = cluster.nodes.iter().map(Server::port).collect();
        let clients: Vec<_> = (0..WRITERS).map(|_| Router::new(&ports, part.random.fork())).collect();
        let name = format!("r{}", part.round());
        let refusals = under_load(&mut logs, clients, &mut part.random, &name, Promise::Replicated, |random| {
            sleep(Duration::from_millis(500));
            match fault {
                Fault::MovedByHand => move_objects(&cluster),
                Fault::PrimaryKilled => kill(&mut cluster, primary),
                Fault::NodesAdded => add_nodes(&mut cluster),
                Fault::NodesRemoved => remove_nodes(&mut cluster),
                Fault::Resharded => reshard(&cluster, primary, SLOTS),
                Fault::Migrated => migrate(&cluster),
                Fault::MigrationSourceKilled => {
                    begin_migration(&cluster, cluster.slot(&objects()[0]));
                    sleep(Duration::from_millis(random.u64(0..20)));
                    kill(&mut cluster, primary);
                }
            }
            sleep(Duration::from_millis(500));
        });
        refusals.iter().for_each(|refusal| eprintln!("a client gave up: {refusal}"));
        if matches!(fault, Fault::PrimaryKilled | Fault::MigrationSourceKilled) {
            restart(&mut cluster.nodes[primary]);
        }
        let mut found = Found { mismatched: refusals.len(), ..Found::default() };
        for node in 0..cluster.nodes.len() {
            let objects: Vec<_> =
                objects().into_iter().filter(|object| cluster.owner(cluster.slot(object)) == node).collect();
            if !objects.is_empty() {
                found += compare(&mut cluster.nodes[node].connect(), &mut logs, &objects);
            }
        }
        found.twice += strays(&cluster);
        let updates = logs.iter_mut().map(Log::take_count).sum();
        part.end_round(&format!("{fault:?}"), updates, found);
        if tasks(&logs) > 3_000 {
            primaries(&cluster).into_iter().for_each(|node| drop(cluster.nodes[node].run("FLUSHALL")));
            logs = crate::crash::logs();
        }
    }
}

/// The faults that these servers can have, those first that only some can have.
fn faults(cluster: &Cluster) -> Vec<Fault> {
    let mut faults = Vec::new();
    if cluster.nodes[0].list("CLUSTER HELP").iter().any(|line| line.starts_with("MIGRATESLOTS")) {
        faults.extend([Fault::Migrated, Fault::MigrationSourceKilled]);
    }
    faults.extend([Fault::MovedByHand, Fault::PrimaryKilled, Fault::NodesAdded, Fault::NodesRemoved, Fault::Resharded]);
    faults
}

/// How many keys stand on a primary that does not serve their slot.
fn strays(cluster: &Cluster) -> usize {
    let of = |node: usize| {
        let keys = cluster.nodes[node].keys();
        keys.into_iter().filter(|key| !cluster.serves(&cluster.nodes[node], cluster.slot(key))).count()
    };
    primaries(cluster).into_iter().map(of).sum()
}

fn primaries(cluster: &Cluster) -> Vec<usize> {
    let is_primary = |node: &usize| cluster.nodes[*node].info("replication").contains("role:master");
    (0..cluster.nodes.len()).filter(is_primary).collect()
}

/// Each object's slot goes to the next primary, key by key.
fn move_objects(cluster: &Cluster) {
    let primaries = primaries(cluster);
    for object in objects() {
        let slot = cluster.slot(&object);
        let at = primaries.iter().position(|node| *node == cluster.owner(slot)).expect("a primary");
        move_object(cluster, slot, primaries[(at + 1) % primaries.len()]);
    }
}

fn move_object(cluster: &Cluster, slot: u16, to: usize) {
    let from = cluster.begin_move(slot, to);
    cluster.move_keys(slot, from, to);
    cluster.nodes[to].run(&format!("CLUSTER SETSLOT {slot} NODE {}", cluster.id(to)));
    cluster.nodes[from].run(&format!("CLUSTER SETSLOT {slot} NODE {}", cluster.id(to)));
    eventually("the others to know of the move", || cluster.owner(slot) == to);
}

/// Many of a primary's slots go to another, those of objects among them.
fn reshard(cluster: &Cluster, from: usize, slots: u16) {
    let to = primaries(cluster).into_iter().find(|node| *node != from).expect("another primary");
    move_slots(cluster, from, to, slots);
}

fn move_slots(cluster: &Cluster, from: usize, to: usize, slots: u16) {
    let (from, to) = (cluster.id(from), cluster.id(to));
    let slots = slots.to_string();
    manage(
        cluster,
        "reshard",
        &["--cluster-from", &from, "--cluster-to", &to, "--cluster-slots", &slots, "--cluster-yes"],
    );
}

/// Runs `redis-cli --cluster`, again where the nodes do not agree yet on what was done before.
fn manage(cluster: &Cluster, command: &str, arguments: &[&str]) {
    let any = format!("127.0.0.1:{}", cluster.nodes[primaries(cluster)[0]].port());
    let address = (command != "add-node").then_some(any);
    eventually(command, || {
        let command = Command::new("redis-cli").args(["--cluster", command]).args(&address).args(arguments).output();
        let done = command.expect("redis-cli is installed with the server");
        if !done.status.success() {
            eprintln!("{}", String::from_utf8_lossy(&done.stdout));
            sleep(Duration::from_millis(500));
        }
        done.status.success()
    });
}

/// A new primary and its replica join, and get many of the slots of the first object's node.
fn add_nodes(cluster: &mut Cluster) {
    let from = cluster.owner(cluster.slot(&objects()[0]));
    let any = format!("127.0.0.1:{}", cluster.nodes[from].port());
    let new = cluster.nodes.len();
    for _ in 0..2 {
        cluster.nodes.push(Cluster::node(&OPTIONS));
    }
    let address = |node: usize| format!("127.0.0.1:{}", cluster.nodes[node].port());
    manage(cluster, "add-node", &[&address(new), &any]);
    let id = cluster.id(new);
    eventually("all nodes to know the new one", || {
        cluster.nodes[..=new].iter().all(|node| node.text("CLUSTER NODES").contains(&id))
    });
    manage(cluster, "add-node", &[&address(new + 1), &any, "--cluster-slave", "--cluster-master-id", &id]);
    eventually("the new node's replica", || cluster.nodes[new].info("replication").contains("connected_slaves:1"));
    move_slots(cluster, from, new, SLOTS);
    let slot = cluster.slot(&objects()[0]);
    if cluster.owner(slot) != new {
        move_object(cluster, slot, new);
    }
}

/// The last primary that joined gives its slots away, and leaves with its replica.
fn remove_nodes(cluster: &mut Cluster) {
    let last = cluster.nodes.len() - 2;
    let served = cluster.served(&cluster.nodes[last]).into_iter().map(|slots| slots.count()).sum::<usize>();
    reshard(cluster, last, u16::try_from(served).expect("at most all slots"));
    for node in [last + 1, last] {
        manage(cluster, "del-node", &[&cluster.id(node)]);
    }
    cluster.nodes.truncate(last);
}

/// Six times the slots around an object go to another primary, atomically. One migration is cancelled.
fn migrate(cluster: &Cluster) {
    for (number, object) in objects().iter().enumerate() {
        let slot = cluster.slot(object);
        let (from, to) = begin_migration(cluster, slot);
        if number == 2 {
            // It may be over by then.
            let _ = cluster.nodes[from].try_run("CLUSTER CANCELSLOTMIGRATIONS");
        }
        eventually("the migration to end", || {
            let Value::Array(migrations) = cluster.nodes[from].run("CLUSTER GETSLOTMIGRATIONS") else { return false };
            match text(&get(&migrations[0], "state")).as_str() {
                "success" => cluster.serves(&cluster.nodes[to], slot),
                "cancelled" if number == 2 => true,
                "cancelled" | "failed" => panic!("{migrations:?}"),
                _ => false,
            }
        });
        eventually("all nodes to agree", || {
            let owners = cluster.nodes.iter().filter(|node| cluster.serves(node, slot));
            owners.count() == 1
        });
    }
}

/// Begins to migrate up to [`SLOTS`] slots around that one to the next primary. Returns the source and the target.
fn begin_migration(cluster: &Cluster, slot: u16) -> (usize, usize) {
    let primaries = primaries(cluster);
    let from = cluster.owner(slot);
    let at = primaries.iter().position(|node| *node == from).expect("a primary");
    let to = primaries[(at + 1) % primaries.len()];
    let served = cluster.served(&cluster.nodes[from]);
    let around = served.into_iter().find(|slots| slots.contains(&slot)).expect("its owner serves it");
    let first = slot.saturating_sub(SLOTS / 2).max(*around.start());
    let last = (first + SLOTS - 1).min(*around.end());
    let to_id = cluster.id(to);
    cluster.nodes[from].run(&format!("CLUSTER MIGRATESLOTS SLOTSRANGE {first} {last} NODE {to_id}"));
    (from, to)
}

/// A primary that serves an object dies; its replica is elected.
fn kill(cluster: &mut Cluster, killed: usize) {
    let slot = cluster.slot(&objects()[0]);
    cluster.nodes[killed].kill();
    let alive: Vec<_> = (0..cluster.nodes.len()).filter(|node| *node != killed).collect();
    eventually("a replica to take over", || alive.iter().any(|node| cluster.serves(&cluster.nodes[*node], slot)));
    eventually("the cluster to serve all slots", || {
        alive.iter().all(|node| cluster.nodes[*node].text("CLUSTER INFO").contains("cluster_state:ok"))
    });
}

/// A primary that died comes back as a replica.
fn restart(node: &mut Server) {
    node.restart();
    eventually("it to follow the new primary", || {
        let info = node.info("replication");
        info.contains("role:slave") && info.contains("master_link_status:up")
    });
}
