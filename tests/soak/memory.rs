//! Records come and go, and their memory with them.

use std::thread::sleep;
use std::time::Duration;

use crate::report::{Found, Part};
use crate::server::Server;

const OBJECTS: usize = 200;
const BATCH: usize = 1_000;

/// Each round writes many records, lets them end in one of two ways, and counts a server that keeps memory for them as a
/// mismatch. A full server refuses updates, and takes them again once there is room.
pub fn rounds(part: &mut Part) {
    let records = if part.is_short() { 60_000 } else { 1_000_000 };
    let server = Server::start();
    // These grow with the commands that were run, not with the records.
    server.run("CONFIG SET latency-tracking no");
    server.run("CONFIG SET slowlog-max-len 0");
    // The server's own tables grow with the first records, and stay.
    fill(&server, records);
    empty(&server);
    let before = used(&server);
    while part.goes_on() {
        fill(&server, records);
        empty(&server);
        let mut mismatched = usize::from(!returns_to(before + before / 100, &server));
        mismatched += usize::from(!survives_a_full_memory(&server));
        part.end_round("records come and go, memory runs out", records, Found { mismatched, ..Found::default() });
    }
}

fn fill(server: &Server, records: usize) {
    let mut connection = server.connect();
    for batch in 0..records / BATCH {
        let mut pipe = redis::pipe();
        for record in 0..BATCH {
            let (object, task) = (record % OBJECTS, format!("t{batch}-{record}"));
            let update = pipe.cmd("TRACKER.UPSERT").arg("m").arg(object).arg(task);
            update.arg(&["STATE", "SUCCESS", "NAME", "n", "FIELDS", "2", "args", "[1, 2]", "result", "done"]).ignore();
        }
        pipe.exec(&mut connection).unwrap();
    }
}

fn empty(server: &Server) {
    for object in 0..OBJECTS {
        server.run(&format!("TRACKER.DEL m {object}"));
        server.run(&format!("DEL m:{{{object}}}:deleted"));
    }
    assert_eq!(server.keys(), [""; 0]);
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

fn survives_a_full_memory(server: &Server) -> bool {
    let update = |task: &str| server.try_run(&format!("TRACKER.UPSERT m 0 {task} STATE SUCCESS NAME n"));
    server.run("CONFIG SET maxmemory-policy noeviction");
    server.run("CONFIG SET maxmemory 1");
    let refusal = update("refused").unwrap_err();
    server.run("CONFIG SET maxmemory 0");
    let is_clean = refusal.starts_with("OOM") && server.keys().is_empty();
    let is_taken = update("taken").is_ok();
    empty(server);
    is_clean && is_taken
}
