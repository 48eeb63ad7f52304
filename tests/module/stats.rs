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

#[test]
fn a_span_has_only_those_counted_that_were_created_in_it() {
    let server = Server::start();
    for (n, state) in ["SUCCESS", "STARTED", "FAILURE", "SUCCESS"].iter().enumerate() {
        server.run(&format!("TRACKER.UPSERT m 1 t{n} STATE {state} NAME n{n} AT {n}000"));
    }
    let stats = server.run("TRACKER.STATS m 1 SINCE 1000 UNTIL 2999");
    assert_eq!((get(&stats, "total"), get(&stats, "active")), (Value::Int(2), Value::Int(1)));
    assert_eq!((get(&stats, "oldest"), get(&stats, "newest")), (Value::Int(1_000), Value::Int(2_000)));
    assert_eq!(pairs(&get(&stats, "states")).len(), 2);
    assert_eq!(pairs(&get(&stats, "tasks")), [("n1".into(), Value::Int(1)), ("n2".into(), Value::Int(1))]);
    assert_eq!(text(&get(&get(&stats, "last"), "id")), "t2");
    let none = server.run("TRACKER.STATS m 1 SINCE 5000 UNTIL 4000");
    assert_eq!((get(&none, "total"), get(&none, "last")), (Value::Int(0), Value::Nil));
}

#[test]
fn buckets_tell_the_counts_of_equal_parts_of_the_span() {
    let server = Server::start();
    for (n, state) in [(0, "SUCCESS"), (999, "SUCCESS"), (1000, "FAILURE"), (3999, "STARTED"), (4000, "SUCCESS")] {
        server.run(&format!("TRACKER.UPSERT m 1 t{n} STATE {state} NAME n AT {n}"));
    }
    let json: serde_json::Value =
        serde_json::from_str(&server.text("TRACKER.STATS m 1 SINCE 0 UNTIL 3999 BUCKETS 4 FORMAT JSON")).unwrap();
    assert_eq!(json["total"], 4);
    assert_eq!(
        json["buckets"],
        serde_json::json!([
            {"since": "1970-01-01T00:00:00.000Z", "states": {"SUCCESS": 2}},
            {"since": "1970-01-01T00:00:01.000Z", "states": {"FAILURE": 1}},
            {"since": "1970-01-01T00:00:02.000Z", "states": {}},
            {"since": "1970-01-01T00:00:03.000Z", "states": {"STARTED": 1}},
        ])
    );
    let Value::Array(buckets) = get(&server.run("TRACKER.STATS m 1 UNTIL 4000 BUCKETS 2"), "buckets") else { panic!() };
    assert_eq!(
        buckets.iter().map(|bucket| get(bucket, "since")).collect::<Vec<_>>(),
        [Value::Int(0), Value::Int(2_000)]
    );
    assert_eq!(text(&get(&get(&buckets[1], "states"), "SUCCESS")), "1");
    let Value::Array(to_now) = get(&server.run("TRACKER.STATS m 1 BUCKETS 200"), "buckets") else { panic!() };
    assert_eq!((to_now.len(), get(&to_now[0], "since")), (200, Value::Int(0)));
    let Value::Array(empty) = get(&server.run("TRACKER.STATS none 1 BUCKETS 3"), "buckets") else { panic!() };
    assert!(empty.len() == 3 && empty.iter().all(|bucket| pairs(&get(bucket, "states")).is_empty()));
}

#[test]
fn the_buckets_of_many_records_come_to_what_queries_tell() {
    let server = Server::start();
    let mut random = fastrand::Rng::with_seed(5);
    let mut pipeline = redis::pipe();
    for n in 0..3_000 {
        let (id, at) = (format!("t{n}"), random.u32(0..100_000).to_string());
        let state = random.choice(["SUCCESS", "SUCCESS", "SUCCESS", "FAILURE", "PENDING"]).unwrap();
        let retain = if random.u8(0..4) == 0 { "1" } else { "100" };
        pipeline.cmd("TRACKER.UPSERT").arg(&["m", "1", &id, "STATE", state, "NAME", "n", "AT", &at, "RETAIN", retain]);
    }
    let _: Value = pipeline.query(&mut server.connect()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    for share in ["few", "most"] {
        for count in [1, 7, 200] {
            let reply = server.run(&format!("TRACKER.STATS m 1 SINCE 1000 UNTIL 90000 BUCKETS {count}"));
            let Value::Array(buckets) = get(&reply, "buckets") else { panic!() };
            let mut begin: Vec<i64> =
                buckets.iter().map(|bucket| text(&get(bucket, "since")).parse().unwrap()).collect();
            begin.push(90_001);
            for (bucket, bounds) in buckets.iter().zip(begin.windows(2)).step_by(count / 7 + 1) {
                for state in ["SUCCESS", "FAILURE", "PENDING"] {
                    let counts = pairs(&get(bucket, "states"));
                    let told =
                        counts.iter().find(|(name, _)| name == state).map_or(Value::Int(0), |(_, count)| count.clone());
                    let query = format!("TRACKER.QUERY m 1 STATE {state} SINCE {} UNTIL {}", bounds[0], bounds[1] - 1);
                    assert_eq!(told, get(&server.run(&query), "total"), "{share} have run out: {state} {bounds:?}");
                }
            }
        }
        server.run("TRACKER.EXPIRE m 1 100000000");
        let mut pipeline = redis::pipe();
        for n in 0..2_000 {
            pipeline.cmd("TRACKER.RETAIN").arg(&["m", "1", &format!("t{n}"), "1"]);
        }
        let _: Value = pipeline.query(&mut server.connect()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1_100));
    }
}

#[test]
fn wrong_buckets_are_refused_by_name() {
    let server = Server::start();
    for count in ["0", "201", "ten", "-1"] {
        let error = server.error(&format!("TRACKER.STATS m 1 BUCKETS {count}"));
        assert_eq!(error, "ERR BUCKETS must be a whole number from 1 to 200");
    }
    let error = server.error("TRACKER.STATS m 1 BUCKETS 2 SINCE 2 UNTIL 1");
    assert_eq!(error, "ERR SINCE must be no later than UNTIL where BUCKETS is given");
}
