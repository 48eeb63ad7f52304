//! `TRACKER.QUERY … MATCH`.

use std::collections::BTreeSet;

use redis::Value;

use crate::server::{call, get, pairs, text, Server};

fn store(server: &Server, id: &str, at: i64, fields: &[(&str, &str)]) {
    let (count, at) = (fields.len().to_string(), at.to_string());
    let mut words = vec!["TRACKER.UPSERT", "m", "1", id, "STATE", "FAILURE", "NAME", "shop.pay", "AT", &at];
    if !fields.is_empty() {
        words.extend(["FIELDS", &count]);
    }
    fields.iter().for_each(|(name, value)| words.extend([name, value]));
    call(&mut server.connect(), &words.into_iter().map(str::as_bytes).collect::<Vec<_>>()).unwrap();
}

fn search(server: &Server, text: &str, options: &[&str]) -> Value {
    let words = [&["TRACKER.QUERY", "m", "1", "MATCH", text], options].concat();
    call(&mut server.connect(), &words.into_iter().map(str::as_bytes).collect::<Vec<_>>()).unwrap()
}

fn ids(page: &Value) -> Vec<String> {
    let Value::Array(tasks) = get(page, "tasks") else { panic!("{page:?}") };
    tasks.iter().map(|task| text(&get(task, "id"))).collect()
}

fn number(page: &Value, key: &str) -> i64 {
    text(&get(page, key)).parse().unwrap()
}

#[test]
fn a_text_is_found_in_every_field_that_people_search() {
    let server = Server::start();
    for (n, field) in ["error", "exception", "args", "kwargs", "result", "worker", "objects"].iter().enumerate() {
        store(&server, field, n as i64, &[(field, "one NEEDLE in a stack")]);
    }
    store(&server, "id-needle", 10, &[]);
    store(&server, "other", 11, &[("traceback", "needle"), ("queue", "needle"), ("log", "needle")]);
    let page = search(&server, "Needle", &[]);
    assert_eq!(ids(&page), ["id-needle", "objects", "worker", "result", "kwargs", "args", "exception", "error"]);
    assert_eq!(["total", "pages", "examined", "complete"].map(|key| number(&page, key)), [8, 1, 9, 1]);
    assert_eq!(get(&page, "until"), Value::Nil);
    assert_eq!(number(&search(&server, "SHOP.p", &[]), "total"), 9);
    assert_eq!(number(&search(&server, "absent", &[]), "total"), 0);
}

#[test]
fn letters_of_any_script_match_in_upper_and_lower_case() {
    let server = Server::start();
    store(&server, "a", 1, &[("error", "Zahlung ABGELEHNT: Überweisung")]);
    store(&server, "b", 2, &[("args", "[\"Заказ\"]")]);
    assert_eq!(ids(&search(&server, "überWEISUNG", &[])), ["a"]);
    assert_eq!(ids(&search(&server, "abgelehnt: Ü", &[])), ["a"]);
    assert_eq!(ids(&search(&server, "ЗАКАЗ", &[])), ["b"]);
}

#[test]
fn what_is_found_has_pages_an_order_and_the_other_filters() {
    let server = Server::start();
    for n in 0..25 {
        store(&server, &format!("t{n:02}"), n, &[("error", if n % 2 == 0 { "timeout" } else { "refused" })]);
    }
    server.run("TRACKER.UPSERT m 1 t24 STATE SUCCESS ATTEMPT 1 FIELDS 1 error timeout");
    let page = search(&server, "TIMEOUT", &["SIZE", "5", "PAGE", "3"]);
    assert_eq!(
        (ids(&page), number(&page, "total"), number(&page, "pages")),
        (vec!["t04".into(), "t02".into(), "t00".into()], 13, 3)
    );
    let oldest = search(&server, "timeout", &["SIZE", "2", "ORDER", "OLDEST", "SINCE", "3"]);
    assert_eq!((ids(&oldest), number(&oldest, "examined")), (vec!["t04".into(), "t06".into()], 22));
    let failures = search(&server, "timeout", &["STATE", "FAILURE", "SIZE", "1", "WITHCOUNTS"]);
    assert_eq!((ids(&failures), number(&failures, "total")), (vec!["t22".into()], 12));
    assert_eq!(get(&get(&failures, "states"), "SUCCESS"), Value::Int(1));
    assert_eq!(number(&search(&server, "timeout", &["TASK", "none"]), "examined"), 0);
}

#[test]
fn json_tells_how_far_the_search_came() {
    let server = Server::start();
    store(&server, "a", 1_000, &[("error", "boom")]);
    let page: serde_json::Value =
        serde_json::from_str(&text(&search(&server, "boom", &["FORMAT", "JSON", "FIELDS", "1", "id"]))).unwrap();
    let expected = serde_json::json!({
        "total": 1, "page": 1, "size": 10, "pages": 1, "tasks": [{"id": "a"}],
        "examined": 1, "complete": true, "until": null,
    });
    assert_eq!(page, expected);
}

/// Searches on and on with the `until` of the search before.
fn search_all(server: &Server, text: &str) -> (Vec<String>, Vec<i64>) {
    let (mut found, mut examined, mut until) = (Vec::new(), Vec::new(), None::<String>);
    loop {
        let options = until.iter().flat_map(|until| ["UNTIL", until.as_str()]).chain(["SIZE", "200"]);
        let page = search(server, text, &options.collect::<Vec<_>>());
        found.extend(ids(&page));
        examined.push(number(&page, "examined"));
        let rest = get(&page, "until");
        assert_eq!(number(&page, "complete") == 1, rest == Value::Nil);
        match rest {
            Value::Nil => return (found, examined),
            rest => until = Some(crate::server::text(&rest)),
        }
    }
}

#[test]
fn a_search_goes_on_where_it_ended_and_finds_each_record_once() {
    let server = Server::start();
    let mut pipeline = redis::pipe();
    let mut expected = BTreeSet::new();
    // Three or four records share each millisecond, so that the limit falls between two of one.
    for n in 0..4_500 {
        let id = format!("t{n:04}-{}", if n % 50 == 0 { "needle" } else { "hay" });
        let at = (n * 10 / 33).to_string();
        pipeline.cmd("TRACKER.UPSERT").arg(&["m", "1", &id, "STATE", "SUCCESS", "NAME", "n", "AT", &at]);
        if n % 50 == 0 {
            expected.insert(id);
        }
    }
    let _: Value = pipeline.query(&mut server.connect()).unwrap();
    let (found, examined) = search_all(&server, "needle");
    assert_eq!(found.len(), expected.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    assert_eq!((examined.len(), examined.iter().sum::<i64>()), (3, 4_500));
    assert!(examined[..2].iter().all(|count| (1_996..=2_000).contains(count)), "{examined:?}");
}

#[test]
fn more_records_of_one_millisecond_than_a_search_examines_are_examined_together() {
    let server = Server::start();
    let mut pipeline = redis::pipe();
    for n in 0..2_300 {
        let at = if n < 2_200 { "5" } else { "4" };
        pipeline.cmd("TRACKER.UPSERT").arg(&["m", "1", &format!("t{n}"), "STATE", "SUCCESS", "NAME", "n", "AT", at]);
    }
    let _: Value = pipeline.query(&mut server.connect()).unwrap();
    assert_eq!(search_all(&server, "absent").1, [2_200, 100]);
}

#[test]
fn a_search_of_long_values_ends_sooner_and_goes_on_likewise() {
    let server = Server::start();
    let long = "x".repeat(60_000);
    for n in 0..300 {
        store(&server, &format!("t{n}"), n, &[("result", &long), ("args", if n == 3 { "needle" } else { "hay" })]);
    }
    let (found, examined) = search_all(&server, "needle");
    assert_eq!(found, ["t3"]);
    assert!(examined.len() > 2 && examined.iter().sum::<i64>() == 300, "{examined:?}");
}

#[test]
fn a_wrong_text_is_refused_by_name() {
    let server = Server::start();
    let error = call(&mut server.connect(), &[b"TRACKER.QUERY", b"m", b"1", b"MATCH", b""]).unwrap_err();
    assert_eq!(error, "ERR MATCH must be 1 to 255 bytes of UTF-8");
    assert_eq!(server.error("TRACKER.QUERY m 1 MATCH a MATCH b"), "ERR MATCH is given twice");
    let keys = pairs(&search(&server, "a", &[])).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    assert_eq!(keys, ["total", "page", "size", "pages", "tasks", "examined", "complete", "until"]);
}
