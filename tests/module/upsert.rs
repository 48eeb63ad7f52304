use crate::server::{call, Server};

fn field(server: &Server, task_id: &str, field: &str) -> String {
    server.text(&format!("HGET shop.order:{{1042}}:record:{task_id} {field}"))
}

fn ids(server: &Server, index: &str) -> Vec<String> {
    server.list(&format!("ZRANGE shop.order:{{1042}}:{index} 0 -1"))
}

#[test]
fn a_first_event_creates_a_plain_hash_and_plain_sorted_sets() {
    let server = Server::start();
    let reply =
        server.text("TRACKER.UPSERT Shop.Order 1042 a1 STATE PENDING NAME shop.pay AT 5000 FIELDS 1 queue celery");
    assert_eq!(reply, "CREATED");
    assert_eq!(
        server.keys(),
        [
            "shop.order:{1042}:expiry",
            "shop.order:{1042}:names",
            "shop.order:{1042}:record:a1",
            "shop.order:{1042}:state:PENDING",
            "shop.order:{1042}:task:shop.pay",
            "shop.order:{1042}:tasks",
        ]
    );
    for index in ["tasks", "state:PENDING", "task:shop.pay"] {
        assert_eq!(server.list(&format!("ZRANGE shop.order:{{1042}}:{index} 0 -1 WITHSCORES")), ["a1", "5000"]);
    }
    assert_eq!(ids(&server, "names"), ["shop.pay"]);
    let mut record = server.list("HGETALL shop.order:{1042}:record:a1");
    record = record.chunks(2).map(|pair| pair.join("=")).collect();
    record.sort();
    assert_eq!(
        record,
        [
            "attempt=0",
            "created_at=5000",
            "id=a1",
            "name=shop.pay",
            "published_at=5000",
            "queue=celery",
            "state=PENDING",
            "updated_at=5000"
        ]
    );
}

#[test]
fn a_new_state_moves_the_id_from_one_index_to_the_other() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE PENDING NAME shop.pay AT 1000");
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a1 STATE started AT 2000 FIELDS 1 worker w1"), "UPDATED");
    assert_eq!(ids(&server, "state:STARTED"), ["a1"]);
    assert_eq!(server.text("EXISTS shop.order:{1042}:state:PENDING"), "0");
    assert_eq!(field(&server, "a1", "started_at"), "2000");
    assert_eq!(field(&server, "a1", "published_at"), "1000");
}

#[test]
fn a_late_event_is_stale_and_only_fills_gaps() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE SUCCESS NAME shop.pay AT 9000 FIELDS 1 worker w1");
    let late = "TRACKER.UPSERT shop.order 1042 a1 STATE PENDING NAME shop.pay AT 1000 FIELDS 2 worker other args [1]";
    assert_eq!(server.text(late), "STALE");
    assert_eq!(field(&server, "a1", "state"), "SUCCESS");
    assert_eq!(field(&server, "a1", "worker"), "w1");
    assert_eq!(field(&server, "a1", "args"), "[1]");
    assert_eq!(field(&server, "a1", "published_at"), "1000");
    assert_eq!(field(&server, "a1", "created_at"), "1000");
    assert_eq!(server.list("ZRANGE shop.order:{1042}:tasks 0 -1 WITHSCORES"), ["a1", "1000"]);
}

#[test]
fn another_attempt_starts_a_fresh_page() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE STARTED NAME shop.pay AT 1000 RETAIN 60 FIELDS 1 error boom");
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a1 STATE RETRY ATTEMPT 1 AT 3000"), "UPDATED");
    assert_eq!(field(&server, "a1", "error"), "nil");
    assert_eq!(field(&server, "a1", "started_at"), "nil");
    assert_eq!(field(&server, "a1", "created_at"), "1000");
    assert_eq!(field(&server, "a1", "retention"), "60");
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a1 STATE FAILURE AT 500 FIELDS 1 error old"), "STALE");
    assert_eq!(field(&server, "a1", "error"), "nil");
    assert_eq!(field(&server, "a1", "created_at"), "500");
}

#[test]
fn what_is_told_of_one_attempt_outlives_it() {
    let server = Server::start_with(&["max-value-bytes", "4"]);
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE FAILURE NAME n FIELDS 2 attempt_0 failed error boom");
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE STARTED ATTEMPT 2 FIELDS 1 worker w");
    assert_eq!(field(&server, "a1", "error"), "nil");
    assert_eq!(
        (field(&server, "a1", "attempt_0"), field(&server, "a1", "attempt_0_bytes")),
        ("fail".into(), "6".into())
    );
    let late = "TRACKER.UPSERT shop.order 1042 a1 STATE RETRY ATTEMPT 1 FIELDS 3 attempt_1 x attempt_0 y error boom";
    assert_eq!(server.text(late), "STALE");
    assert_eq!((field(&server, "a1", "attempt_0"), field(&server, "a1", "attempt_1")), ("fail".into(), "x".into()));
    assert_eq!(field(&server, "a1", "error"), "nil");
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE RETRY ATTEMPT 3 FIELDS 1 attempt_0 new");
    assert_eq!(
        (field(&server, "a1", "attempt_0"), field(&server, "a1", "attempt_0_bytes")),
        ("new".into(), "nil".into())
    );
    assert_eq!(field(&server, "a1", "attempt_1"), "x");
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE PENDING NAME n RUN 1");
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE PENDING NAME n RUN 2");
    assert_eq!(field(&server, "a1", "attempt_1"), "nil");
}

#[test]
fn a_later_run_of_an_id_replaces_everything_and_an_earlier_one_is_stale() {
    let server = Server::start();
    let later = "TRACKER.UPSERT shop.order 1042 a1 STATE PENDING NAME shop.pay RUN 5000 AT 5000 FIELDS 1 args [2]";
    server.run("TRACKER.UPSERT shop.order 1042 b STATE STARTED NAME shop.pay AT 7000");
    server.run(
        "TRACKER.UPSERT shop.order 1042 a1 STATE FAILURE NAME shop.other RUN 1000 AT 2000 ATTEMPT 3 RETAIN 60 \
         FIELDS 3 error boom attempt_2 x args [1]",
    );
    assert_eq!(server.text(later), "UPDATED");
    let mut record = server.list("HGETALL shop.order:{1042}:record:a1");
    record = record.chunks(2).map(|pair| pair.join("=")).collect();
    record.sort();
    let expected = [
        "args=[2]",
        "attempt=0",
        "created_at=5000",
        "id=a1",
        "name=shop.pay",
        "published_at=5000",
        "run=5000",
        "state=PENDING",
        "updated_at=5000",
    ];
    assert_eq!(record, expected);
    assert_eq!(server.list("ZRANGE shop.order:{1042}:tasks 0 -1 WITHSCORES"), ["a1", "5000", "b", "7000"]);
    assert_eq!(ids(&server, "names"), ["shop.pay"]);
    let ttl: i64 = server.text("TTL shop.order:{1042}:record:a1").parse().unwrap();
    assert!(ttl > 80_000, "{ttl}");
    let digest = server.digest();
    let earlier =
        "TRACKER.UPSERT shop.order 1042 a1 STATE SUCCESS RUN 4999 AT 1 ATTEMPT 9 FIELDS 2 result 1 attempt_8 x";
    assert_eq!(server.text(earlier), "STALE");
    assert_eq!(server.digest(), digest);
    assert!(server
        .error("TRACKER.UPSERT shop.order 1042 a1 STATE PENDING RUN 5001")
        .starts_with("ERR NAME must be given"));
}

#[test]
fn a_run_is_never_taken_as_now() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE PENDING NAME n RUN 9999-01-01T00:00:00Z AT 5000");
    assert_eq!(field(&server, "a1", "run"), "253370764800000");
    let page = server.text("TRACKER.QUERY shop.order 1042 FORMAT JSON");
    assert!(page.contains(r#""run":"9999-01-01T00:00:00.000Z""#), "{page}");
}

#[test]
fn another_delivery_reopens_a_finished_record() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE PENDING NAME n RUN 1000 AT 1000 RETAIN 600");
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE FAILURE RUN 1000 AT 9000 FIELDS 2 error boom worker w1");
    for stale in ["STATE RECEIVED RUN 1000 AT 9500", "STATE STARTED RUN 1000 AT 9000", "STATE STARTED AT 9500"] {
        assert_eq!(server.text(&format!("TRACKER.UPSERT shop.order 1042 a1 {stale}")), "STALE", "{stale}");
    }
    let again = "TRACKER.UPSERT shop.order 1042 a1 STATE STARTED RUN 1000 AT 9001 FIELDS 1 worker w2";
    assert_eq!(server.text(again), "UPDATED");
    assert_eq!(ids(&server, "state:STARTED"), ["a1"]);
    assert_eq!(server.text("EXISTS shop.order:{1042}:state:FAILURE"), "0");
    for (name, value) in [
        ("published_at", "1000"),
        ("received_at", "9500"),
        ("started_at", "9001"),
        ("finished_at", "nil"),
        ("retention", "600"),
        ("error", "nil"),
        ("worker", "w2"),
    ] {
        assert_eq!(field(&server, "a1", name), value, "{name}");
    }
}

#[test]
fn a_true_end_replaces_a_tentative_one() {
    let server = Server::start_with(&["max-value-bytes", "4"]);
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE STARTED NAME n RUN 1000 AT 1000");
    let lost = "STATE FAILURE TENTATIVE RUN 1000 AT 9000 FIELDS 3 error lost! exception Lost traceback here";
    assert_eq!(server.text(&format!("TRACKER.UPSERT shop.order 1042 a1 {lost}")), "UPDATED");
    assert_eq!((field(&server, "a1", "tentative"), field(&server, "a1", "error_bytes")), ("1".into(), "5".into()));
    let page = server.text("TRACKER.QUERY shop.order 1042 FORMAT JSON");
    assert!(page.contains(r#""tentative":1"#), "{page}");
    let ended = "TRACKER.UPSERT shop.order 1042 a1 STATE FAILURE RUN 1000 AT 5000 FIELDS 1 exception Lost";
    assert_eq!(server.text(ended), "UPDATED");
    for (name, value) in [
        ("tentative", "nil"),
        ("error", "nil"),
        ("error_bytes", "nil"),
        ("exception", "Lost"),
        ("traceback", "nil"),
        ("finished_at", "5000"),
        ("updated_at", "9000"),
    ] {
        assert_eq!(field(&server, "a1", name), value, "{name}");
    }
    let digest = server.digest();
    assert_eq!(server.text(&format!("TRACKER.UPSERT shop.order 1042 a1 {lost}")), "STALE");
    assert_eq!(server.digest(), digest);
}

#[test]
fn nothing_of_a_second_end_is_kept() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE SUCCESS NAME n RUN 1000 AT 5000 FIELDS 1 result 1");
    let digest = server.digest();
    for second in ["STATE FAILURE AT 6000", "STATE REVOKED", "STATE FAILURE AT 9000 ATTEMPT 0"] {
        let second = format!("TRACKER.UPSERT shop.order 1042 a1 {second} FIELDS 3 error boom worker w attempt_0 x");
        assert_eq!(server.text(&second), "STALE");
    }
    assert_eq!(server.digest(), digest);
    // Nor of an equal one that ended at another time.
    let later = "TRACKER.UPSERT shop.order 1042 a1 STATE SUCCESS RUN 1000 AT 6000 FIELDS 2 result 2 worker w";
    assert_eq!(server.text(later), "STALE");
    assert_eq!((field(&server, "a1", "result"), field(&server, "a1", "worker")), ("1".into(), "nil".into()));
}

#[test]
fn another_name_moves_the_id_and_a_name_without_tasks_is_forgotten() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE STARTED NAME shop.pay");
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE STARTED NAME shop.other");
    assert_eq!(ids(&server, "names"), ["shop.other"]);
    assert_eq!(server.text("EXISTS shop.order:{1042}:task:shop.pay"), "0");
}

#[test]
fn nx_and_xx_answer_nil_and_change_nothing() {
    let server = Server::start();
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a1 XX STATE PENDING NAME shop.pay"), "nil");
    assert_eq!(server.keys().len(), 0);
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a1 NX STATE PENDING NAME shop.pay"), "CREATED");
    let digest = server.digest();
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a1 NX STATE STARTED NAME shop.pay"), "nil");
    assert_eq!(server.digest(), digest);
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a1 XX STATE STARTED"), "UPDATED");
    assert!(server.error("TRACKER.UPSERT shop.order 1042 a1 NX XX STATE STARTED").contains("NX or XX is given twice"));
}

#[test]
fn a_new_record_needs_a_state_and_a_name() {
    let server = Server::start();
    assert!(server.error("TRACKER.UPSERT shop.order 1042 a1 STATE PENDING").starts_with("ERR NAME must be given"));
    assert!(server.error("TRACKER.UPSERT shop.order 1042 a1 NAME shop.pay").starts_with("ERR STATE must be given"));
    assert_eq!(server.keys().len(), 0);
}

#[test]
fn without_a_state_fields_are_set_and_an_empty_value_removes_one() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE STARTED NAME shop.pay FIELDS 2 progress 1 worker w1");
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a1 FIELDS 1 progress 2"), "UPDATED");
    let words: Vec<&[u8]> = vec![b"TRACKER.UPSERT", b"shop.order", b"1042", b"a1", b"FIELDS", b"1", b"worker", b""];
    call(&mut server.connect(), &words).unwrap();
    assert_eq!(field(&server, "a1", "progress"), "2");
    assert_eq!(field(&server, "a1", "worker"), "nil");
    assert_eq!(field(&server, "a1", "state"), "STARTED");
}

#[test]
fn a_time_in_the_future_is_taken_as_now() {
    let server = Server::start();
    let before = server.clock();
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE STARTED NAME shop.pay AT 9999-01-01T00:00:00Z");
    let started: i64 = field(&server, "a1", "started_at").parse().unwrap();
    assert!((before..=server.clock()).contains(&started));
}

#[test]
fn a_value_too_long_is_cut_between_characters_and_its_length_is_kept() {
    let server = Server::start();
    let long = "é".repeat(40_000);
    let upsert = |value: &str| {
        let words = ["TRACKER.UPSERT", "shop.order", "1042", "a1", "STATE", "SUCCESS", "NAME", "n", "FIELDS", "1"];
        let words: Vec<_> = words.into_iter().chain(["result", value]).map(str::as_bytes).collect();
        call(&mut server.connect(), &words).unwrap();
    };
    upsert(&format!("x{long}"));
    assert_eq!(field(&server, "a1", "result"), format!("x{}", "é".repeat(32_767)));
    assert_eq!(field(&server, "a1", "result_bytes"), "80001");
    upsert("short");
    assert_eq!(field(&server, "a1", "result"), "short");
    assert_eq!(field(&server, "a1", "result_bytes"), "nil");
}

#[test]
fn of_a_field_that_is_given_twice_the_last_value_counts_and_of_a_stale_event_the_first() {
    let server = Server::start();
    let upsert = |state: &str, values: [&str; 2]| {
        let words = ["TRACKER.UPSERT", "shop.order", "1042", "a1", "STATE", state, "NAME", "n", "FIELDS", "2"];
        let given = ["f", values[0], "f", values[1]];
        call(&mut server.connect(), &words.into_iter().chain(given).map(str::as_bytes).collect::<Vec<_>>()).unwrap();
        field(&server, "a1", "f")
    };
    for stored in ["new", "x", "y"] {
        for [first, last] in [["x", "y"], ["", "x"], ["x", ""], ["y", "y"]] {
            server.run("TRACKER.DEL shop.order 1042");
            server.run("TRACKER.UPSERT shop.order 1042 a1 STATE PENDING NAME n");
            if stored != "new" {
                server.run(&format!("TRACKER.UPSERT shop.order 1042 a1 FIELDS 1 f {stored}"));
            }
            let expected = if last.is_empty() { "nil" } else { last };
            assert_eq!(upsert("STARTED", [first, last]), expected, "{first:?} then {last:?} over {stored}");
        }
    }
    for [first, last] in [["x", "y"], ["", "x"], ["x", ""]] {
        server.run("TRACKER.DEL shop.order 1042");
        server.run("TRACKER.UPSERT shop.order 1042 a1 STATE STARTED NAME n");
        let expected = if first.is_empty() { last } else { first };
        assert_eq!(upsert("PENDING", [first, last]), expected, "{first:?} then {last:?}");
    }
}

#[test]
fn a_whole_value_that_equals_the_beginning_of_the_one_that_was_cut_is_whole() {
    let server = Server::start_with(&["max-value-bytes", "4"]);
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE PENDING NAME n FIELDS 1 result 12345");
    assert_eq!((field(&server, "a1", "result"), field(&server, "a1", "result_bytes")), ("1234".into(), "5".into()));
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE STARTED FIELDS 1 result 1234");
    assert_eq!((field(&server, "a1", "result"), field(&server, "a1", "result_bytes")), ("1234".into(), "nil".into()));
}

#[test]
fn an_object_of_another_model_or_id_has_keys_of_its_own() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1 a1 STATE PENDING NAME shop.pay");
    server.run("TRACKER.UPSERT shop.order 2 a1 STATE SUCCESS NAME shop.pay");
    server.run("TRACKER.UPSERT shop.product 1 a1 STATE FAILURE NAME shop.pay");
    server.run("TRACKER.DEL shop.order 2");
    assert_eq!(server.list("ZRANGE shop.order:{1}:state:PENDING 0 -1"), ["a1"]);
    assert_eq!(server.list("ZRANGE shop.product:{1}:state:FAILURE 0 -1"), ["a1"]);
}

#[test]
fn what_ended_well_makes_room_first_then_what_ended_otherwise_then_the_oldest() {
    let server = Server::start_with(&["max-tasks-per-object", "7"]);
    let upsert = |id: &str, state: &str, at: i64| {
        server.run(&format!("TRACKER.UPSERT shop.order 1042 {id} STATE {state} NAME n AT {at}"));
    };
    for (at, state) in ["STARTED", "FAILURE", "REVOKED", "REJECTED", "SUCCESS", "IGNORED", "SUCCESS"].iter().enumerate()
    {
        upsert(&format!("{at}"), state, 10 + at as i64);
    }
    for (n, left) in ["4", "5", "6", "1", "2", "3", "0", "new0"].iter().enumerate() {
        let before = ids(&server, "tasks");
        upsert(&format!("new{n}"), "PENDING", 100 + n as i64);
        let after = ids(&server, "tasks");
        let missing: Vec<_> = before.iter().filter(|id| !after.contains(id)).collect();
        assert_eq!(missing, [left], "for new{n}");
    }
    assert!(server.info("tracker").contains("tracker_evicted:8"));
}

#[test]
fn one_update_evicts_a_hundred_records_at_the_most() {
    let server = Server::start();
    for n in 0..350 {
        server.run(&format!("TRACKER.UPSERT shop.order 1042 t{n} STATE FAILURE NAME n"));
    }
    server.run("CONFIG SET tracker.max-tasks-per-object 50");
    for (n, held) in [251, 152, 53, 50, 50].iter().enumerate() {
        server.run(&format!("TRACKER.UPSERT shop.order 1042 new{n} STATE PENDING NAME n"));
        assert_eq!(server.text("ZCARD shop.order:{1042}:tasks"), held.to_string());
    }
}

#[test]
fn the_oldest_finished_record_leaves_when_an_object_holds_too_many() {
    let server = Server::start();
    let mut connection = server.connect();
    let mut upsert = |id: &str, state: &str, at: i64| {
        let at = at.to_string();
        let words = ["TRACKER.UPSERT", "shop.order", "1042", id, "STATE", state, "NAME", "n", "AT", &at];
        call(&mut connection, &words.map(str::as_bytes)).unwrap();
    };
    upsert("running", "STARTED", 1);
    for n in 0..9_999 {
        upsert(&format!("done{n}"), if n % 2 == 0 { "SUCCESS" } else { "FAILURE" }, 10 + n);
    }
    assert_eq!(server.text("ZCARD shop.order:{1042}:tasks"), "10000");
    upsert("new", "PENDING", 20_000);
    assert_eq!(server.text("ZCARD shop.order:{1042}:tasks"), "10000");
    assert_eq!(server.text("EXISTS shop.order:{1042}:record:done0"), "0");
    assert_eq!(server.text("EXISTS shop.order:{1042}:record:running"), "1");
}

#[test]
fn what_has_run_out_makes_room_before_anything_live_leaves() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 live STATE SUCCESS NAME n AT 1000");
    for n in 0..250 {
        server.run(&format!("TRACKER.UPSERT shop.order 1042 short{n} STATE SUCCESS NAME n RETAIN 1"));
    }
    std::thread::sleep(std::time::Duration::from_millis(1_001));
    server.run("CONFIG SET tracker.max-tasks-per-object 2");
    server.run("TRACKER.UPSERT shop.order 1042 new STATE PENDING NAME n");
    assert_eq!(ids(&server, "tasks"), ["live", "new"]);
}

#[test]
fn a_record_whose_hash_was_removed_by_hand_is_created_anew_in_one_place() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE FAILURE NAME shop.pay");
    server.run("DEL shop.order:{1042}:record:a1");
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a1 STATE PENDING NAME shop.other"), "CREATED");
    assert_eq!(ids(&server, "state:PENDING"), ["a1"]);
    assert_eq!(ids(&server, "names"), ["shop.other"]);
}

#[test]
fn a_record_with_a_long_value_follows_the_same_rule_as_one_without() {
    let server = Server::start();
    let upsert = |id: &str, rest: &str| {
        let command = format!("TRACKER.UPSERT shop.order 1042 {id} {rest}");
        let words: Vec<_> = command.split(' ').map(|word| word.trim_matches('\'').as_bytes()).collect();
        call(&mut server.connect(), &words).unwrap()
    };
    let record = |id: &str| {
        let fields = server.list(&format!("HGETALL shop.order:{{1042}}:record:{id}"));
        let pairs = fields.chunks(2).filter(|pair| !["id", "attempt_9", "updated_at"].contains(&&*pair[0]));
        let mut pairs: Vec<_> = pairs.map(|pair| pair.join("=")).collect();
        pairs.sort();
        pairs
    };
    upsert("short", "STATE PENDING NAME n RUN 5 AT 1000 FIELDS 3 a 1 b 2 attempt_9 x");
    upsert("long", &format!("STATE PENDING NAME n RUN 5 AT 1000 FIELDS 3 a 1 b 2 attempt_9 {}", "x".repeat(500)));
    server.run("CONFIG SET tracker.max-value-bytes 4");
    for event in [
        "FIELDS 2 a 1 eta 9000000000000",
        "STATE RECEIVED RUN 5 AT 2000 FIELDS 2 eta 9000000000001 c wholly",
        "STATE PENDING RUN 5 AT 900 FIELDS 4 a late c late d late d later",
        "STATE STARTED RUN 5 AT 3000 FIELDS 3 c full a longer a 3",
        "STATE STARTED RUN 5 AT 3000 FIELDS 4 b gone b '' c '' e 5",
        "STATE FAILURE TENTATIVE RUN 5 AT 3500 FIELDS 3 error lost c longer worker w",
        "STATE SUCCESS RUN 5 AT 4000 FIELDS 1 result fine",
        "STATE FAILURE RUN 5 AT 4500 FIELDS 1 error second",
        "STATE STARTED RUN 5 AT 5000 FIELDS 1 attempt_0 delivered",
        "STATE RETRY RUN 5 ATTEMPT 1 AT 6000 FIELDS 1 a longer",
        "STATE STARTED RUN 5 AT 5500 FIELDS 3 attempt_0 x attempt_1 first a late",
        "STATE PENDING RUN 5 ATTEMPT 1 AT 5900 RETAIN 60 FIELDS 2 a late f late",
        "STATE STARTED RUN 4 AT 7000 FIELDS 1 a stale",
    ] {
        assert_eq!(upsert("short", event), upsert("long", event), "{event}");
        assert_eq!(record("short"), record("long"), "{event}");
        let kept = field(&server, "long", "attempt_9");
        assert_eq!((kept.len(), field(&server, "short", "attempt_9")), (500, "x".into()), "{event}");
    }
}
