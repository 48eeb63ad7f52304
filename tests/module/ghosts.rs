//! Ids whose record was removed by hand or evicted: they are neither shown nor counted, and the indexes get rid of them.

use std::thread::sleep;
use std::time::Duration;

use redis::Value;

use crate::server::{get, text, Server};

fn total(server: &Server, options: &str) -> i64 {
    text(&get(&server.run(&format!("TRACKER.QUERY m 1 {options}")), "total")).parse().unwrap()
}

fn rows(server: &Server, options: &str) -> Vec<String> {
    let Value::Array(tasks) = get(&server.run(&format!("TRACKER.QUERY m 1 FIELDS 1 id {options}")), "tasks") else {
        panic!()
    };
    tasks.iter().map(|task| text(&get(task, "id"))).collect()
}

fn members(server: &Server, index: &str) -> Vec<String> {
    server.list(&format!("ZRANGE m:{{1}}:{index} 0 -1"))
}

/// Records `t00`, `t01`, … in two states and of three names.
fn server_with(count: usize, options: &[&str]) -> Server {
    let server = Server::start_with(options);
    for n in 0..count {
        let (state, name) = (["SUCCESS", "FAILURE"][n % 2], ["a", "b", "c"][n % 3]);
        server.run(&format!("TRACKER.UPSERT m 1 t{n:02} STATE {state} NAME {name} AT {}", 1_000 + n));
    }
    server
}

/// A server that does not know which records were removed, because it starts from a snapshot.
fn server_that_has_forgotten(count: usize, removed: &[usize]) -> Server {
    let mut server = server_with(count, &[]);
    for n in removed {
        server.run(&format!("DEL m:{{1}}:record:t{n:02}"));
    }
    server.run("SAVE");
    server.kill_and_restart();
    server
}

#[test]
fn a_record_that_was_removed_by_hand_is_neither_shown_nor_counted() {
    let server = server_with(6, &[]);
    server.run("UNLINK m:{1}:record:t02 m:{1}:record:t05");
    for (options, expected) in [
        ("", &["t04", "t03", "t01", "t00"][..]),
        ("STATE SUCCESS", &["t04", "t00"]),
        ("TASK c", &[]),
        ("STATE FAILURE STATE SUCCESS", &["t04", "t03", "t01", "t00"]),
        ("STATE SUCCESS TASK b TASK a", &["t04", "t00"]),
        ("SINCE 1001 UNTIL 1003", &["t03", "t01"]),
        ("MATCH t0", &["t04", "t03", "t01", "t00"]),
    ] {
        assert_eq!(rows(&server, options), expected, "{options}");
        assert_eq!(total(&server, options), expected.len() as i64, "{options}");
    }
    let stats = server.run("TRACKER.STATS m 1");
    assert_eq!((get(&stats, "total"), get(&stats, "newest")), (Value::Int(4), Value::Int(1_004)));
    assert_eq!(get(&get(&stats, "states"), "SUCCESS"), Value::Int(2));
    assert_eq!(server.run("TRACKER.GET m 1 t02"), Value::Nil);
    server.run("TRACKER.EXPIRE m 1");
}

#[test]
fn a_key_of_another_type_is_no_record() {
    let server = server_with(3, &[]);
    server.run("SET m:{1}:record:t01 text");
    assert_eq!((rows(&server, ""), total(&server, "")), (vec!["t02".to_owned(), "t00".into()], 2));
    server.run("FLUSHALL");
}

#[test]
fn the_next_write_takes_out_ids_whose_record_was_removed() {
    for write in
        ["UPSERT m 1 t00 STATE SUCCESS", "UPSERT m 1 new STATE PENDING NAME n", "RETAIN m 1 t00 60", "DEL m 1 none"]
    {
        let server = server_with(6, &[]);
        let replica = server.replica();
        server.run("DEL m:{1}:record:t02 m:{1}:record:t05");
        server.run(&format!("TRACKER.{write}"));
        for index in ["tasks", "expiry", "state:SUCCESS", "state:FAILURE", "task:c"] {
            let left = members(&server, index);
            assert!(!left.iter().any(|id| id == "t02" || id == "t05"), "{write}: {index} holds {left:?}");
        }
        assert!(!members(&server, "names").contains(&"c".to_owned()), "{write}");
        server.wait_for(&replica);
        assert_eq!(server.digest(), replica.digest(), "{write}");
    }
}

#[test]
fn a_write_takes_out_a_hundred_at_the_most() {
    let server = server_with(250, &[]);
    for n in 0..240 {
        server.run(&format!("DEL m:{{1}}:record:t{n:02}"));
    }
    let mut left = Vec::new();
    for _ in 0..3 {
        server.run("TRACKER.UPSERT m 1 new STATE PENDING NAME n");
        left.push(members(&server, "tasks").len());
    }
    assert_eq!(left, [151, 51, 11]);
}

#[test]
fn a_server_that_starts_on_a_snapshot_finds_them_as_they_are_read() {
    let removed: Vec<_> = (0..60).filter(|n| matches!(n, 0 | 7 | 20..=33 | 58..=59)).collect();
    let live: Vec<_> = (0..60).rev().filter(|n| !removed.contains(n)).map(|n| format!("t{n:02}")).collect();
    for size in [1, 7, 60] {
        let server = server_that_has_forgotten(60, &removed);
        for _ in 0..2 {
            let pages = 1..=live.len().div_ceil(size) + 1;
            let found: Vec<_> = pages.flat_map(|page| rows(&server, &format!("SIZE {size} PAGE {page}"))).collect();
            let missing: Vec<_> = live.iter().filter(|id| !found.contains(id)).collect();
            assert!(missing.is_empty() && found.len() == live.len(), "pages of {size}: {found:?}");
        }
        assert_eq!(total(&server, ""), live.len() as i64);
        server.run("TRACKER.UPSERT m 1 new STATE PENDING NAME n");
        assert_eq!(members(&server, "tasks").len(), live.len() + 1);
    }
}

#[test]
fn expire_takes_out_all_of_them() {
    let server = server_that_has_forgotten(9, &[1, 2, 8]);
    let replica = server.replica();
    assert_eq!(server.text("TRACKER.EXPIRE m 1"), "3");
    assert_eq!((members(&server, "tasks").len(), members(&server, "expiry").len()), (6, 6));
    assert_eq!(server.text("TRACKER.EXPIRE m 1"), "0");
    server.wait_for(&replica);
    assert_eq!(server.digest(), replica.digest());
}

#[test]
fn the_index_of_every_id_comes_back_without_them() {
    let server = server_that_has_forgotten(6, &[1, 4]);
    server.run("DEL m:{1}:tasks");
    server.run("TRACKER.UPSERT m 1 new STATE PENDING NAME a");
    assert_eq!(members(&server, "tasks"), ["t00", "t02", "t03", "t05", "new"]);
    for index in ["expiry", "state:FAILURE", "state:SUCCESS", "task:b"] {
        let left = members(&server, index);
        assert!(!left.iter().any(|id| id == "t01" || id == "t04"), "{index} holds {left:?}");
    }
}

#[test]
fn an_id_that_was_taken_out_of_the_index_of_every_id_comes_back_with_the_next_task() {
    let server = server_with(6, &[]);
    server.run("ZREM m:{1}:tasks t02 t03");
    server.run("TRACKER.UPSERT m 1 new STATE PENDING NAME a");
    assert_eq!(members(&server, "tasks"), ["t00", "t01", "t02", "t03", "t04", "t05", "new"]);
}

#[test]
fn any_write_brings_back_the_index_of_names() {
    for write in ["UPSERT m 1 t01 STATE FAILURE", "RETAIN m 1 t00 60", "DEL m 1 t00", "EXPIRE m 1", "UPSERT m 1 t00 XX"]
    {
        let server = server_with(6, &[]);
        let replica = server.replica();
        server.run("DEL m:{1}:names");
        server.run(&format!("TRACKER.{write}"));
        assert_eq!(members(&server, "names"), ["a", "b", "c"], "{write}");
        server.wait_for(&replica);
        assert_eq!(server.digest(), replica.digest(), "{write}");
    }
}

#[test]
fn what_an_index_keeps_past_its_time_is_not_counted() {
    let server = Server::start();
    for n in 0..4 {
        server.run(&format!("TRACKER.UPSERT m 1 old{n} STATE SUCCESS NAME a RETAIN 1"));
    }
    server.run("PERSIST m:{1}:state:SUCCESS");
    server.run("PERSIST m:{1}:task:a");
    server.run("PERSIST m:{1}:names");
    sleep(Duration::from_millis(1_100));
    let assert_counts = |expected: i64| {
        for options in ["STATE SUCCESS", "TASK a", "STATE SUCCESS TASK a", "STATE SUCCESS STATE FAILURE", "MATCH old"] {
            assert_eq!(total(&server, options), if options.contains("MATCH") { 0 } else { expected }, "{options}");
        }
        let stats = server.run("TRACKER.STATS m 1 BUCKETS 1 SINCE 0");
        assert_eq!(get(&stats, "total"), Value::Int(expected));
        let tasks = get(&stats, "tasks");
        assert_eq!(tasks != Value::Array(vec![]), expected > 0, "{tasks:?}");
    };
    assert_counts(0);
    server.run("TRACKER.UPSERT m 1 new STATE SUCCESS NAME a RETAIN 1000");
    assert_counts(1);
    assert_eq!(members(&server, "state:SUCCESS"), ["new"]);
    assert_eq!(members(&server, "task:a"), ["new"]);
}

#[test]
fn an_index_that_was_given_a_longer_life_is_not_counted_past_its_time_either() {
    let server = Server::start();
    server.run("TRACKER.UPSERT m 1 old STATE SUCCESS NAME a RETAIN 1");
    server.run("EXPIRE m:{1}:state:SUCCESS 100000");
    sleep(Duration::from_millis(1_100));
    server.run("TRACKER.UPSERT m 1 new STATE FAILURE NAME a RETAIN 1000");
    assert_eq!((total(&server, "STATE SUCCESS"), total(&server, "")), (0, 1));
    server.run("DEL m:{1}:state:SUCCESS");
}

#[test]
fn a_replica_too_drops_the_id_of_a_record_whose_key_was_overwritten_with_another_type() {
    let server = server_with(4, &[]);
    let replica = server.replica();
    server.run("DEL m:{1}:record:t01 m:{1}:record:t02");
    server.run("RENAME m:{1}:task:b m:{1}:record:t01");
    server.run("TRACKER.UPSERT m 1 t00 STATE SUCCESS NAME a FIELDS 1 worker w");
    assert_eq!(members(&server, "tasks"), ["t00", "t03"]);
    server.wait_for(&replica);
    assert_eq!(replica.digest(), server.digest());
    server.run("FLUSHALL");
    server.wait_for(&replica);
}

#[test]
fn a_replica_and_the_aof_repair_an_object_as_its_primary_did_whatever_its_indexes_hold() {
    let server = Server::start_with(&["--appendonly", "yes"]);
    let replica = server.replica();
    // Else keys that run out leave between two digests.
    server.run("DEBUG SET-ACTIVE-EXPIRE 0");
    let writes = [
        "DEL m {} gone",
        "DEL m {} ended",
        "DEL m {} gone old ended",
        "DEL m {} gone old ended kept",
        "UPSERT m {} kept STATE SUCCESS FIELDS 1 worker w",
        "UPSERT m {} gone STATE SUCCESS NAME c",
        "UPSERT m {} ended STATE SUCCESS NAME c",
        "UPSERT m {} new STATE PENDING NAME c",
        "RETAIN m {} kept 60",
    ];
    let mut cases = Vec::new();
    for write in writes {
        for removed in ["record:gone", "names"] {
            for with_strays in ["state:FAILURE", "task:b"] {
                let id = cases.len();
                server.run(&format!("TRACKER.UPSERT m {id} ended STATE SUCCESS NAME a RETAIN 1"));
                for (task_id, name) in [("gone", "a"), ("old", "b"), ("kept", "b")] {
                    server.run(&format!("TRACKER.UPSERT m {id} {task_id} STATE SUCCESS NAME {name}"));
                }
                server.run(&format!("ZADD m:{{{id}}}:{with_strays} 1 gone 1 ended"));
                cases.push((write.replace("{}", &id.to_string()), format!("m:{{{id}}}:{removed}"), with_strays));
            }
        }
    }
    sleep(Duration::from_millis(1_050));
    server.run("CONFIG SET tracker.max-tasks-per-object 3");
    for (write, removed, with_strays) in cases {
        server.run(&format!("DEL {removed}"));
        server.run(&format!("TRACKER.{write}"));
        server.wait_for(&replica);
        assert_eq!(replica.digest(), server.digest(), "{write} without {removed}, strays in {with_strays}");
    }
    let digest = server.digest();
    server.run("DEBUG LOADAOF");
    assert_eq!(server.digest(), digest);
    server.run("FLUSHALL");
}

#[test]
fn a_repair_of_a_full_object_makes_room_for_the_next_record() {
    let server = server_with(0, &["max-tasks-per-object", "3"]);
    let replica = server.replica();
    server.run("TRACKER.UPSERT m 1 short STATE SUCCESS NAME a RETAIN 1");
    server.run("TRACKER.UPSERT m 1 old STATE SUCCESS NAME b AT 1000");
    server.run("TRACKER.UPSERT m 1 long STATE SUCCESS NAME b");
    sleep(Duration::from_millis(1_050));
    server.run("CONFIG SET tracker.max-tasks-per-object 2");
    server.run("DEL m:{1}:names");
    assert_eq!(server.text("TRACKER.UPSERT m 1 new STATE PENDING NAME c"), "CREATED");
    assert_eq!(members(&server, "tasks"), ["long", "new"]);
    server.wait_for(&replica);
    assert_eq!(replica.digest(), server.digest());
}
