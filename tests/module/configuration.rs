use redis::Value;

use crate::server::{call, get, Server};

fn setting(server: &Server, name: &str) -> String {
    server.list(&format!("CONFIG GET tracker.{name}"))[1].clone()
}

#[test]
fn the_defaults_are_those_that_are_documented() {
    let server = Server::start();
    for (name, default) in [
        ("retention-window", "86400"),
        ("page-size", "10"),
        ("max-page-size", "200"),
        ("max-value-bytes", "65536"),
        ("max-tasks-per-object", "10000"),
    ] {
        assert_eq!(setting(&server, name), default, "{name}");
    }
}

#[test]
fn load_arguments_are_settings() {
    let server = Server::start_with(&["retention-window", "100", "PAGE-SIZE", "3"]);
    assert_eq!((setting(&server, "retention-window"), setting(&server, "page-size")), ("100".into(), "3".into()));
    server.run("TRACKER.UPSERT shop.order 1 a STATE PENDING NAME n");
    let ttl: i64 = server.text("PTTL shop.order:{1}:record:a").parse().unwrap();
    assert!((90_000..=100_000).contains(&ttl));
    assert_eq!(get(&server.run("TRACKER.QUERY shop.order 1"), "size"), Value::Int(3));
}

#[test]
fn a_wrong_load_argument_refuses_to_load_and_says_why() {
    for (arguments, reason) in [
        (&["retention", "5"][..], "unknown load argument 'retention': there are retention-window, page-size,"),
        (&["page-size"], "page-size has no value"),
        (&["page-size", "0"], "page-size must be a whole number from 1 to 10000, not '0'"),
        (&["page-size", "ten"], "page-size must be a whole number from 1 to 10000, not 'ten'"),
        (&["retention-window", "-1"], "retention-window must be a whole number from 1 to 3153600000, not '-1'"),
        (&["page-size", "5", "max-value-bytes", "99999999999"], "max-value-bytes must be a whole number from 1 to"),
    ] {
        let log = Server::refusal(arguments);
        assert!(log.contains(&format!("tracker: not loaded: {reason}")), "{arguments:?}: {log}");
    }
}

#[test]
fn to_load_the_module_logs_no_warning() {
    let server = Server::start();
    let warns = |line: &&str| line.contains(" # ") && (line.contains("tracker") || line.contains("defrag"));
    assert_eq!(server.log().lines().filter(warns).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_setting_changed_at_run_time_holds_from_the_next_command_on() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1 old STATE PENDING NAME n");
    server.run("CONFIG SET tracker.retention-window 100");
    server.run("TRACKER.UPSERT shop.order 1 new STATE PENDING NAME n");
    let ttl = |id: &str| server.text(&format!("TTL shop.order:{{1}}:record:{id}")).parse::<i64>().unwrap();
    assert!(ttl("old") > 80_000 && ttl("new") <= 100);
    server.run("TRACKER.UPSERT shop.order 1 old STATE STARTED");
    assert!(ttl("old") <= 100);
    for key in server.keys() {
        let ttl: i64 = server.text(&format!("PTTL {key}")).parse().unwrap();
        assert!(ttl <= 102_000, "{key} lives for {ttl} ms");
    }
    server.run("CONFIG SET tracker.max-page-size 1");
    let page = server.run("TRACKER.QUERY shop.order 1 SIZE 50");
    assert_eq!(get(&page, "size"), Value::Int(1));
}

#[test]
fn a_setting_out_of_range_is_refused_and_changes_nothing() {
    let server = Server::start();
    for wrong in ["page-size 0", "retention-window 0", "max-value-bytes 0", "max-tasks-per-object -1", "page-size x"] {
        assert!(server.error(&format!("CONFIG SET tracker.{wrong}")).starts_with("ERR CONFIG SET failed"), "{wrong}");
    }
    assert_eq!(setting(&server, "page-size"), "10");
}

#[test]
fn a_rewritten_configuration_holds_after_a_restart() {
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("redis.conf");
    std::fs::write(&file, "").unwrap();
    let server = Server::start_with(&[file.to_str().unwrap(), "max-page-size", "50"]);
    server.run("CONFIG SET tracker.page-size 7");
    server.run("CONFIG SET tracker.retention-window 50");
    server.run("CONFIG REWRITE");
    let written = std::fs::read_to_string(&file).unwrap();
    let loads = written.lines().find(|line| line.starts_with("loadmodule")).expect("the module is loaded again");
    assert!(loads.contains("max-page-size") && loads.contains("50"), "{loads}");

    let settings: Vec<_> = written.lines().filter(|line| line.starts_with("tracker.")).collect();
    std::fs::write(&file, settings.join("\n")).unwrap();
    let server = Server::start_with(&[file.to_str().unwrap()]);
    assert_eq!((setting(&server, "page-size"), setting(&server, "retention-window")), ("7".into(), "50".into()));
}

#[test]
fn limits_hold_as_they_are_set() {
    let server = Server::start_with(&["max-value-bytes", "10", "max-tasks-per-object", "3"]);
    for id in ["a", "b", "c", "d"] {
        let words = ["TRACKER.UPSERT", "m", "1", id, "STATE", "SUCCESS", "NAME", "n", "FIELDS", "1", "result"];
        let words: Vec<_> = words.into_iter().chain(["0123456789abc"]).map(str::as_bytes).collect();
        call(&mut server.connect(), &words).unwrap();
    }
    assert_eq!(server.list("ZRANGE m:{1}:tasks 0 -1"), ["b", "c", "d"]);
    assert_eq!(server.text("HGET m:{1}:record:d result"), "0123456789");
    assert_eq!(server.text("HGET m:{1}:record:d result_bytes"), "13");
    server.run("CONFIG SET tracker.max-tasks-per-object 0");
    server.run("TRACKER.UPSERT m 1 e STATE SUCCESS NAME n");
    assert_eq!(server.text("ZCARD m:{1}:tasks"), "4");
    server.run("CONFIG SET tracker.max-tasks-per-object 2");
    server.run("TRACKER.UPSERT m 1 f STATE SUCCESS NAME n");
    assert_eq!(server.text("ZCARD m:{1}:tasks"), "2");
}

#[test]
fn info_counts_what_happened() {
    let server = Server::start_with(&["max-value-bytes", "10", "max-tasks-per-object", "2"]);
    server.run("TRACKER.UPSERT m 1 a STATE SUCCESS NAME n");
    server.run("TRACKER.UPSERT m 1 a STATE SUCCESS");
    server.run("TRACKER.UPSERT m 1 a STATE PENDING FIELDS 1 result 0123456789abc");
    server.run("TRACKER.UPSERT m 1 b STATE SUCCESS NAME n RETAIN 1");
    std::thread::sleep(std::time::Duration::from_millis(1050));
    server.run("TRACKER.UPSERT m 1 c STATE SUCCESS NAME n");
    server.run("TRACKER.UPSERT m 1 d STATE SUCCESS NAME n");
    server.run("TRACKER.QUERY m 1");
    server.run("ACL SETUSER nobody on >pass +@all");
    call(&mut server.connect_as("nobody", "pass"), &[b"TRACKER.GET", b"m", b"1", b"a"]).unwrap_err();
    let info = server.info("tracker");
    for line in [
        "# tracker",
        "tracker_created:4",
        "tracker_updated:1",
        "tracker_stale:1",
        "tracker_queries:1",
        "tracker_expired:1",
        "tracker_evicted:1",
        "tracker_truncated:1",
        "tracker_acl_refused:1",
        "tracker_try_again:0",
    ] {
        assert!(info.lines().any(|other| other == line), "no {line} in {info}");
    }
}
