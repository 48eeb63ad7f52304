use std::collections::BTreeMap;

use redis::Value;

use crate::server::{call, get, pairs, text, Server};

const STATES: [&str; 9] =
    ["PENDING", "RECEIVED", "RETRY", "STARTED", "SUCCESS", "FAILURE", "REVOKED", "REJECTED", "IGNORED"];

fn number(value: &Value, key: &str) -> i64 {
    match get(value, key) {
        Value::Int(number) => number,
        other => panic!("{key} is {other:?}"),
    }
}

fn ids(page: &Value) -> Vec<String> {
    let Value::Array(tasks) = get(page, "tasks") else { panic!("no tasks in {page:?}") };
    tasks.iter().map(|task| text(&get(task, "id"))).collect()
}

fn json(server: &Server, query: &str) -> serde_json::Value {
    serde_json::from_str(&server.text(query)).unwrap()
}

fn server_with_failures(count: usize) -> Server {
    let server = Server::start();
    for n in 1..=count {
        server.run(&format!("TRACKER.UPSERT shop.order 1042 f{n} STATE FAILURE NAME shop.pay AT {n}000"));
    }
    server.run("TRACKER.UPSERT shop.order 1042 ok STATE SUCCESS NAME shop.pay AT 500");
    server
}

#[test]
fn page_two_of_the_failures_holds_the_next_ten() {
    let server = server_with_failures(25);
    let page = server.run("TRACKER.QUERY shop.order 1042 STATE FAILURE PAGE 2");
    let keys: Vec<_> = pairs(&page).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["total", "page", "size", "pages", "tasks"]);
    assert_eq!(["total", "page", "size", "pages"].map(|key| number(&page, key)), [25, 2, 10, 3]);
    let expected: Vec<_> = (6..=15).rev().map(|n| format!("f{n}")).collect();
    assert_eq!(ids(&page), expected);
}

#[test]
fn a_page_past_the_end_is_empty_with_the_right_total() {
    let server = server_with_failures(25);
    for page in ["4", "1000000", "9223372036854775807"] {
        let page = server.run(&format!("TRACKER.QUERY shop.order 1042 STATE FAILURE PAGE {page}"));
        assert_eq!((number(&page, "total"), ids(&page).len()), (25, 0));
    }
    let nothing = server.run("TRACKER.QUERY shop.order 7");
    assert_eq!(["total", "page", "size", "pages"].map(|key| number(&nothing, key)), [0, 1, 10, 0]);
}

#[test]
fn a_page_is_never_larger_than_the_largest() {
    let server = server_with_failures(250);
    let page = server.run("TRACKER.QUERY shop.order 1042 SIZE 1000000");
    assert_eq!((number(&page, "size"), ids(&page).len()), (200, 200));
    assert!(server.error("TRACKER.QUERY shop.order 1042 SIZE 0").starts_with("ERR SIZE must be a whole number from 1"));
    assert!(server.error("TRACKER.QUERY shop.order 1042 PAGE 0").starts_with("ERR PAGE must be a whole number from 1"));
}

#[test]
fn a_row_leaves_out_what_may_be_long_unless_it_is_named() {
    let server = Server::start();
    server.run(
        "TRACKER.UPSERT shop.order 1042 a STATE FAILURE NAME shop.pay \
         FIELDS 6 args [1] kwargs {} result 1 traceback tb error boom worker w",
    );
    let Value::Array(tasks) = get(&server.run("TRACKER.QUERY shop.order 1042"), "tasks") else { panic!() };
    let fields: Vec<_> = pairs(&tasks[0]).into_iter().map(|(field, _)| field).collect();
    let expected = ["id", "name", "state", "attempt", "created_at", "updated_at", "finished_at", "error", "worker"];
    assert_eq!(fields, expected);
    let page = server.run("TRACKER.QUERY shop.order 1042 FIELDS 2 traceback id");
    let Value::Array(tasks) = get(&page, "tasks") else { panic!() };
    assert_eq!(pairs(&tasks[0]).len(), 2);
}

#[test]
fn json_tells_times_in_rfc3339_and_embeds_what_is_json() {
    let server = Server::start();
    server.run(
        "TRACKER.UPSERT shop.order 1042 a STATE SUCCESS NAME shop.pay ATTEMPT 2 AT 1700000000123 \
         FIELDS 4 objects [[\"shop.order\",\"1042\"]] args [1,{\"a\":null}] kwargs {broken result [1]",
    );
    let page = json(&server, "TRACKER.QUERY shop.order 1042 FORMAT JSON WITHCOUNTS FIELDS 7 id attempt created_at objects args kwargs result");
    assert_eq!(
        page,
        serde_json::json!({
            "total": 1, "page": 1, "size": 10, "pages": 1,
            "tasks": [{
                "id": "a", "attempt": 2, "created_at": "2023-11-14T22:13:20.123Z",
                "objects": [["shop.order", "1042"]], "args": [1, {"a": null}],
                "kwargs": "{broken", "result": "[1]",
            }],
            "states": {"SUCCESS": 1},
        })
    );
}

#[test]
fn json_is_valid_whatever_was_stored() {
    let server = Server::start();
    let nested = "[".repeat(20_000);
    for (n, value) in
        [&b"\xff\xfe\0\r\n\"\\"[..], nested.as_bytes(), b"</script>", "\u{2028}😀".as_bytes()].iter().enumerate()
    {
        let id = format!("a{n}");
        let words: [&[u8]; 10] = [
            b"TRACKER.UPSERT",
            b"shop.order",
            b"1042",
            id.as_bytes(),
            b"STATE",
            b"SUCCESS",
            b"NAME",
            b"n",
            b"FIELDS",
            b"2",
        ];
        call(&mut server.connect(), &[&words[..], &[b"objects", value, b"error", value]].concat()).unwrap();
    }
    let page = json(&server, "TRACKER.QUERY shop.order 1042 FORMAT JSON");
    assert_eq!(page["tasks"].as_array().unwrap().len(), 4);
    assert_eq!(page["tasks"][0]["error"], "\u{2028}😀");
}

#[test]
fn counts_are_of_all_live_records_whatever_the_filter() {
    let server = server_with_failures(3);
    let page = server.run("TRACKER.QUERY shop.order 1042 STATE SUCCESS WITHCOUNTS");
    let counts: Vec<_> =
        pairs(&get(&page, "states")).iter().map(|(state, count)| (state.clone(), text(count))).collect();
    assert_eq!(counts, [("SUCCESS".into(), "1".into()), ("FAILURE".into(), "3".into())]);
}

#[test]
fn a_resp3_client_gets_maps() {
    let server = server_with_failures(1);
    let words: [&[u8]; 4] = [b"TRACKER.QUERY", b"shop.order", b"1042", b"WITHCOUNTS"];
    let page = call(&mut server.connect_resp3(), &words).unwrap();
    assert!(matches!(&page, Value::Map(_)) && matches!(get(&page, "states"), Value::Map(_)));
    let Value::Array(tasks) = get(&page, "tasks") else { panic!() };
    assert!(matches!(tasks[0], Value::Map(_)));
}

/// What a query comes to, told by going through all records.
struct Naive(Vec<Task>);

#[derive(Clone)]
struct Task {
    id: String,
    state: &'static str,
    name: String,
    created_at: i64,
    end: i64,
}

struct Question<'a> {
    states: &'a [&'static str],
    names: &'a [String],
    since: i64,
    until: i64,
    newest: bool,
}

impl Naive {
    fn answer(&self, question: &Question<'_>, now: i64) -> Vec<String> {
        let Question { states, names, since, until, newest } = *question;
        let mut tasks: Vec<_> = self
            .0
            .iter()
            .filter(|task| task.end > now)
            .filter(|task| states.is_empty() || states.contains(&task.state))
            .filter(|task| names.is_empty() || names.contains(&task.name))
            .filter(|task| (since..=until).contains(&task.created_at))
            .collect();
        tasks.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        if newest {
            tasks.reverse();
        }
        tasks.into_iter().map(|task| task.id.clone()).collect()
    }
}

#[test]
fn every_combination_of_options_gives_what_going_through_all_records_gives() {
    let server = Server::start();
    let mut connection = server.connect();
    let mut random = fastrand::Rng::with_seed(1042);
    let now = server.clock();
    let mut naive = Naive(Vec::new());
    for n in 0..3000 {
        // Few different times, so that many tie; some records run out while the queries run.
        let mut task = Task {
            id: format!("t{:04}-{n}", random.u32(0..10_000)),
            state: random.choice(STATES).unwrap(),
            name: format!("shop.task{}", random.u8(0..5)),
            created_at: now - random.i64(0..500) * 1000,
            end: 0,
        };
        let retain = if n % 5 == 0 { random.u8(1..6).to_string() } else { "1000".into() };
        let at = task.created_at.to_string();
        let words = ["TRACKER.UPSERT", "shop.order", "1042", &task.id, "STATE", task.state, "NAME", &task.name];
        let options = ["AT", &at, "RETAIN", &retain];
        let words: Vec<_> = words.into_iter().chain(options).map(str::as_bytes).collect();
        call(&mut connection, &words).unwrap();
        let end: Value =
            redis::cmd("ZSCORE").arg("shop.order:{1042}:expiry").arg(&task.id).query(&mut connection).unwrap();
        task.end = text(&end).parse().unwrap();
        naive.0.push(task);
    }

    let (mut asked, mut compared) = (0, 0);
    while asked < 600 || server.clock() < now + 8_000 {
        asked += 1;
        let (some_states, some_names) =
            (random.choice([0, 0, 1, 2, 7, 8, 9]).unwrap(), random.choice([0, 0, 1, 3]).unwrap());
        let states = random.choose_multiple(STATES, some_states);
        let names: Vec<_> =
            random.choose_multiple(0..6, some_names).into_iter().map(|n| format!("shop.task{n}")).collect();
        let bounds = random.bool().then(|| {
            let (a, b) = (random.i64(0..500), random.i64(0..500));
            (now - a.max(b) * 1000, now - a.min(b) * 1000)
        });
        let (since, until) = bounds.unwrap_or((0, i64::MAX));
        let question = Question { states: &states, names: &names, since, until, newest: random.bool() };
        let size = random.usize(1..=40);
        let page = random.usize(1..=naive.answer(&question, server.clock()).len().div_ceil(size) + 2);

        let mut query = format!("TRACKER.QUERY shop.order 1042 PAGE {page} SIZE {size}");
        states.iter().for_each(|state| query += &format!(" STATE {state}"));
        names.iter().for_each(|name| query += &format!(" TASK {name}"));
        if bounds.is_some() {
            query += &format!(" SINCE {since} UNTIL {until}");
        }
        if !question.newest {
            query += " ORDER OLDEST";
        }
        let before = naive.answer(&question, server.clock());
        let reply = server.run(&query);
        let expected = naive.answer(&question, server.clock());
        if before != expected {
            continue;
        }
        compared += 1;
        let pages = expected.len().div_ceil(size);
        assert_eq!(["total", "pages"].map(|key| number(&reply, key)), [expected.len() as i64, pages as i64], "{query}");
        let rows: Vec<_> = expected.iter().skip((page - 1) * size).take(size).cloned().collect();
        assert_eq!(ids(&reply), rows, "{query}");
    }
    assert!(compared > asked / 2, "{compared} of {asked}");

    let mut counts = BTreeMap::<String, i64>::new();
    naive.0.iter().filter(|task| task.end > server.clock()).for_each(|task| {
        *counts.entry(task.state.into()).or_default() += 1;
    });
    let states = get(&server.run("TRACKER.QUERY shop.order 1042 WITHCOUNTS"), "states");
    let told: BTreeMap<_, _> =
        pairs(&states).iter().map(|(state, count)| (state.clone(), text(count).parse().unwrap())).collect();
    assert_eq!(told, counts);
}

#[test]
fn pages_join_up_where_records_between_them_have_run_out() {
    let server = Server::start();
    let mut live = Vec::new();
    for n in 0..60 {
        let runs_out = matches!(n, 0 | 7 | 20..=33 | 41 | 58..=59);
        let (at, retain) = (1_000 + n / 2, if runs_out { 1 } else { 1_000 });
        server.run(&format!("TRACKER.UPSERT m 1 t{n:02} STATE SUCCESS NAME n AT {at} RETAIN {retain}"));
        if !runs_out {
            live.push(format!("t{n:02}"));
        }
    }
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let ids = |options: &str| ids(&server.run(&format!("TRACKER.QUERY m 1 FIELDS 1 id {options}")));
    for filter in ["", "STATE SUCCESS", "TASK n", "STATE SUCCESS TASK n"] {
        for size in [1, 7, 41, 60] {
            for (order, is_reversed) in [("OLDEST", false), ("NEWEST", true)] {
                let pages = 1..=live.len().div_ceil(size) + 1;
                let found: Vec<_> =
                    pages.flat_map(|n| ids(&format!("{filter} ORDER {order} SIZE {size} PAGE {n}"))).collect();
                let mut expected = live.clone();
                if is_reversed {
                    expected.reverse();
                }
                assert_eq!(found, expected, "{filter} {order}, pages of {size}");
            }
        }
        assert_eq!(ids(&format!("{filter} ORDER OLDEST SINCE 1008 UNTIL 1020 SIZE 3 PAGE 2")), ["t19", "t34", "t35"]);
    }
}
