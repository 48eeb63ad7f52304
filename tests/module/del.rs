use crate::server::Server;

fn server_with_three() -> Server {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a STATE PENDING NAME shop.pay");
    server.run("TRACKER.UPSERT shop.order 1042 b STATE SUCCESS NAME shop.pay");
    server.run("TRACKER.UPSERT shop.order 1042 c STATE SUCCESS NAME shop.ship");
    server
}

#[test]
fn named_records_leave_with_their_ids_and_are_counted_once() {
    let server = server_with_three();
    assert_eq!(server.text("TRACKER.DEL shop.order 1042 a c none c"), "2");
    assert_eq!(server.list("ZRANGE shop.order:{1042}:tasks 0 -1"), ["b"]);
    assert_eq!(server.list("ZRANGE shop.order:{1042}:names 0 -1"), ["shop.pay"]);
    assert_eq!(server.text("EXISTS shop.order:{1042}:state:PENDING"), "0");
}

#[test]
fn of_the_whole_object_nothing_stays_but_when_it_was_deleted() {
    let server = server_with_three();
    server.run("TRACKER.UPSERT shop.order 1 a STATE PENDING NAME shop.pay");
    let before = server.clock();
    assert_eq!(server.text("TRACKER.DEL shop.order 1042"), "3");
    let keys = server.keys();
    let left: Vec<_> = keys.iter().filter(|key| !key.starts_with("shop.order:{1}:")).collect();
    assert_eq!(left, ["shop.order:{1042}:deleted"]);
    let deleted_at: i64 = server.text("GET shop.order:{1042}:deleted").parse().unwrap();
    assert!((before..=server.clock()).contains(&deleted_at));
    assert_eq!(server.text("PEXPIRETIME shop.order:{1042}:deleted"), (deleted_at + 86_400_000).to_string());
    assert_eq!(server.text("TRACKER.DEL shop.order 1042"), "0");
}

#[test]
fn a_run_that_was_published_before_the_deletion_is_gone() {
    let server = server_with_three();
    server.run("TRACKER.DEL shop.order 1042");
    let deleted_at: i64 = server.text("GET shop.order:{1042}:deleted").parse().unwrap();
    let digest = server.digest();
    for event in [
        format!("a STATE SUCCESS NAME shop.pay RUN {}", deleted_at - 5_000),
        format!("a STATE SUCCESS NAME shop.pay RUN {deleted_at}"),
        format!("new STATE STARTED NAME shop.pay RUN {} NX", deleted_at - 1),
        format!("a STATE SUCCESS NAME shop.pay AT {}", deleted_at - 1),
        format!("a RUN {deleted_at} FIELDS 1 progress 1"),
    ] {
        assert_eq!(server.text(&format!("TRACKER.UPSERT shop.order 1042 {event}")), "GONE", "{event}");
    }
    assert_eq!(server.text(&format!("TRACKER.UPSERT shop.order 1042 a XX STATE SUCCESS RUN {deleted_at}")), "nil");
    assert_eq!(server.digest(), digest);
    assert!(server.info("tracker").contains("tracker_gone:5"));
}

#[test]
fn a_run_of_a_publisher_whose_clock_is_ahead_is_gone_with_its_object() {
    let server = Server::start();
    let ahead = server.clock() + 60_000;
    let started = format!("TRACKER.UPSERT shop.order 1042 a STATE STARTED NAME shop.pay RUN {ahead}");
    let ended = format!("TRACKER.UPSERT shop.order 1042 a STATE SUCCESS NAME shop.pay RUN {ahead}");
    assert_eq!(server.text(&started), "CREATED");
    server.run("TRACKER.UPSERT shop.order 1042 b STATE STARTED NAME shop.pay RUN 1");
    // A second deletion finds no record any more. It does not forget what the first one removed.
    for removed in ["2", "0"] {
        assert_eq!(server.text("TRACKER.DEL shop.order 1042"), removed);
        assert_eq!(server.text(&ended), "GONE");
        assert_eq!(server.text("GET shop.order:{1042}:deleted"), ahead.to_string());
    }
}

#[test]
fn a_run_from_a_far_future_keeps_a_new_object_of_the_key_from_being_tracked_for_an_hour_at_the_most() {
    let server = Server::start();
    let year = 365 * 86_400_000;
    server.run(&format!("TRACKER.UPSERT shop.order 1042 a STATE STARTED NAME n RUN {}", server.clock() + year));
    let before = server.clock();
    server.run("TRACKER.DEL shop.order 1042");
    let deleted_at: i64 = server.text("GET shop.order:{1042}:deleted").parse().unwrap();
    assert!((before + 3_600_000..=server.clock() + 3_600_000).contains(&deleted_at));
}

#[test]
fn a_run_that_was_published_after_the_deletion_is_recorded_as_ever() {
    let server = server_with_three();
    server.run("TRACKER.DEL shop.order 1042");
    let deleted_at: i64 = server.text("GET shop.order:{1042}:deleted").parse().unwrap();
    let run = deleted_at + 1;
    let upsert = |event: String| server.text(&format!("TRACKER.UPSERT shop.order 1042 {event}"));
    // Its events may carry the time of a worker whose clock is behind.
    assert_eq!(upsert(format!("a STATE STARTED NAME shop.pay RUN {run} AT {}", deleted_at - 60_000)), "CREATED");
    assert_eq!(upsert(format!("a STATE SUCCESS RUN {run}")), "UPDATED");
    // Of a record that is there, an earlier run is stale.
    assert_eq!(upsert(format!("a STATE SUCCESS RUN {}", run - 10)), "STALE");
    assert_eq!(upsert("now STATE PENDING NAME shop.pay".into()), "CREATED");
    let other = format!("TRACKER.UPSERT shop.order 1 a STATE PENDING NAME shop.pay RUN {}", deleted_at - 1);
    assert_eq!(server.text(&other), "CREATED");
}

#[test]
fn an_object_without_records_is_remembered_as_deleted_too() {
    let server = Server::start();
    assert_eq!(server.text("TRACKER.DEL shop.order 1042"), "0");
    assert_eq!(server.keys(), ["shop.order:{1042}:deleted"]);
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a STATE SUCCESS NAME n RUN 1"), "GONE");
}

#[test]
fn a_deletion_is_forgotten_after_a_retention_window() {
    let server = Server::start_with(&["retention-window", "1"]);
    server.run("TRACKER.DEL shop.order 1042");
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a STATE STARTED NAME n RUN 1"), "GONE");
    std::thread::sleep(std::time::Duration::from_millis(1_001));
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a STATE STARTED NAME n RUN 1"), "CREATED");
}

#[test]
fn removing_single_records_remembers_nothing() {
    let server = server_with_three();
    server.run("TRACKER.DEL shop.order 1042 a b c");
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a STATE SUCCESS NAME n RUN 1"), "CREATED");
}

#[test]
fn a_deletion_is_known_on_a_replica_and_after_a_restart() {
    let mut server = Server::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    server.run("TRACKER.UPSERT shop.order 1042 a STATE PENDING NAME n");
    server.run("TRACKER.DEL shop.order 1042");
    let replica = server.replica();
    server.run("TRACKER.DEL shop.order 1");
    server.wait_for(&replica);
    assert_eq!(replica.digest(), server.digest());
    let digest = server.digest();
    server.kill_and_restart();
    assert_eq!(server.digest(), digest);
    server.run("DEBUG RELOAD");
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a STATE SUCCESS NAME n RUN 1"), "GONE");
    replica.run("REPLICAOF NO ONE");
    assert_eq!(replica.text("TRACKER.UPSERT shop.order 1 a STATE SUCCESS NAME n RUN 1"), "GONE");
}

#[test]
fn a_key_of_another_type_in_the_place_of_the_deletion_is_an_error_and_one_without_a_time_is_none() {
    let server = server_with_three();
    server.run("RPUSH shop.order:{1042}:deleted x");
    let digest = server.digest();
    assert!(server.error("TRACKER.DEL shop.order 1042").starts_with("WRONGTYPE"));
    assert!(server.error("TRACKER.UPSERT shop.order 1042 new STATE PENDING NAME n").starts_with("WRONGTYPE"));
    assert_eq!(server.digest(), digest);
    server.run("DEL shop.order:{1042}:deleted");
    for value in ["text", "-5", "99999999999999999999"] {
        server.run(&format!("SET shop.order:{{1042}}:deleted {value} EX 100"));
        server.run("TRACKER.DEL shop.order 1042 new");
        assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 new STATE PENDING NAME n RUN 1"), "CREATED", "{value}");
    }
    server.run("FLUSHALL");
}

#[test]
fn the_last_record_takes_every_key_with_it() {
    let server = server_with_three();
    assert_eq!(server.text("TRACKER.DEL shop.order 1042 a b c"), "3");
    assert_eq!(server.keys().len(), 0);
}
