use std::thread::sleep;
use std::time::Duration;

use crate::server::Server;

#[test]
fn without_seconds_only_what_has_run_out_leaves() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 long STATE PENDING NAME shop.pay");
    server.run("TRACKER.UPSERT shop.order 1042 short STATE SUCCESS NAME shop.ship RETAIN 1");
    assert_eq!(server.text("TRACKER.EXPIRE shop.order 1042"), "0");
    sleep(Duration::from_millis(1100));
    assert_eq!(server.text("TRACKER.EXPIRE shop.order 1042"), "1");
    assert_eq!(server.text("TRACKER.EXPIRE shop.order 1042"), "0");
    assert_eq!(server.list("ZRANGE shop.order:{1042}:tasks 0 -1"), ["long"]);
    assert_eq!(server.list("ZRANGE shop.order:{1042}:names 0 -1"), ["shop.pay"]);
}

#[test]
fn with_seconds_every_record_ends_so_long_after_its_last_update() {
    let server = Server::start();
    let now = server.clock();
    for (id, age) in [("new", 0), ("older", 50_000), ("old", 100_000)] {
        server.run(&format!("TRACKER.UPSERT shop.order 1042 {id} STATE SUCCESS NAME shop.{id} AT {}", now - age));
    }
    assert_eq!(server.text("TRACKER.EXPIRE shop.order 1042 100"), "1");
    let older = server.text("PEXPIRETIME shop.order:{1042}:record:older");
    assert_eq!(older, (now - 50_000 + 100_000).to_string());
    assert_eq!(server.text("ZSCORE shop.order:{1042}:expiry older"), older);
    assert_eq!(server.text("EXISTS shop.order:{1042}:record:old shop.order:{1042}:task:shop.old"), "0");
    assert_eq!(server.text("TRACKER.EXPIRE shop.order 1042 0"), "2");
    assert_eq!(server.keys().len(), 0);
}

#[test]
fn with_seconds_the_indexes_end_soon_after_their_newest_record() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a STATE SUCCESS NAME shop.pay");
    server.run("TRACKER.EXPIRE shop.order 1042 1000");
    check_every_key_lives_about_as_long_as_was_said(&server);
}

#[test]
fn with_seconds_no_index_stays_for_a_record_that_has_left() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 old STATE SUCCESS NAME shop.pay AT 1000 RETAIN 1000000");
    server.run("TRACKER.UPSERT shop.order 1042 new STATE SUCCESS NAME shop.pay RETAIN 900");
    assert_eq!(server.text("TRACKER.EXPIRE shop.order 1042 1000"), "1");
    check_every_key_lives_about_as_long_as_was_said(&server);
}

/// After `EXPIRE … 1000`, for records of that age or of a little less.
fn check_every_key_lives_about_as_long_as_was_said(server: &Server) {
    for key in server.keys() {
        let ttl: i64 = server.text(&format!("PTTL {key}")).parse().unwrap();
        assert!((900_000..=1_020_000).contains(&ttl), "{key} lives for {ttl} ms");
    }
}

#[test]
fn thousands_of_records_of_as_many_names_leave_at_once() {
    let server = Server::start();
    for n in 0..3000 {
        server.run(&format!("TRACKER.UPSERT shop.order 1042 t{n} STATE SUCCESS NAME shop.n{n} RETAIN 2"));
    }
    sleep(Duration::from_millis(2100));
    let left: i64 = server.text("ZCARD shop.order:{1042}:expiry").parse().unwrap();
    assert_eq!(server.text("TRACKER.EXPIRE shop.order 1042"), left.to_string());
    assert_eq!(server.keys().len(), 0);
}

#[test]
fn an_object_without_records_has_none_to_remove() {
    let server = Server::start();
    assert_eq!(server.text("TRACKER.EXPIRE shop.order 1042"), "0");
    assert_eq!(server.text("TRACKER.EXPIRE shop.order 1042 5"), "0");
    assert_eq!(server.keys().len(), 0);
}
