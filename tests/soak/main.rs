//! The module under faults: servers that are killed, failed over and resharded while clients write, with every acknowledged
//! update compared with what is there afterwards.
//!
//! By itself it runs a few rounds of each part. `SOAK_MINUTES` makes it run that long, and write its table to
//! `tests/SOAK.md`. `SOAK_PART` runs one part alone, and writes no table. `SOAK_SEED` repeats the random choices of a run; the moments at which servers die still differ.
//! `TRACKER_MODULE` and `REDIS_SERVER` name the module and the server.

// The model's own tests, which are compiled here too, take some of the same files.
#![allow(clippy::duplicate_mod)]

#[path = "../module/clock.rs"]
mod clock;
#[path = "../module/history.rs"]
#[allow(dead_code)]
mod history;
#[path = "../module/invariant.rs"]
mod invariant;
#[path = "../../src/model/mod.rs"]
#[allow(dead_code, unused_imports)]
mod model;
#[path = "../module/nodes.rs"]
#[allow(dead_code)]
mod nodes;
#[path = "../module/server.rs"]
#[allow(dead_code)]
mod server;
#[allow(dead_code)]
mod shown;

mod clocks;
mod cluster;
mod crash;
mod deletion;
mod failover;
mod log;
mod memory;
mod report;
mod router;
mod sentinel;
mod stream;
mod writer;

use std::path::Path;
use std::time::{Duration, Instant};

use report::{Part, Report};

/// Runs the rounds of a part.
type Rounds = fn(&mut Part);

/// The parts, each with its number of rounds in a short run.
const PARTS: [(&str, usize, Rounds); 7] = [
    ("crash", 8, crash::rounds),
    ("failover", 4, failover::rounds),
    ("sentinel", 3, sentinel::rounds),
    ("cluster", 4, cluster::rounds),
    ("clocks", 3, clocks::rounds),
    ("random stream", 2, stream::rounds),
    ("memory", 3, memory::rounds),
];

fn main() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a whole number"));
    let minutes = number("SOAK_MINUTES");
    let seed = number("SOAK_SEED").unwrap_or_else(|| if minutes.is_some() { fastrand::u64(..1_000_000) } else { 1 });
    let only = std::env::var("SOAK_PART").ok();
    let parts: Vec<_> = PARTS.iter().filter(|(name, ..)| only.as_ref().is_none_or(|only| only == name)).collect();
    let mut report = Report::new(seed);
    for (number, (name, rounds, run)) in parts.iter().enumerate() {
        let share = minutes.map(|minutes| Duration::from_secs(minutes * 60) / parts.len() as u32);
        let deadline = share.map(|share| Instant::now() + share);
        let mut part = Part::new(name, seed + number as u64, *rounds, deadline);
        run(&mut part);
        report.add(part);
    }
    println!("{report}");
    if minutes.is_some() && only.is_none() {
        report.keep(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/SOAK.md")));
    }
    assert!(report.is_clean(), "seed {seed}: updates were lost, or what is there was not sent");
}
