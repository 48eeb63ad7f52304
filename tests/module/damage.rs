//! Keys that were removed by hand, or evicted by a server that runs out of memory.

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
fn any_index_may_be_lost_and_removing_the_object_leaves_nothing_behind() {
    for lost in ["expiry", "tasks", "names", "state:SUCCESS", "task:na", "record:a"] {
        let server = server_with_three();
        server.run(&format!("DEL m:{{1}}:{lost}"));
        server.run("TRACKER.DEL m 1");
        assert_eq!(server.keys(), [""; 0], "without {lost}");
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
