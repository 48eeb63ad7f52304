//! A random stream of commands beside a replica, an AOF and an RDB, which must hold the same data in the end.

use std::thread::sleep;
use std::time::Duration;

use fastrand::Rng;
use redis::{Connection, Value};

use crate::clock::{Clock, HOUR};
use crate::report::{Found, Part};
use crate::server::{call, Server};

const COMMANDS: usize = 3_000;

pub fn rounds(part: &mut Part) {
    let clocks = [Clock::new(), Clock::new()];
    let server = clocks[0].start(&["--appendonly", "yes"]);
    // A replica has other settings and another clock: the primary's word counts.
    let address = format!("127.0.0.1 {}", server.port());
    let replica = clocks[1].start(&["retention-window", "50", "max-tasks-per-object", "5", "--replicaof", &address]);
    server.wait_for(&replica);
    while part.goes_on() {
        let random = &mut part.random;
        let mut clients = [server.connect(), server.connect_resp3()];
        let mut updates = 0;
        for _ in 0..COMMANDS {
            if random.u16(0..600) == 0 {
                random.choice(&clocks).expect("two clocks").set(random.i64(-HOUR..HOUR));
            }
            let client = random.usize(0..clients.len());
            updates += usize::from(step(&server, &mut clients[client], random));
        }
        settle(&server);
        // Before the first retention ends, so that nothing runs out between two looks.
        clocks[0].set_on(&server, -2 * HOUR);
        clocks[1].set_on(&replica, -2 * HOUR);
        server.wait_for(&replica);
        let digest = server.digest();
        let mut mismatched = 0;
        let mut compare = |what: &str, other: &Server| {
            if other.digest() != digest {
                eprintln!("{what} differs");
                mismatched += 1;
            }
        };
        compare("the replica", &replica);
        server.run("DEBUG RELOAD");
        compare("the RDB", &server);
        server.run("DEBUG LOADAOF");
        compare("the AOF", &server);
        part.end_round("replica, RDB and AOF", updates, Found { mismatched, ..Found::default() });
        // Foreign writes break what holds of an object, so nothing of them may be left at the end.
        server.run("FLUSHALL");
        server.wait_for(&replica);
    }
}

/// Runs a random command; returns whether it was an update that the server took. Many others are refused, as they should.
fn step(server: &Server, client: &mut Connection, random: &mut Rng) -> bool {
    let command = command(server, random);
    if let Some(key) = command.strip_prefix("RESTORE ") {
        restore(client, key, random);
        return false;
    }
    let words: Vec<_> = command.split(' ').map(str::as_bytes).collect();
    call(client, &words).is_ok() && command.starts_with("TRACKER.UPSERT")
}

fn command(server: &Server, random: &mut Rng) -> String {
    let (object, task) = (random.u8(0..3), random.u8(0..40));
    let key = |random: &mut Rng| {
        let kind = random.choice(["tasks", "expiry", "names", "deleted", "state:SUCCESS", "task:n1"]).unwrap();
        let kind = if random.bool() { kind.to_owned() } else { format!("record:t{}", random.u8(0..40)) };
        format!("m:{{{}}}:{kind}", random.u8(0..3))
    };
    match random.u16(0..1_000) {
        0..=9 => format!("TRACKER.DEL m {object} t{task}"),
        10..=13 => format!("TRACKER.DEL m {object}"),
        14..=29 => format!("TRACKER.EXPIRE m {object}"),
        30..=35 => format!("TRACKER.EXPIRE m {object} {}", random.u16(1..2_000)),
        36..=59 => format!("TRACKER.RETAIN m {object} t{task} {}", random.u16(1..3)),
        60..=79 => format!("TRACKER.QUERY m {object} MATCH x WITHCOUNTS"),
        80..=84 => format!("SELECT {}", random.u8(0..3)),
        85..=86 => format!("SWAPDB {} {}", random.u8(0..3), random.u8(0..3)),
        87 => "FLUSHDB".to_owned(),
        88..=90 => format!("CONFIG SET tracker.max-tasks-per-object {}", random.u8(3..60)),
        91..=93 => format!("CONFIG SET tracker.max-value-bytes {}", random.u8(8..80)),
        94..=96 => format!("CONFIG SET tracker.retention-window {}", random.u16(1_000..9_000)),
        97..=100 => format!("COPY {} {} REPLACE", key(random), key(random)),
        101..=104 => format!("RENAME {} {}", key(random), key(random)),
        105..=108 => format!("DEL {}", key(random)),
        109..=111 => format!("HSET {} state {} junk 1", key(random), random.choice(["SUCCESS", "NONE"]).unwrap()),
        112..=114 => format!("ZADD {} {} t{task}", key(random), random.u32(..)),
        115 => format!("SET {} text", key(random)),
        116..=117 => format!("MOVE {} {}", key(random), random.u8(0..3)),
        118..=119 => format!("PERSIST {}", key(random)),
        120 => evict(server, random),
        121..=123 => format!("RESTORE {}", key(random)),
        _ => update(server, random, object, task),
    }
}

/// A key comes back as it was dumped, after it was removed, with a TTL of its own or none.
fn restore(client: &mut Connection, key: &str, random: &mut Rng) {
    let Ok(Value::BulkString(dump)) = call(client, &[b"DUMP", key.as_bytes()]) else { return };
    let _ = call(client, &[b"DEL", key.as_bytes()]);
    let ttl = random.choice(["0", "1500", "900000"]).expect("three");
    let _ = call(client, &[b"RESTORE", key.as_bytes(), ttl.as_bytes(), &dump, b"REPLACE"]);
}

fn update(server: &Server, random: &mut Rng, object: u8, task: u8) -> String {
    let states = ["PENDING", "RECEIVED", "RETRY", "STARTED", "SUCCESS", "FAILURE", "REVOKED"];
    let state = random.choice(states).unwrap();
    let mut command = format!(
        "TRACKER.UPSERT m {object} t{task} STATE {state} NAME n{} ATTEMPT {}",
        random.u8(0..3),
        random.u8(0..3)
    );
    let now = server.clock();
    match random.u8(0..8) {
        0 => command += " RETAIN 1",
        1 => command += &format!(" RUN {}", now - random.i64(0..3)),
        2 => command += " NX",
        3 => command += " XX",
        4 => command += &format!(" AT {}", now - random.i64(-1_000..1_000_000)),
        5 => command += &format!(" RUN {} AT {}", now - random.i64(0..3), now - random.i64(0..1_000)),
        _ => {}
    }
    let value = "x".repeat(random.usize(0..100));
    command + &format!(" FIELDS 3 worker w{} result {value} attempt_1 {}", random.u8(0..9), random.u8(0..3))
}

/// Lets the server evict a little, under one of two policies, and returns the command that gives it its memory back.
fn evict(server: &Server, random: &mut Rng) -> String {
    let used: u64 = server
        .info("memory")
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:")?.trim().parse().ok())
        .expect("used_memory");
    server.run(&format!("CONFIG SET maxmemory-policy {}", random.choice(["allkeys-lru", "volatile-ttl"]).unwrap()));
    server.run(&format!("CONFIG SET maxmemory {}", used - 20_000));
    let _ = server.try_run("TRACKER.UPSERT m 0 t0 STATE STARTED NAME n0");
    "CONFIG SET maxmemory 0".to_owned()
}

/// Lets what has a short retention run out, and the server notice it.
fn settle(server: &Server) {
    sleep(Duration::from_millis(2_300));
    let mut client = server.connect();
    for database in [b"0", b"1", b"2"] {
        call(&mut client, &[b"SELECT", database]).unwrap();
        for object in [b"0", b"1", b"2"] {
            let _ = call(&mut client, &[b"TRACKER.EXPIRE", b"m", object]);
        }
    }
}
