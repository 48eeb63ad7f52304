use redis::Value;

use crate::server::{call, Server};

/// Commands that are right, as lists of words; each word is replaced in turn.
const COMMANDS: &[&[&str]] = &[
    &[
        "TRACKER.UPSERT",
        "shop.order",
        "1042",
        "a",
        "STATE",
        "SUCCESS",
        "NAME",
        "shop.pay",
        "ATTEMPT",
        "1",
        "RUN",
        "1700000000000",
        "AT",
        "1700000000000",
        "RETAIN",
        "60",
        "NX",
        "TENTATIVE",
        "FIELDS",
        "2",
        "worker",
        "w",
        "args",
        "[]",
    ],
    &["TRACKER.GET", "shop.order", "1042", "a", "FIELDS", "2", "worker", "state"],
    &[
        "TRACKER.QUERY",
        "shop.order",
        "1042",
        "STATE",
        "STARTED",
        "TASK",
        "shop.pay",
        "SINCE",
        "1000",
        "UNTIL",
        "2026-01-01T00:00:00Z",
        "MATCH",
        "pay",
        "PAGE",
        "1",
        "SIZE",
        "5",
        "ORDER",
        "OLDEST",
        "FIELDS",
        "1",
        "id",
        "WITHCOUNTS",
        "FORMAT",
        "JSON",
    ],
    &["TRACKER.STATS", "shop.order", "1042", "SINCE", "1000", "UNTIL", "5000", "BUCKETS", "3", "FORMAT", "JSON"],
    &["TRACKER.RETAIN", "shop.order", "1042", "a", "60"],
    &["TRACKER.EXPIRE", "shop.order", "1042", "60"],
    &["TRACKER.DEL", "shop.order", "1042", "a", "b"],
];

fn hostile_words() -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = [
        "",
        "\0",
        "a\0b",
        "\r\n",
        "+OK\r\n",
        "Ā",
        "{",
        "}",
        "{}",
        "a{b}c",
        " ",
        "%s%n",
        "-1",
        "0",
        "1",
        "128",
        "129",
        "1e9",
        "0x10",
        "+5",
        " 5",
        "5 ",
        "4294967295",
        "4294967296",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "18446744073709551615",
        "99999999999999999999999999",
        "inf",
        "nan",
        "NX",
        "XX",
        "FIELDS",
        "STATE",
        "FORMAT",
        "9999-12-31T23:59:59Z",
        "2026-02-30T00:00:00Z",
        "@1:2:3:4",
        "id",
        "result_bytes",
    ]
    .iter()
    .map(|word| word.as_bytes().to_vec())
    .collect();
    words.extend([b"\xff\xfe".to_vec(), b"\xc3".to_vec(), vec![b'x'; 1 << 20], "é".repeat(1 << 19).into_bytes()]);
    words
}

#[test]
fn any_word_in_any_place_gets_a_clear_error_or_a_right_answer_and_a_failed_command_changes_nothing() {
    let server = Server::start();
    let mut connection = server.connect();
    let mut tried = 0;
    for command in COMMANDS {
        for place in 1..command.len() {
            for hostile in hostile_words() {
                let mut words: Vec<&[u8]> = command.iter().map(|word| word.as_bytes()).collect();
                words[place] = &hostile;
                try_out(&server, &mut connection, &words);
                words.insert(place, b"shop.order");
                try_out(&server, &mut connection, &words);
                tried += 2;
            }
            let words: Vec<&[u8]> = command[..place].iter().map(|word| word.as_bytes()).collect();
            try_out(&server, &mut connection, &words);
        }
    }
    assert!(tried > 4000);
    assert_eq!(server.text("PING"), "PONG");
}

fn try_out(server: &Server, connection: &mut redis::Connection, words: &[&[u8]]) {
    let (expired, digest) = (expired_keys(server), server.digest());
    let Err(error) = call(connection, words) else { return };
    let shown = || words.iter().map(|word| word[..word.len().min(40)].escape_ascii().to_string()).collect::<Vec<_>>();
    assert!(error.starts_with("ERR "), "{:?}: {error}", shown());
    assert!(!error.contains("internal error"), "{:?}: {error}", shown());
    assert!(error.len() < 400, "{:?}: {error}", shown());
    let is_unchanged = server.digest() == digest;
    assert!(is_unchanged || expired_keys(server) > expired, "{:?} failed and changed something", shown());
}

/// How many keys the server removed at the end of their TTL: a retention of `1` among the words ends soon.
fn expired_keys(server: &Server) -> usize {
    let stats = server.info("stats");
    let count = stats.lines().find_map(|line| line.strip_prefix("expired_keys:")).expect("the count of expired keys");
    count.parse().unwrap()
}

#[test]
fn errors_name_the_argument_and_what_it_should_have_been() {
    let server = Server::start();
    for (command, expected) in [
        ("UPSERT", "ERR wrong number of arguments for 'tracker.upsert' command"),
        ("UPSERT shop.order 1042", "ERR wrong number of arguments for 'tracker.upsert' command"),
        ("UPSERT shop:order 1042 a", "ERR model must be 1 to 255 bytes of a-z, 0-9, '_', '.' and '-'"),
        ("UPSERT shop.order a{b}c a", "ERR id must be 1 to 512 bytes of UTF-8 without '{' and '}'"),
        (
            "UPSERT shop.order 1 a STATE DONE",
            "ERR STATE must be one of PENDING, RECEIVED, RETRY, STARTED, SUCCESS, FAILURE, REVOKED, REJECTED, IGNORED",
        ),
        ("UPSERT shop.order 1 a TENTATIVE", "ERR STATE must be final where TENTATIVE is given"),
        ("UPSERT shop.order 1 a STATE STARTED TENTATIVE", "ERR STATE must be final where TENTATIVE is given"),
        ("UPSERT shop.order 1 a RUN first", "ERR RUN must be unix milliseconds or an RFC 3339 time, not before 1970"),
        ("UPSERT shop.order 1 a RUN 1 RUN 2", "ERR RUN is given twice"),
        ("UPSERT shop.order 1 a AT +5", "ERR AT must be unix milliseconds or an RFC 3339 time, not before 1970"),
        ("UPSERT shop.order 1 a ATTEMPT -1", "ERR ATTEMPT must be a whole number from 0 to 4294967295"),
        ("UPSERT shop.order 1 a AT yesterday", "ERR AT must be unix milliseconds or an RFC 3339 time, not before 1970"),
        ("UPSERT shop.order 1 a RETAIN 0", "ERR RETAIN must be a whole number from 1 to 3153600000"),
        ("UPSERT shop.order 1 a FIELDS 129", "ERR FIELDS numfields must be a whole number from 1 to 128"),
        ("UPSERT shop.order 1 a FIELDS 1 worker", "ERR wrong number of arguments: FIELDS value is missing"),
        ("UPSERT shop.order 1 a STATE PENDING STATE PENDING", "ERR STATE is given twice"),
        ("QUERY shop.order 1 ORDER UP", "ERR ORDER must be NEWEST or OLDEST"),
        ("QUERY shop.order 1 FORMAT XML", "ERR FORMAT must be RESP or JSON"),
        (
            "GET shop.order 1 a NOW",
            concat!(
                "ERR unexpected argument 'NOW': the options are FIELDS (tracker module ",
                env!("CARGO_PKG_VERSION"),
                ")"
            ),
        ),
        (
            "RETAIN shop.order 1 a 5 6",
            concat!("ERR unexpected argument '6' (tracker module ", env!("CARGO_PKG_VERSION"), ")"),
        ),
        ("EXPIRE shop.order 1 soon", "ERR seconds must be a whole number from 0 to 3153600000"),
    ] {
        assert_eq!(server.error(&format!("TRACKER.{command}")), expected, "{command}");
    }
    let error = server.error("TRACKER.UPSERT shop.order 1 a FIELDS 1 state x");
    assert!(error.starts_with("ERR FIELDS field must be 1 to 64 bytes of a-z, 0-9 and '_', and none of"), "{error}");
}

#[test]
fn a_key_of_another_type_is_an_error_before_anything_is_written() {
    for key in
        ["record:a", "tasks", "expiry", "names", "state:STARTED", "state:PENDING", "task:shop.pay", "task:shop.new"]
    {
        let server = Server::start();
        if !matches!(key, "state:STARTED" | "task:shop.new") {
            server.run("TRACKER.UPSERT other 1 x STATE PENDING NAME shop.pay");
        }
        server.run("TRACKER.UPSERT shop.order 1042 a STATE PENDING NAME shop.pay");
        server.run(&format!("DEL shop.order:{{1042}}:{key}"));
        server.run(&format!("SET shop.order:{{1042}}:{key} text"));
        let digest = server.digest();
        // A record that was replaced has no place any more: its id is created anew.
        let update = "TRACKER.UPSERT shop.order 1042 a STATE STARTED NAME shop.new";
        let error = server.error(update);
        assert!(error.starts_with("WRONGTYPE"), "{key}: {error}");
        assert_eq!(server.digest(), digest, "{key}");
        for read in ["GET shop.order 1042 a", "QUERY shop.order 1042 STATE PENDING STATE STARTED WITHCOUNTS"] {
            if let Err(error) = server.try_run(&format!("TRACKER.{read}")) {
                assert!(error.starts_with("WRONGTYPE"), "{key}: {error}");
            }
        }
        server.run("FLUSHALL");
    }
}

#[test]
fn a_key_of_another_type_never_stops_a_command_half_way() {
    for key in ["record:a", "tasks", "expiry", "names", "state:STARTED", "state:FAILURE", "task:shop.pay"] {
        for command in [
            "GET shop.order 1042 a",
            "QUERY shop.order 1042 STATE STARTED STATE FAILURE TASK shop.pay WITHCOUNTS",
            "STATS shop.order 1042",
            "RETAIN shop.order 1042 a 5",
            "EXPIRE shop.order 1042",
            "EXPIRE shop.order 1042 60",
            "DEL shop.order 1042 a",
            "DEL shop.order 1042",
        ] {
            let server = Server::start();
            server.run("TRACKER.UPSERT shop.order 1042 a STATE STARTED NAME shop.pay");
            server.run("TRACKER.UPSERT shop.order 1042 b STATE FAILURE NAME shop.ship");
            server.run(&format!("DEL shop.order:{{1042}}:{key}"));
            server.run(&format!("RPUSH shop.order:{{1042}}:{key} a b"));
            let digest = server.digest();
            if let Err(error) = server.try_run(&format!("TRACKER.{command}")) {
                assert!(error.starts_with("WRONGTYPE"), "{command}, {key}: {error}");
                assert_eq!(server.digest(), digest, "{command}, {key}");
            }
            server.run("FLUSHALL");
        }
    }
}

#[test]
fn without_memory_left_reading_and_removing_still_work() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a STATE PENDING NAME shop.pay");
    server.run("CONFIG SET maxmemory 1");
    assert!(server.error("TRACKER.UPSERT shop.order 1042 b STATE PENDING NAME shop.pay").starts_with("OOM"));
    assert_ne!(server.run("TRACKER.GET shop.order 1042 a"), Value::Nil);
    assert_eq!(server.text("TRACKER.EXPIRE shop.order 1042"), "0");
    assert_eq!(server.text("TRACKER.DEL shop.order 1042"), "1");
    server.run("CONFIG SET maxmemory 0");
}
