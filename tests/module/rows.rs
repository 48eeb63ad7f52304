//! How much of a record a row of a page shows.

use redis::Value;

use crate::server::{call, get, pairs, text, Server};

fn store(server: &Server, id: &str, fields: &[(&str, &[u8])]) {
    let count = fields.len().to_string();
    let mut words: Vec<&[u8]> = vec![b"TRACKER.UPSERT", b"m", b"1", id.as_bytes()];
    words.extend([&b"STATE"[..], b"FAILURE", b"NAME", b"n", b"FIELDS", count.as_bytes()]);
    fields.iter().for_each(|(name, value)| words.extend([name.as_bytes(), value]));
    call(&mut server.connect(), &words).unwrap();
}

fn first_row(server: &Server, options: &str) -> Value {
    let Value::Array(mut tasks) = get(&server.run(&format!("TRACKER.QUERY m 1 {options}")), "tasks") else { panic!() };
    tasks.remove(0)
}

fn json_row(server: &Server, options: &str) -> serde_json::Value {
    let page = server.text(&format!("TRACKER.QUERY m 1 FORMAT JSON {options}"));
    serde_json::from_str::<serde_json::Value>(&page).unwrap()["tasks"][0].clone()
}

#[test]
fn a_row_cuts_long_values_between_characters_and_tells_their_length() {
    let server = Server::start();
    let long = "é".repeat(600);
    store(&server, "a", &[("error", format!("x{long}").as_bytes()), ("worker", b"w"), ("queue", &[b'q'; 1_024])]);
    let row = first_row(&server, "");
    assert_eq!(text(&get(&row, "error")), format!("x{}", "é".repeat(511)));
    assert_eq!(get(&row, "error_bytes"), Value::Int(1_201));
    assert_eq!((text(&get(&row, "queue")).len(), text(&get(&row, "worker"))), (1_024, "w".into()));
    assert!(!pairs(&row).iter().any(|(name, _)| name == "queue_bytes"));
    assert_eq!(json_row(&server, "")["error_bytes"], 1_201);
    assert_eq!(text(&get(&server.run("TRACKER.GET m 1 a"), "error")).len(), 1_201);
    assert_eq!(text(&get(&first_row(&server, "FIELDS 1 error"), "error")).len(), 1_201);
}

#[test]
fn a_value_that_was_cut_when_it_was_stored_tells_the_length_that_was_given() {
    let server = Server::start();
    store(&server, "a", &[("error", &[b'x'; 100_000])]);
    for options in ["", "FIELDS 2 error error_bytes"] {
        let row = first_row(&server, options);
        assert_eq!(get(&row, "error_bytes"), Value::Int(100_000), "{options}");
        assert_eq!(pairs(&row).iter().filter(|(name, _)| name == "error_bytes").count(), 1, "{options}");
    }
}

#[test]
fn a_row_leaves_out_the_log() {
    let server = Server::start();
    store(&server, "a", &[("log", b"line"), ("traceback", &[b't'; 5_000]), ("error", b"boom")]);
    let row = first_row(&server, "");
    let names: Vec<_> = pairs(&row).into_iter().map(|(name, _)| name).collect();
    assert!(!names.contains(&"log".to_owned()) && !names.contains(&"traceback".to_owned()), "{names:?}");
    assert_eq!(text(&get(&first_row(&server, "FIELDS 1 log"), "log")), "line");
}

#[test]
fn a_page_of_long_named_fields_cuts_what_comes_to_more_than_a_mebibyte() {
    let server = Server::start();
    for n in 0..40 {
        store(&server, &format!("t{n:02}"), &[("error", &[b'e'; 60_000]), ("result", &[b'r'; 60_000])]);
    }
    let page = server.run("TRACKER.QUERY m 1 SIZE 40 FIELDS 3 id error result");
    let Value::Array(tasks) = get(&page, "tasks") else { panic!() };
    let length = |task: &Value, field: &str| text(&get(task, field)).len();
    assert_eq!(tasks.iter().take(8).filter(|task| length(task, "result") == 60_000).count(), 8);
    assert!(tasks.iter().skip(9).all(|task| length(task, "error") == 1_024 && length(task, "result") == 1_024));
    assert!(tasks.iter().skip(9).all(|task| get(task, "error_bytes") == Value::Int(60_000)));
}

#[test]
fn json_embeds_nothing_that_a_reader_may_fail_on() {
    let server = Server::start();
    let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
    let fits = format!("{}{}", "[".repeat(32), "]".repeat(32));
    for value in [&deep, "[1e999]", "{\"a\":-1e400}", "[NaN]", "\"\\ud800\"", "[1", &"[".repeat(5_000)] {
        store(&server, "a", &[("progress", value.as_bytes())]);
        assert_eq!(json_row(&server, "FIELDS 1 progress")["progress"], *value, "{value}");
    }
    for value in [&fits, "[1e308]", "{\"done\":3}"] {
        store(&server, "a", &[("progress", value.as_bytes())]);
        let expected: serde_json::Value = serde_json::from_str(value).unwrap();
        assert_eq!(json_row(&server, "FIELDS 1 progress")["progress"], expected, "{value}");
    }
}

#[test]
fn a_query_names_at_most_64_states_and_tasks() {
    let server = Server::start();
    let names = |count: usize| (0..count).map(|n| format!(" TASK n{n}")).collect::<String>();
    server.run(&format!("TRACKER.QUERY m 1 STATE SUCCESS{}", names(63)));
    for options in [names(65), format!(" STATE SUCCESS STATE FAILURE{}", names(63)), " STATE FAILURE".repeat(65)] {
        let error = server.error(&format!("TRACKER.QUERY m 1{options}"));
        assert_eq!(error, "ERR STATE and TASK must be given at most 64 times");
    }
}
