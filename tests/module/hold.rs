//! No command holds the server longer than 20 ms on an object that is full by the default limits, with the worst arguments
//! that are allowed. Each command gets several runs, one of which has to be within that, by the clock or by the processor
//! time of the server's main thread: a busy machine stops a server for longer.

use crate::server::Server;

const RECORDS: usize = 10_000;
const NAMES: usize = 200;
/// The newest records have two values of the greatest length.
const HEAVY: usize = 400;
const LONGEST: usize = 65_536;
const STATES: [&str; 9] =
    ["PENDING", "RECEIVED", "RETRY", "STARTED", "SUCCESS", "FAILURE", "REVOKED", "REJECTED", "IGNORED"];
const RUNS: usize = 8;

/// A server with one full object.
fn full() -> Server {
    let server = Server::start();
    server.run("CONFIG SET slowlog-log-slower-than 20000");
    fill(&server);
    server
}

fn fill(server: &Server) {
    let mut connection = server.connect();
    let (long, json) = ("x".repeat(LONGEST), format!("[{}1]", "1,".repeat(LONGEST / 2 - 2)));
    let now = server.clock();
    for batch in 0..RECORDS / 200 {
        let mut pipe = redis::pipe();
        for record in batch * 200..(batch + 1) * 200 {
            let (task, name, at) = (format!("t{record}"), format!("n{}", record % NAMES), now - 20_000 + record as i64);
            let update = pipe.cmd("TRACKER.UPSERT").arg("m").arg("1").arg(task).arg("NAME").arg(name);
            update.arg("STATE").arg(STATES[record % STATES.len()]).arg("AT").arg(at).arg("FIELDS").arg(3);
            let heavy = record >= RECORDS - HEAVY;
            update.arg("worker").arg("w1").arg("result").arg(if heavy { &long[..] } else { "done" });
            update.arg("args").arg(if heavy { &json[..] } else { "[1]" }).ignore();
        }
        pipe.exec(&mut connection).unwrap();
    }
}

/// Whether one of some runs of the command is not in the server's log of slow commands, or took the processor no longer.
/// `before` prepares each run.
fn is_quick(server: &Server, command: &str, before: impl Fn()) -> bool {
    (0..RUNS).any(|_| {
        before();
        server.run("SLOWLOG RESET");
        let used = processor_seconds(server);
        server.run(command);
        server.text("SLOWLOG LEN") == "0" || processor_seconds(server) - used < 0.020
    })
}

/// How long the server's main thread has used the processor.
fn processor_seconds(server: &Server) -> f64 {
    let cpu = server.text("INFO cpu");
    let of = |name: &str| cpu.lines().find_map(|line| line.strip_prefix(name)?.parse::<f64>().ok()).unwrap();
    of("used_cpu_user_main_thread:") + of("used_cpu_sys_main_thread:")
}

/// The slow ones of commands that may be run again and again.
fn slow<'a>(server: &Server, commands: &'a [String]) -> Vec<&'a str> {
    commands
        .iter()
        .filter(|command| !is_quick(server, command, || {}))
        .map(|command| &command[..110.min(command.len())])
        .collect()
}

#[test]
fn no_read_of_a_full_object_holds_the_server() {
    let server = full();
    let names: String = (0..55).map(|name| format!(" TASK n{name}")).collect();
    let states: String = STATES.iter().map(|state| format!(" STATE {state}")).collect();
    let commands = [
        "TRACKER.GET m 1 t9999".to_owned(),
        "TRACKER.QUERY m 1 SIZE 200 WITHCOUNTS".to_owned(),
        "TRACKER.QUERY m 1 SIZE 200 WITHCOUNTS FORMAT JSON".to_owned(),
        "TRACKER.QUERY m 1 SIZE 200 FIELDS 2 worker result".to_owned(),
        format!("TRACKER.QUERY m 1 SIZE 200 WITHCOUNTS FORMAT JSON{names}{states}"),
        format!("TRACKER.QUERY m 1 SIZE 200 PAGE 14 ORDER OLDEST{names}{states}"),
        format!("TRACKER.QUERY m 1 SIZE 200 SINCE 1000 UNTIL 4000000000000{names}{states}"),
        "TRACKER.QUERY m 1 SIZE 200 MATCH absent FORMAT JSON".to_owned(),
        format!("TRACKER.QUERY m 1 SIZE 200 MATCH absent{names}{states}"),
        "TRACKER.QUERY m 1 SIZE 200 FORMAT JSON FIELDS 2 args result".to_owned(),
        "TRACKER.QUERY m 1 SIZE 200 FIELDS 2 args result".to_owned(),
        "TRACKER.STATS m 1".to_owned(),
        "TRACKER.STATS m 1 BUCKETS 200 FORMAT JSON".to_owned(),
        "TRACKER.STATS m 1 SINCE 1000 UNTIL 4000000000000 BUCKETS 200".to_owned(),
    ];
    assert_eq!(slow(&server, &commands), [""; 0]);
}

#[test]
fn no_update_of_a_full_object_holds_the_server() {
    let server = full();
    let fields: String = (0..127).map(|field| format!(" f{field} {}", "x".repeat(500))).collect();
    let commands = [
        "TRACKER.UPSERT m 1 t9999 STATE FAILURE NAME n0 ATTEMPT 1".to_owned(),
        format!("TRACKER.UPSERT m 1 t5000 FIELDS 127{fields}"),
        "TRACKER.RETAIN m 1 t7000 60000".to_owned(),
        "TRACKER.DEL m 1 t6000 t6001 t6002".to_owned(),
        "TRACKER.EXPIRE m 1".to_owned(),
    ];
    assert_eq!(slow(&server, &commands), [""; 0]);
    // Of a full object one record leaves for each new one.
    let evicting: Vec<_> = (0..RUNS).map(|new| format!("TRACKER.UPSERT m 1 new{new} STATE SUCCESS NAME n0")).collect();
    assert!(slow(&server, &evicting).len() < RUNS);
}

#[test]
fn nothing_that_ends_or_removes_a_full_object_holds_the_server() {
    let server = Server::start();
    server.run("CONFIG SET slowlog-log-slower-than 20000");
    let all: String = (0..RECORDS).map(|record| format!(" t{record}")).collect();
    let some: String = (0..1_000).map(|record| format!(" t{record}")).collect();
    for command in [
        "TRACKER.EXPIRE m 1 5000",
        &format!("TRACKER.DEL m 1{some}"),
        &format!("TRACKER.DEL m 1{all}"),
        "TRACKER.DEL m 1",
    ] {
        let refill = || {
            server.run("FLUSHALL");
            fill(&server);
        };
        assert!(is_quick(&server, command, refill), "{}", &command[..40.min(command.len())]);
    }
    assert_eq!(server.text("EXISTS m:{1}:tasks"), "0");
}
