//! What an update costs the server, beside one HSET of the same fields: the floor that no tracker can go below.
//!
//! All kinds of command run interleaved on one redis-server, which tells the time it spent itself (`INFO commandstats`).
//! Only the ratios mean something: absolute times depend on the machine and on its other tenants.

#![allow(dead_code)]

#[path = "../tests/module/invariant.rs"]
mod invariant;
#[path = "../tests/module/server.rs"]
mod server;

use redis::{Connection, Pipeline};
use server::Server;

const ROUNDS: usize = 15;
const TASKS_PER_ROUND: usize = 2_000;

const FIELDS: [(&str, &str); 6] = [
    ("args", "[1042]"),
    ("kwargs", "{\"currency\":\"EUR\"}"),
    ("objects", "[[\"shop.order\",\"1042\"]]"),
    ("queue", "celery"),
    ("root_id", "3f0c5f0e-6a3e-4a55-9d1c-0f6a0c1f7a51"),
    ("worker", "celery@worker-7.example.com"),
];

/// One kind of command, and how many microseconds of the server one call took, round by round.
struct Kind {
    title: &'static str,
    /// The command that the server counts it under.
    command: &'static str,
    build: fn(&mut Pipeline, &str),
    micros: Vec<f64>,
}

fn main() {
    let server = Server::start();
    let mut connection = server.connect();
    let kind = |title, command, build| Kind { title, command, build, micros: Vec::new() };
    let mut kinds = [
        kind("HSET of the same fields", "hset", hset),
        kind("UPSERT that creates", "tracker.upsert", |pipeline, id| upsert(pipeline, id, "PENDING")),
        kind("UPSERT that moves the state", "tracker.upsert", |pipeline, id| upsert(pipeline, id, "STARTED")),
        kind("UPSERT that is stale", "tracker.upsert", |pipeline, id| upsert(pipeline, id, "RECEIVED")),
    ];
    for round in 0..ROUNDS {
        eprint!("\rround {} of {ROUNDS}", round + 1);
        for kind in &mut kinds {
            redis::cmd("CONFIG").arg("RESETSTAT").exec(&mut connection).expect("CONFIG RESETSTAT");
            run(&mut connection, kind.build, round);
            kind.micros.push(micros_per_call(&server, kind.command));
        }
    }
    eprintln!();
    report(&kinds);
}

fn run(connection: &mut Connection, build: fn(&mut Pipeline, &str), round: usize) {
    for batch in 0..TASKS_PER_ROUND / 100 {
        let mut pipeline = redis::pipe();
        for task in 0..100 {
            build(&mut pipeline, &format!("00000000-0000-4000-8000-{round:04}{batch:04}{task:04}"));
        }
        pipeline.exec(connection).expect("the commands are right");
    }
}

fn hset(pipeline: &mut Pipeline, id: &str) {
    let command = pipeline.cmd("HSET").arg(format!("floor:1042:record:{id}"));
    let kept = [("id", id), ("name", "shop.tasks.process_payment"), ("state", "PENDING"), ("attempt", "0")];
    let times = ["created_at", "updated_at", "published_at"].map(|field| (field, "1700000000000"));
    for (field, value) in kept.into_iter().chain(times).chain(FIELDS) {
        command.arg(field).arg(value);
    }
}

fn upsert(pipeline: &mut Pipeline, id: &str, state: &str) {
    let command = pipeline.cmd("TRACKER.UPSERT").arg("shop.order").arg("1042").arg(id);
    command.arg("STATE").arg(state).arg("NAME").arg("shop.tasks.process_payment");
    command.arg("FIELDS").arg(FIELDS.len());
    for (field, value) in FIELDS {
        command.arg(field).arg(value);
    }
}

fn micros_per_call(server: &Server, command: &str) -> f64 {
    let stats = server.info("commandstats");
    let line = stats.lines().find(|line| line.starts_with(&format!("cmdstat_{command}:"))).expect("it was called");
    let micros = line.split("usec_per_call=").nth(1).and_then(|rest| rest.split(',').next());
    micros.and_then(|micros| micros.parse().ok()).expect("the server tells a number")
}

fn report(kinds: &[Kind]) {
    let floor = median(&kinds[0].micros);
    println!("{:<30} {:>10} {:>18} {:>12}", "", "median us", "min - max us", "x the floor");
    for kind in kinds {
        let (min, max) = kind.micros.iter().fold((f64::MAX, 0.0_f64), |(min, max), us| (min.min(*us), max.max(*us)));
        let median = median(&kind.micros);
        println!("{:<30} {median:>10.2} {:>18} {:>12.2}", kind.title, format!("{min:.2} - {max:.2}"), median / floor);
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
