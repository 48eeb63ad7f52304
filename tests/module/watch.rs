//! Which changes of keys other clients notice.

use redis::{Connection, Value};

use crate::server::Server;

/// Whether a transaction that watched the key goes through after the command.
fn goes_through(server: &Server, connection: &mut Connection, key: &str, command: &str) -> bool {
    redis::cmd("WATCH").arg(key).exec(connection).unwrap();
    let _ = server.try_run(command);
    let reply: Value = redis::pipe().atomic().cmd("PING").query(connection).unwrap();
    reply != Value::Nil
}

#[test]
fn a_call_that_changes_nothing_breaks_no_transaction() {
    let server = Server::start();
    server.run("TRACKER.UPSERT m 1 a STATE SUCCESS NAME n ATTEMPT 1 AT 5000");
    let mut connection = server.connect();
    for key in ["record:a", "record:missing", "tasks", "expiry", "names", "state:SUCCESS", "state:PENDING", "task:n"] {
        for command in [
            "UPSERT m 1 a NX STATE PENDING NAME n",
            "UPSERT m 1 missing STATE PENDING",
            "UPSERT m 1 a STATE FAILURE ATTEMPT 0 AT 6000 FIELDS 1 error boom",
            "RETAIN m 1 missing 5",
            "EXPIRE m 1",
            "DEL m 1 missing",
            "GET m 1 a",
            "QUERY m 1 WITHCOUNTS",
            "STATS m 1",
        ] {
            let command = format!("TRACKER.{command}");
            assert!(goes_through(&server, &mut connection, &format!("m:{{1}}:{key}"), &command), "{key}, {command}");
        }
    }
}

#[test]
fn a_call_that_changes_a_key_breaks_the_transactions_that_watch_it() {
    let server = Server::start();
    server.run("TRACKER.UPSERT m 1 a STATE STARTED NAME n");
    let mut connection = server.connect();
    for (key, command) in [
        ("record:a", "UPSERT m 1 a FIELDS 1 worker w"),
        ("state:STARTED", "UPSERT m 1 a STATE SUCCESS"),
        ("state:FAILURE", "UPSERT m 1 a STATE FAILURE ATTEMPT 1"),
        ("expiry", "RETAIN m 1 a 50"),
        ("tasks", "DEL m 1 a"),
    ] {
        let command = format!("TRACKER.{command}");
        assert!(!goes_through(&server, &mut connection, &format!("m:{{1}}:{key}"), &command), "{key}, {command}");
    }
}
