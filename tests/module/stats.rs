use redis::Value;

use crate::server::{get, pairs, text, Server};

#[test]
fn an_object_without_records_counts_none() {
    let server = Server::start();
    let stats = server.run("TRACKER.STATS shop.order 1042");
    let keys: Vec<_> = pairs(&stats).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["states", "tasks", "total", "active", "oldest", "newest", "last"]);
    assert_eq!((get(&stats, "total"), get(&stats, "last")), (Value::Int(0), Value::Nil));
}

#[test]
fn live_records_are_counted_per_state_and_per_name() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a STATE SUCCESS NAME shop.pay AT 1000");
    server.run("TRACKER.UPSERT shop.order 1042 b STATE STARTED NAME shop.pay AT 2000");
    server.run("TRACKER.UPSERT shop.order 1042 c STATE FAILURE NAME shop.ship AT 3000");
    server.run("TRACKER.UPSERT shop.order 1042 gone STATE FAILURE NAME shop.gone AT 4000 RETAIN 1");
    std::thread::sleep(std::time::Duration::from_millis(1001));
    let json: serde_json::Value =
        serde_json::from_str(&server.text("TRACKER.STATS shop.order 1042 FORMAT JSON")).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "states": {"STARTED": 1, "SUCCESS": 1, "FAILURE": 1},
            "tasks": {"shop.pay": 2, "shop.ship": 1},
            "total": 3, "active": 1,
            "oldest": "1970-01-01T00:00:01.000Z", "newest": "1970-01-01T00:00:03.000Z",
            "last": {"id": "c", "name": "shop.ship", "state": "FAILURE", "updated_at": "1970-01-01T00:00:03.000Z"},
        })
    );
    let stats = server.run("TRACKER.STATS shop.order 1042");
    assert_eq!((get(&stats, "active"), get(&stats, "newest")), (Value::Int(1), Value::Int(3000)));
    assert_eq!(text(&get(&get(&stats, "last"), "id")), "c");
}

#[test]
fn the_counts_are_those_that_queries_come_to() {
    let server = Server::start();
    let mut random = fastrand::Rng::with_seed(3);
    let states = ["PENDING", "STARTED", "SUCCESS", "FAILURE"];
    for n in 0..400 {
        let (state, name) = (random.choice(states).unwrap(), random.u8(0..4));
        let retain = if random.u8(0..4) == 0 { 1 } else { 100 };
        server.run(&format!("TRACKER.UPSERT m 1 t{n} STATE {state} NAME n{name} RETAIN {retain}"));
    }
    std::thread::sleep(std::time::Duration::from_millis(1001));
    let stats = server.run("TRACKER.STATS m 1");
    let total = |filter: &str| get(&server.run(&format!("TRACKER.QUERY m 1 {filter}")), "total");
    assert_eq!(get(&stats, "total"), total(""));
    for state in states {
        assert_eq!(get(&get(&stats, "states"), state), total(&format!("STATE {state}")));
    }
    for (name, count) in pairs(&get(&stats, "tasks")) {
        assert_eq!(count, total(&format!("TASK {name}")));
    }
    assert_eq!(get(&stats, "active"), total("STATE PENDING STATE STARTED"));
}
