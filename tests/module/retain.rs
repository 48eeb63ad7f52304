use crate::server::{eventually, Server};

fn ttl(server: &Server, key: &str) -> i64 {
    server.text(&format!("PTTL shop.order:{{1042}}:{key}")).parse().unwrap()
}

#[test]
fn a_record_gets_a_retention_of_its_own_counted_from_now() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a STATE FAILURE NAME shop.pay");
    assert_eq!(server.text("TRACKER.RETAIN shop.order 1042 a 604800"), "1");
    assert_eq!(server.text("HGET shop.order:{1042}:record:a retention"), "604800");
    for key in ["record:a", "tasks", "expiry", "names", "state:FAILURE", "task:shop.pay"] {
        assert!(ttl(&server, key) > 604_000_000, "{key}");
    }
    server.run("TRACKER.UPSERT shop.order 1042 a STATE FAILURE");
    assert!(ttl(&server, "record:a") > 604_000_000);
}

#[test]
fn a_task_without_a_record_has_none_to_retain() {
    let server = Server::start();
    assert_eq!(server.text("TRACKER.RETAIN shop.order 1042 a 60"), "0");
    assert_eq!(server.keys().len(), 0);
    let error = server.error("TRACKER.RETAIN shop.order 1042 a 0");
    assert_eq!(error, "ERR seconds must be a whole number from 1 to 3153600000");
}

#[test]
fn a_shorter_retention_takes_every_key_along() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a STATE FAILURE NAME shop.pay");
    assert_eq!(server.text("TRACKER.RETAIN shop.order 1042 a 1"), "1");
    eventually("the keys to go", || server.keys().is_empty());

    server.run("TRACKER.UPSERT shop.order 1042 b STATE STARTED NAME shop.pay");
    server.run("TRACKER.UPSERT shop.order 1042 b STATE SUCCESS RETAIN 1");
    eventually("the keys to go", || server.keys().is_empty());

    server.run("CONFIG SET tracker.max-tasks-per-object 1");
    server.run("TRACKER.UPSERT shop.order 1042 evicted STATE SUCCESS NAME shop.pay RETAIN 1000");
    server.run("TRACKER.UPSERT shop.order 1042 next STATE SUCCESS NAME shop.pay RETAIN 1");
    eventually("the keys to go", || server.keys().is_empty());
    server.run("CONFIG SET tracker.max-tasks-per-object 0");

    server.run("TRACKER.UPSERT shop.order 1042 short STATE SUCCESS NAME shop.pay RETAIN 1");
    server.run("TRACKER.UPSERT shop.order 1042 long STATE FAILURE NAME shop.ship");
    server.run("TRACKER.DEL shop.order 1042 long");
    eventually("the keys to go", || server.keys().is_empty());
}
