//! Servers that are killed under load, and started again on what they left on disk.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread::{self, sleep};
use std::time::Duration;

use fastrand::Rng;

use crate::deletion::Deletion;
use crate::log::{compare, tasks, Log};
use crate::report::{Found, Part};
use crate::server::Server;
use crate::writer::{objects, write, Promise, WRITERS};

/// Cuts at most one command off.
const LONGEST_CUT: u64 = 60;

#[derive(Debug, Clone, Copy)]
enum Fault {
    Kill,
    KillDuringRewrite,
    TruncatedAof,
    KillAfterSave,
}

/// The faults take turns: three on a server with an AOF that is synced on every write, one on a server that only saves.
pub fn rounds(part: &mut Part) {
    let mut aof = Server::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let mut rdb = Server::start();
    let (mut aof_logs, mut rdb_logs) = (logs(), logs());
    while part.goes_on() {
        let fault =
            [Fault::Kill, Fault::KillDuringRewrite, Fault::TruncatedAof, Fault::KillAfterSave][part.round() % 4];
        let (server, logs) = match fault {
            Fault::KillAfterSave => (&mut rdb, &mut rdb_logs),
            _ => (&mut aof, &mut aof_logs),
        };
        let found = round(server, logs, fault, part.round(), &mut part.random);
        let updates = logs.iter_mut().map(Log::take_count).sum();
        part.end_round(&format!("{fault:?}"), updates, found);
        if tasks(logs) > 3_000 {
            server.run("FLUSHALL");
            server.run("SAVE");
            *logs = self::logs();
        }
    }
}

/// Empty logs, one for each writer.
pub fn logs() -> Vec<Log> {
    (0..WRITERS).map(|_| Log::default()).collect()
}

fn round(server: &mut Server, logs: &mut Vec<Log>, fault: Fault, round: usize, random: &mut Rng) -> Found {
    let shared: Vec<_> = logs.drain(..).map(Mutex::new).collect();
    let deletion = Deletion::of(&mut server.connect(), round);
    let promise = if matches!(fault, Fault::KillAfterSave) { Promise::Nothing } else { Promise::Kept };
    thread::scope(|scope| {
        for (number, log) in shared.iter().enumerate() {
            let (mut connection, random) = (server.connect(), random.fork());
            let name = format!("r{round}w{number}");
            scope.spawn(move || write(&mut connection, log, random, &name, promise, || true));
        }
        sleep(Duration::from_millis(random.u64(200..900)));
        match fault {
            Fault::Kill | Fault::TruncatedAof => {}
            Fault::KillDuringRewrite => {
                server.run("BGREWRITEAOF");
                sleep(Duration::from_millis(random.u64(0..30)));
            }
            Fault::KillAfterSave => {
                let acknowledged: Vec<_> = shared.iter().map(|log| log.lock().unwrap().acknowledged()).collect();
                server.run("SAVE");
                shared.iter().zip(&acknowledged).for_each(|(log, then)| log.lock().unwrap().promise_all(then));
                sleep(Duration::from_millis(random.u64(0..200)));
            }
        }
        server.kill();
    });
    logs.extend(shared.into_iter().map(|log| log.into_inner().unwrap()));
    if matches!(fault, Fault::TruncatedAof) {
        truncate(&last_aof(server.directory()), random.u64(1..LONGEST_CUT));
    }
    server.restart();
    let mut found = compare(&mut server.connect(), logs, &objects());
    found.unsent += deletion.count_back(&mut server.connect());
    if matches!(fault, Fault::TruncatedAof) {
        found.lost = found.lost.saturating_sub(1);
    }
    found
}

/// The file that the server appended to last.
fn last_aof(directory: &Path) -> PathBuf {
    let files = fs::read_dir(directory.join("appendonlydir")).unwrap().map(|entry| entry.unwrap().path());
    let number = |path: &PathBuf| path.to_str().unwrap().rsplit('.').nth(2).and_then(|part| part.parse::<u64>().ok());
    files.filter(|path| path.to_str().unwrap().ends_with(".incr.aof")).max_by_key(number).expect("an AOF")
}

fn truncate(file: &Path, bytes: u64) {
    let file = OpenOptions::new().write(true).open(file).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(bytes)).unwrap();
}
