use std::time::Duration;

use redis::Value;

use crate::server::{text, Server};

/// The next event, as channel and message.
fn next(connection: &mut redis::Connection) -> (String, String) {
    match connection.recv_response().expect("an event in time") {
        Value::Array(parts) => (text(&parts[2]), text(&parts[3])),
        Value::Push { data, .. } => (text(&data[1]), text(&data[2])),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_step_of_a_task_is_a_keyspace_event_of_its_record() {
    let server = Server::start_with(&["--notify-keyspace-events", "Ed"]);
    let mut subscriber = server.connect();
    subscriber
        .send_packed_command(&redis::cmd("PSUBSCRIBE").arg("__keyevent@0__:tracker.*").get_packed_command())
        .unwrap();
    subscriber.recv_response().unwrap();
    subscriber.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let event = |state: &str| (format!("__keyevent@0__:tracker.{state}"), "m:{1}:record:a".to_owned());

    server.run("TRACKER.UPSERT m 1 a STATE PENDING NAME n");
    assert_eq!(next(&mut subscriber), event("pending"));
    server.run("TRACKER.UPSERT m 1 a STATE FAILURE");
    assert_eq!(next(&mut subscriber), event("failure"));
    // Repeated, stale, without a state, forbidden: none of these is a step.
    server.run("TRACKER.UPSERT m 1 a STATE FAILURE");
    server.run("TRACKER.UPSERT m 1 a STATE STARTED");
    server.run("TRACKER.UPSERT m 1 a FIELDS 1 worker w");
    server.run("TRACKER.UPSERT m 1 a NX STATE SUCCESS");
    server.run("TRACKER.UPSERT m 1 a STATE RETRY ATTEMPT 1");
    assert_eq!(next(&mut subscriber), event("retry"));
}
