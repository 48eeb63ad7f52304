use redis::{Connection, Value};

use crate::server::{call, Server};

const READS: [&str; 3] = ["GET shop.order 1042 a", "QUERY shop.order 1042 WITHCOUNTS TASK n", "STATS shop.order 1042"];
const WRITES: [&str; 6] = [
    "UPSERT shop.order 1042 b STATE PENDING NAME n",
    "UPSERT shop.order 1042 a STATE SUCCESS NAME other",
    "RETAIN shop.order 1042 a 60",
    "EXPIRE shop.order 1042",
    "EXPIRE shop.order 1042 60",
    "DEL shop.order 1042 a",
];

fn server_with(users: &[(&str, &str)]) -> Server {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a STATE STARTED NAME n");
    for (user, patterns) in users {
        server.run(&format!("ACL SETUSER {user} on >pass +@all {patterns}"));
    }
    server
}

fn run(connection: &mut Connection, command: &str) -> Result<Value, String> {
    let command = format!("TRACKER.{command}");
    call(connection, &command.split(' ').map(str::as_bytes).collect::<Vec<_>>())
}

fn run_in_script(connection: &mut Connection, command: &str) -> Result<Value, String> {
    let command = format!("TRACKER.{command}");
    let words: Vec<_> = command.split(' ').map(str::as_bytes).collect();
    call(connection, &[&[&b"EVAL"[..], b"return redis.call(unpack(ARGV))", b"0"], &words[..]].concat())
}

fn assert_refused(server: &Server, connection: &mut Connection, commands: &[&str]) {
    for command in commands {
        let digest = server.digest();
        for run in [run, run_in_script] {
            let error = run(connection, command).expect_err(command);
            assert!(error.starts_with("NOPERM"), "{command}: {error}");
        }
        assert_eq!(server.digest(), digest, "{command}");
    }
}

fn assert_allowed(connection: &mut Connection, commands: &[&str]) {
    for command in commands {
        for run in [run, run_in_script] {
            run(connection, command).unwrap_or_else(|error| panic!("{command}: {error}"));
        }
    }
}

#[test]
fn a_user_without_keys_can_neither_read_nor_write() {
    let server = server_with(&[("nobody", ""), ("other", "~shop.product:*")]);
    for user in ["nobody", "other"] {
        let mut connection = server.connect_as(user, "pass");
        assert_refused(&server, &mut connection, &READS);
        assert_refused(&server, &mut connection, &WRITES);
        assert_refused(&server, &mut connection, &["DEL shop.order 1042"]);
    }
    run(&mut server.connect_as("other", "pass"), "UPSERT shop.product 1 a STATE PENDING NAME n").unwrap();
}

#[test]
fn a_user_of_the_model_may_do_everything_to_its_objects() {
    let server = server_with(&[("orders", "~shop.order:*")]);
    let mut connection = server.connect_as("orders", "pass");
    assert_allowed(&mut connection, &READS);
    assert_allowed(&mut connection, &WRITES);
    assert_allowed(&mut connection, &["DEL shop.order 1042"]);
    assert!(run(&mut connection, "GET shop.product 1042 a").unwrap_err().starts_with("NOPERM"));
}

#[test]
fn a_user_who_may_read_reads_and_does_not_write() {
    let server = server_with(&[("reader", "%R~shop.order:*")]);
    let mut connection = server.connect_as("reader", "pass");
    assert_allowed(&mut connection, &READS);
    assert_refused(&server, &mut connection, &WRITES);
    assert_refused(&server, &mut connection, &["DEL shop.order 1042"]);
}

#[test]
fn a_user_who_may_write_writes_and_does_not_read() {
    let server = server_with(&[("writer", "%W~shop.order:*")]);
    let mut connection = server.connect_as("writer", "pass");
    assert_allowed(&mut connection, &WRITES);
    assert_refused(&server, &mut connection, &READS);
}

#[test]
fn a_pattern_that_covers_a_part_of_the_keys_is_not_enough() {
    let server = server_with(&[
        ("records", "~shop.order:{1042}:record:*"),
        ("object", "~shop.order:{1043}:*"),
        ("indexes", "~shop.order:{1042}:[^r]*"),
        ("undeleted", "~shop.order:{1042}:[^d]*"),
    ]);
    let mut undeleted = server.connect_as("undeleted", "pass");
    assert_allowed(&mut undeleted, &["UPSERT shop.order 1042 a STATE SUCCESS NAME n"]);
    assert_refused(
        &server,
        &mut undeleted,
        &["UPSERT shop.order 1042 new STATE SUCCESS NAME n", "DEL shop.order 1042"],
    );
    for user in ["records", "object", "indexes"] {
        let mut connection = server.connect_as(user, "pass");
        for command in ["UPSERT shop.order 1042 a STATE SUCCESS NAME n", "DEL shop.order 1042", "DEL shop.order 1042 a"]
        {
            assert_refused(&server, &mut connection, &[command]);
        }
    }
    let mut records = server.connect_as("records", "pass");
    assert_refused(&server, &mut records, &READS);
}

#[test]
fn a_replica_applies_what_the_primary_says_and_checks_its_own_users() {
    let server = server_with(&[]);
    let replica = server.replica();
    replica.run("ACL SETUSER nobody on >pass +@all");
    let mut connection = replica.connect_as("nobody", "pass");
    assert_refused(&replica, &mut connection, &READS);
    server.run("TRACKER.UPSERT shop.order 1042 a STATE SUCCESS");
    server.wait_for(&replica);
    assert_eq!(server.digest(), replica.digest());
}

#[test]
fn permissions_that_are_taken_away_are_gone_at_once() {
    let server = server_with(&[("orders", "~shop.order:*")]);
    let mut connection = server.connect_as("orders", "pass");
    assert_allowed(&mut connection, &["GET shop.order 1042 a"]);
    server.run("ACL SETUSER orders resetkeys");
    assert_refused(&server, &mut connection, &READS);
}

#[test]
fn the_commands_are_in_the_categories_that_an_administrator_looks_for_them_in() {
    let server = Server::start();
    if server.info("server").contains("redis_version:7.0.") {
        // It lets a module say nothing about categories.
        return;
    }
    for (category, commands) in [
        ("write", &["upsert", "retain", "expire", "del"][..]),
        ("read", &["get", "query", "stats"]),
        ("slow", &["upsert", "query"]),
        ("fast", &["help"]),
    ] {
        let listed = server.list(&format!("ACL CAT {category}"));
        for command in commands {
            assert!(listed.contains(&format!("tracker.{command}")), "{command} is not in {category}");
        }
    }
}

#[test]
fn one_category_of_its_own_allows_every_command_of_the_module_and_no_other() {
    let server = Server::start();
    if !server.list("ACL CAT").contains(&"tracker".to_owned()) {
        let version = server.info("server");
        assert!(version.contains("redis_version:7.0.") || version.contains("redis_version:7.2."), "{version}");
        return;
    }
    let listed = server.list("ACL CAT tracker");
    let commands = ["upsert", "get", "query", "stats", "expire", "retain", "del", "help"];
    assert_eq!(listed.len(), commands.len(), "{listed:?}");
    assert!(commands.iter().all(|command| listed.contains(&format!("tracker.{command}"))), "{listed:?}");
    server.run("ACL SETUSER dashboard on >pass ~shop.order:* -@all +@tracker");
    let mut connection = server.connect_as("dashboard", "pass");
    for command in READS.iter().chain(&WRITES) {
        run(&mut connection, command).unwrap_or_else(|error| panic!("{command}: {error}"));
    }
    assert!(call(&mut connection, &[b"PING"]).unwrap_err().starts_with("NOPERM"));
}

#[test]
fn a_transaction_is_checked_command_by_command() {
    let server = server_with(&[("reader", "%R~shop.order:*")]);
    let mut connection = server.connect_as("reader", "pass");
    let result: Result<Value, _> = redis::pipe()
        .atomic()
        .cmd("TRACKER.UPSERT")
        .arg(&["shop.order", "1042", "a", "STATE", "SUCCESS"])
        .query(&mut connection);
    assert!(result.is_err());
    assert_eq!(server.text("HGET shop.order:{1042}:record:a state"), "STARTED");
}
