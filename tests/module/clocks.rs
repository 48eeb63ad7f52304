//! Servers whose clocks are wrong, differ, or are set while they run.

use crate::clock::{Clock, DAY, HOUR};
use crate::server::{eventually, get, text, Server};

fn total(server: &Server) -> String {
    text(&get(&server.run("TRACKER.STATS m 1"), "total"))
}

fn ttl(server: &Server, key: &str) -> i64 {
    server.text(&format!("PTTL {key}")).parse().unwrap()
}

#[test]
fn a_clock_that_is_set_ends_records_when_it_says_so_and_keeps_none_for_ever() {
    let clock = Clock::new();
    let server = clock.start(&[]);
    clock.set_on(&server, 5 * DAY);
    server.run("TRACKER.UPSERT m 1 ahead STATE SUCCESS NAME n");
    clock.set_on(&server, 0);
    server.run("TRACKER.UPSERT m 1 right STATE SUCCESS NAME n");
    assert_eq!(total(&server), "2");
    clock.set_on(&server, -5 * DAY);
    server.run("TRACKER.UPSERT m 1 behind STATE SUCCESS NAME n");
    assert_eq!(total(&server), "3");
    for key in server.keys() {
        assert!((DAY - HOUR..=11 * DAY + HOUR).contains(&ttl(&server, &key)), "{key}: {}", ttl(&server, &key));
    }
    for (ahead, left) in [(-3 * DAY, "2"), (0, "2"), (2 * DAY, "1"), (4 * DAY, "1"), (7 * DAY, "0")] {
        clock.set_on(&server, ahead);
        assert_eq!(total(&server), left, "{} days ahead", ahead / DAY);
    }
    eventually("every key to go", || server.text("DBSIZE") == "0");
}

#[test]
fn an_object_deleted_while_the_clock_was_ahead_is_tracked_again_once_it_is_right() {
    let clock = Clock::new();
    let server = clock.start(&[]);
    let update =
        |task: &str, run: i64| server.text(&format!("TRACKER.UPSERT m 1 {task} STATE STARTED NAME n RUN {run}"));
    clock.set_on(&server, 3 * DAY);
    let before = server.clock();
    update("a", before);
    server.run("TRACKER.DEL m 1");
    assert_eq!(update("a", before), "GONE");
    clock.set_on(&server, 0);
    // Who published by the wrong clock tells of the deleted object still.
    assert_eq!(update("a", before), "GONE");
    assert_eq!(update("b", server.clock()), "CREATED");
    server.run("TRACKER.DEL m 1");
    assert_eq!(update("b", server.clock() - 1_000), "GONE");
    assert_eq!(update("c", server.clock() + 1_000), "CREATED");
}

#[test]
fn a_replica_with_another_clock_holds_the_same_data() {
    let (ahead, behind) = (Clock::new(), Clock::new());
    let primary = Server::start();
    let address = format!("127.0.0.1 {}", primary.port());
    let replicas = [&ahead, &behind].map(|clock| clock.start(&["--replicaof", &address]));
    ahead.set_on(&replicas[0], 10 * DAY);
    behind.set_on(&replicas[1], -10 * DAY);
    for task in 0..20 {
        let state = ["PENDING", "STARTED", "SUCCESS"][task % 3];
        primary.run(&format!("TRACKER.UPSERT m 1 t{task} STATE {state} NAME n{} RETAIN {}", task % 2, 1 + task * 100));
    }
    primary.run("TRACKER.RETAIN m 1 t5 5000");
    primary.run("TRACKER.DEL m 1 t6");
    eventually("t0 to end", || primary.text("EXISTS m:{1}:record:t0") == "0");
    primary.run("TRACKER.UPSERT m 1 t0 STATE STARTED NAME n");
    primary.run("TRACKER.EXPIRE m 1 86400");
    primary.run("TRACKER.UPSERT m 1 t3 STATE SUCCESS");
    for replica in &replicas {
        primary.wait_for(replica);
        assert_eq!(replica.digest(), primary.digest());
    }
    // A reader is told what lives by the clock of the server that it asks.
    assert_eq!([&primary, &replicas[0], &replicas[1]].map(total), ["19", "0", "19"]);
    ahead.set_on(&replicas[0], 0);
    replicas[0].run("REPLICAOF NO ONE");
    assert_eq!(total(&replicas[0]), "19");
}

#[test]
fn an_aof_that_is_loaded_by_another_clock_makes_the_same_data() {
    let clock = Clock::new();
    let mut server = clock.start(&["--appendonly", "yes", "--appendfsync", "always"]);
    for task in 0..20 {
        clock.set_on(&server, (task as i64 % 5 - 2) * HOUR);
        let state = ["PENDING", "STARTED", "SUCCESS"][task % 3];
        server.run(&format!("TRACKER.UPSERT m 1 t{} STATE {state} NAME n{}", task % 7, task % 2));
        server.run(&format!("TRACKER.RETAIN m 1 t{} {}", task % 4, 50_000 + task));
    }
    clock.set_on(&server, 0);
    let digest = server.digest();
    for ahead in [-20 * DAY, 10 * HOUR, 0] {
        clock.set(ahead);
        server.kill_and_restart();
        assert_eq!(server.digest(), digest, "{} hours ahead", ahead / HOUR);
    }
}
