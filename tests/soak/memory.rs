//! Records come and go, and their memory with them; a full server refuses updates and loses none.

use std::thread::sleep;
use std::time::{Duration, Instant};

use redis::Connection;

use crate::log::{compare, Log};
use crate::report::{Found, Part};
use crate::server::Server;
use crate::writer::{objects, write, Promise};

const OBJECTS: usize = 200;
const BATCH: usize = 1_000;

/// Writes a batch of records within the server: a client would take longer than the server does.
const FILL: &str = "
    local batch, count, objects, retention = unpack(ARGV)
    for record = 0, count - 1 do
        redis.call('TRACKER.UPSERT', 'm', record % objects, 't' .. batch .. '-' .. record, 'RETAIN', retention,
            'STATE', 'SUCCESS', 'NAME', 'n', 'FIELDS', 2, 'args', '[1, 2]', 'result', 'done')
    end";

/// How records leave.
#[derive(Debug, Clone, Copy)]
enum Leaving {
    Deleted,
    /// `TRACKER.EXPIRE` gives them an end that is past.
    Expired,
    /// The server's own expiry takes them, and the indexes after them.
    RunOut,
}

/// Each round writes many records and lets them leave. A server that keeps memory for them counts as a mismatch. Then a full
/// server refuses updates, and takes them again once there is room.
pub fn rounds(part: &mut Part) {
    let records = if part.is_short() { 20_000 } else { 1_000_000 };
    let server = Server::start();
    // These grow with the commands that were run, not with the records.
    server.run("CONFIG SET latency-tracking no");
    server.run("CONFIG SET slowlog-max-len 0");
    // The server's own tables grow with the first records, and stay.
    fill(&server, records, 86_400);
    empty(&server);
    let before = used(&server);
    while part.goes_on() {
        let leaving = [Leaving::Deleted, Leaving::RunOut, Leaving::Expired][part.round() % 3];
        match leaving {
            Leaving::Deleted => fill(&server, records, 86_400),
            Leaving::Expired => {
                fill(&server, records, 86_400);
                (0..OBJECTS).for_each(|object| drop(server.run(&format!("TRACKER.EXPIRE m {object} 0"))));
            }
            Leaving::RunOut => {
                fill(&server, records, 1);
                wait_until_gone(&server);
            }
        }
        empty(&server);
        let mut found =
            Found { mismatched: usize::from(!returns_to(before + before / 100, &server)), ..Found::default() };
        let mut logs = vec![Log::default()];
        found += run_out_of_memory(&server, &mut logs, part);
        let refused_and_taken = logs.iter_mut().map(Log::take_count).sum::<usize>();
        part.end_round(&format!("{leaving:?}, then no memory left"), records + refused_and_taken, found);
        empty(&server);
    }
}

fn fill(server: &Server, records: usize, retention: usize) {
    let mut connection = server.connect();
    for batch in 0..records / BATCH {
        let mut script = redis::cmd("EVAL");
        script.arg(FILL).arg(0).arg(batch).arg(BATCH).arg(OBJECTS).arg(retention);
        script.exec(&mut connection).unwrap();
    }
}

fn empty(server: &Server) {
    for object in 0..OBJECTS {
        server.run(&format!("TRACKER.DEL m {object}"));
        server.run(&format!("DEL m:{{{object}}}:deleted"));
    }
    assert_eq!(server.keys(), [""; 0]);
}

/// Waits until the server has removed every key whose TTL has ended. It takes its time over millions.
fn wait_until_gone(server: &Server) {
    let begun = Instant::now();
    while server.text("DBSIZE") != "0" {
        assert!(begun.elapsed() < Duration::from_secs(180), "{} keys never run out", server.text("DBSIZE"));
        sleep(Duration::from_millis(50));
    }
}

/// Whether the memory in use falls to that. The server tidies up in the background, and frees clients a little late.
fn returns_to(bytes: usize, server: &Server) -> bool {
    for _ in 0..100 {
        if used(server) <= bytes {
            return true;
        }
        sleep(Duration::from_millis(50));
    }
    eprintln!("{} bytes are in use, not {bytes}", used(server));
    false
}

fn used(server: &Server) -> usize {
    // The first answer of a connection makes its buffers.
    server.info("memory");
    let info = server.info("memory");
    info.lines().find_map(|line| line.strip_prefix("used_memory:")?.trim().parse().ok()).expect("used_memory")
}

/// Writes until the server refuses, compares it, and writes on once there is room again.
fn run_out_of_memory(server: &Server, logs: &mut Vec<Log>, part: &mut Part) -> Found {
    server.run("CONFIG SET maxmemory-policy noeviction");
    let mut found = Found::default();
    for room in [40_000, 80_000] {
        server.run(&format!("CONFIG SET maxmemory {}", used(server) + room));
        let refusal = write_until_refused(&mut server.connect(), logs, part, room);
        if !refusal.starts_with("OOM ") {
            eprintln!("a full server answers {refusal}");
            found.mismatched += 1;
        }
        // Whoever reads in a transaction is refused too.
        server.run("CONFIG SET maxmemory 0");
        found += compare(&mut server.connect(), logs, &objects());
    }
    found
}

fn write_until_refused(connection: &mut Connection, logs: &mut Vec<Log>, part: &mut Part, room: usize) -> String {
    let log = std::sync::Mutex::new(logs.pop().expect("one log"));
    let name = format!("r{}room{room}", part.round());
    let refused = write(connection, &log, part.random.fork(), &name, Promise::Kept, || true);
    logs.push(log.into_inner().unwrap());
    refused.expect_err("an endless writer ends only when it is refused")
}
