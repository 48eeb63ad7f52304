//! Keys that were removed by hand, or evicted by a server that has no memory left.

use std::thread::sleep;
use std::time::Duration;

use redis::Value;

use crate::server::{get, Server};

fn total(server: &Server, filter: &str) -> Value {
    get(&server.run(&format!("TRACKER.QUERY m 1 {filter}")), "total")
}

fn server_with_three() -> Server {
    let server = Server::start();
    for (id, state) in [("a", "SUCCESS"), ("b", "FAILURE"), ("c", "STARTED")] {
        server.run(&format!("TRACKER.UPSERT m 1 {id} STATE {state} NAME n{id}"));
    }
    server
}

#[test]
fn without_the_expiry_index_nothing_is_live_and_the_next_write_clears_up() {
    let server = server_with_three();
    server.run("DEL m:{1}:expiry");
    assert_eq!(server.run("TRACKER.GET m 1 a"), Value::Nil);
    for filter in ["", "STATE SUCCESS", "TASK nb", "STATE STARTED TASK nc"] {
        assert_eq!(total(&server, filter), Value::Int(0), "{filter}");
    }
    assert_eq!(get(&server.run("TRACKER.STATS m 1"), "total"), Value::Int(0));
    server.run("TRACKER.UPSERT m 1 new STATE PENDING NAME n");
    assert_eq!(total(&server, ""), Value::Int(1));
    assert_eq!(server.keys().len(), 6);
}

#[test]
fn any_index_may_be_lost_and_removing_the_object_leaves_no_record_and_no_index() {
    for lost in ["expiry", "tasks", "names", "state:SUCCESS", "task:na", "record:a"] {
        let server = server_with_three();
        server.run(&format!("DEL m:{{1}}:{lost}"));
        server.run("TRACKER.DEL m 1");
        assert_eq!(server.keys(), ["m:{1}:deleted"], "without {lost}");
    }
}

#[test]
fn expire_removes_what_the_expiry_index_has_lost() {
    let server = server_with_three();
    server.run("DEL m:{1}:expiry");
    assert_eq!(server.text("TRACKER.EXPIRE m 1"), "3");
    assert_eq!(server.keys().len(), 0);
}

#[test]
fn an_update_brings_back_what_its_own_indexes_have_lost() {
    for lost in ["tasks", "names", "state:STARTED", "task:nc"] {
        let server = server_with_three();
        server.run(&format!("DEL m:{{1}}:{lost}"));
        for (id, state) in [("a", "SUCCESS"), ("b", "FAILURE"), ("c", "STARTED")] {
            assert_eq!(server.text(&format!("TRACKER.UPSERT m 1 {id} STATE {state} NAME n{id}")), "UPDATED");
        }
        assert_eq!(total(&server, ""), Value::Int(3), "without {lost}");
    }
}

#[test]
fn an_id_that_the_expiry_index_has_lost_is_created_anew_in_one_place() {
    let server = Server::start();
    server.run("TRACKER.UPSERT m 1 a STATE SUCCESS NAME na");
    server.run("TRACKER.UPSERT m 1 b STATE SUCCESS NAME nb");
    server.run("DEL m:{1}:expiry m:{1}:record:a");
    assert_eq!(server.text("TRACKER.UPSERT m 1 a STATE PENDING NAME other"), "CREATED");
    for (index, ids) in [("state:SUCCESS", vec![]), ("state:PENDING", vec!["a"]), ("task:other", vec!["a"])] {
        assert_eq!(server.list(&format!("ZRANGE m:{{1}}:{index} 0 -1")), ids, "{index}");
    }
    assert_eq!(server.list("ZRANGE m:{1}:names 0 -1"), ["other"]);
}

#[test]
fn the_next_task_brings_back_the_index_of_every_id() {
    let server = server_with_three();
    server.run("TRACKER.RETAIN m 1 a 1000000");
    server.run("DEL m:{1}:tasks");
    server.run("TRACKER.UPSERT m 1 b STATE FAILURE NAME nb");
    assert_eq!(server.list("ZRANGE m:{1}:tasks 0 -1"), ["a", "b", "c"]);
    server.run("DEL m:{1}:tasks");
    server.run("TRACKER.UPSERT m 1 new STATE PENDING NAME na RETAIN 2000000");
    assert_eq!(total(&server, ""), Value::Int(4));
}

#[test]
fn without_the_index_of_names_what_has_run_out_leaves_the_indexes_of_its_name_too() {
    let server = server_with_three();
    for n in 0..3 {
        server.run(&format!("TRACKER.UPSERT m 1 short{n} STATE SUCCESS NAME na RETAIN 1"));
    }
    server.run("DEL m:{1}:names");
    server.run("TRACKER.UPSERT m 1 another STATE SUCCESS NAME na");
    sleep(Duration::from_millis(1_001));
    server.run("TRACKER.UPSERT m 1 first STATE SUCCESS NAME new");
    assert_eq!(total(&server, "TASK na"), Value::Int(2));
    assert_eq!(server.list("ZRANGE m:{1}:names 0 -1"), ["na", "nb", "nc", "new"]);
    server.run("DEL m:{1}:names");
    assert_eq!(server.text("TRACKER.DEL m 1"), "5");
    assert_eq!(server.keys(), ["m:{1}:deleted"]);
}

#[test]
fn an_update_that_another_type_of_key_is_in_the_way_of_never_stops_half_way() {
    let server = server_with_three();
    server.run("ZREM m:{1}:expiry c");
    server.run("SET m:{1}:task:nc text");
    assert_eq!(server.text("TRACKER.UPSERT m 1 c STATE SUCCESS"), "UPDATED");
    assert_eq!(total(&server, "STATE SUCCESS"), Value::Int(2));
    server.run("FLUSHALL");
}

#[test]
fn an_object_that_has_lost_the_indexes_of_every_id_is_removed_all_the_same() {
    let server = server_with_three();
    server.run("DEL m:{1}:expiry m:{1}:tasks");
    assert_eq!(server.text("TRACKER.DEL m 1"), "0");
    assert!(server.keys().iter().all(|key| key.contains(":record:") || key.ends_with(":deleted")));
    server.run("FLUSHALL");
}

#[test]
fn a_total_by_states_and_tasks_counts_no_more_than_their_indexes_hold() {
    let server = Server::start();
    for (count, state) in [(20, "SUCCESS"), (3, "STARTED"), (1, "FAILURE")] {
        for n in 0..count {
            server.run(&format!("TRACKER.UPSERT m 1 {state}{n} NAME n STATE {state}"));
        }
    }
    let totals = || ["", " TASK n"].map(|task| total(&server, &format!("STATE SUCCESS STATE STARTED SIZE 2{task}")));
    assert_eq!(totals(), [Value::Int(23), Value::Int(23)]);
    // A state that was not asked for.
    server.run("SET m:{1}:state:IGNORED x");
    assert_eq!(totals(), [Value::Int(23), Value::Int(23)]);
    server.run("DEL m:{1}:state:IGNORED");
    server.run("DEL m:{1}:state:SUCCESS");
    assert_eq!(totals(), [Value::Int(3), Value::Int(3)]);
    server.run("TRACKER.DEL m 1");
}
