//! A primary and a replica whose clocks are set while clients write, by days and each by itself.

use std::thread::sleep;
use std::time::Duration;

use fastrand::Rng;

use crate::clock::{Clock, DAY};
use crate::crash::logs;
use crate::log::{compare, Log};
use crate::report::Part;
use crate::server::{eventually, get, text, Server};
use crate::writer::{objects, under_load, Promise, WRITERS};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    ClocksSet,
    KilledAndSet,
    TakenOver,
}

/// The furthest that a clock is set from the right time. Retention is long enough for nothing to end.
const FURTHEST: i64 = 10 * DAY;
const WINDOW: i64 = 60 * DAY;
const OPTIONS: [&str; 6] = ["retention-window", "5184000", "--appendonly", "yes", "--appendfsync", "always"];

pub fn rounds(part: &mut Part) {
    let clocks = [Clock::new(), Clock::new()];
    let mut nodes = clocks.each_ref().map(|clock| clock.start(&OPTIONS));
    let mut primary = 0;
    follow(&nodes[1], &nodes[0]);
    while part.goes_on() {
        let fault = [Fault::ClocksSet, Fault::KilledAndSet, Fault::TakenOver][part.round() % 3];
        let mut logs = logs();
        let clients: Vec<_> = (0..WRITERS).map(|_| nodes[primary].connect()).collect();
        let name = format!("r{}", part.round());
        let refusals = under_load(&mut logs, clients, &mut part.random, &name, Promise::Kept, |random| {
            for _ in 0..6 {
                sleep(Duration::from_millis(random.u64(50..150)));
                set(random.choice(&clocks).expect("two clocks"), random);
            }
            if fault == Fault::KilledAndSet {
                nodes[primary].kill();
            }
        });
        match fault {
            Fault::ClocksSet => {}
            Fault::KilledAndSet => {
                set(&clocks[primary], &mut part.random);
                nodes[primary].restart();
            }
            Fault::TakenOver => {
                nodes[primary].wait_for(&nodes[1 - primary]);
                nodes[1 - primary].run("REPLICAOF NO ONE");
                primary = 1 - primary;
            }
        }
        let (server, replica) = (&nodes[primary], &nodes[1 - primary]);
        if fault != Fault::ClocksSet {
            follow(replica, server);
        }
        server.wait_for(replica);
        let mut found = compare(&mut server.connect(), &mut logs, &objects());
        found.mismatched += usize::from(replica.digest() != server.digest());
        if fault != Fault::KilledAndSet {
            found.mismatched += refusals.len();
            refusals.iter().for_each(|refusal| eprintln!("a client gave up: {refusal}"));
        }
        let set_all = |ahead| clocks.iter().zip(&nodes).for_each(|(clock, node)| clock.set_on(node, ahead));
        set_all(0);
        found.mismatched += odd_ttls(server);
        set_all(WINDOW + 2 * FURTHEST);
        found.mismatched += still_there(server) + still_there(replica);
        eventually("the server to remove all keys", || server.text("DBSIZE") == "0");
        server.wait_for(replica);
        found.mismatched += usize::from(replica.text("DBSIZE") != "0");
        set_all(0);
        part.end_round(&format!("{fault:?}"), logs.iter_mut().map(Log::take_count).sum(), found);
    }
}

fn set(clock: &Clock, random: &mut Rng) {
    clock.set(random.i64(-FURTHEST..FURTHEST));
}

fn follow(replica: &Server, primary: &Server) {
    replica.run(&format!("REPLICAOF 127.0.0.1 {}", primary.port()));
    primary.wait_for(replica);
}

/// How many keys live shorter or longer than any clock that they were written by would have it. An index may outlive its
/// records by 2 %.
fn odd_ttls(server: &Server) -> usize {
    let expected = WINDOW - FURTHEST - DAY..WINDOW + FURTHEST + WINDOW / 50;
    let keys = server.keys();
    let odd = keys.iter().filter(|key| {
        let ttl: i64 = server.text(&format!("PTTL {key}")).parse().unwrap();
        let is_odd = !expected.contains(&ttl);
        if is_odd {
            eprintln!("{key} lives for {ttl} ms");
        }
        is_odd
    });
    odd.count()
}

/// How many records a server shows.
fn still_there(server: &Server) -> usize {
    let total = |object: &String| text(&get(&server.run(&format!("TRACKER.STATS m {object}")), "total"));
    objects().iter().map(|object| total(object).parse::<usize>().unwrap()).sum()
}
