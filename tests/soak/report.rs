use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use fastrand::Rng;

/// What a comparison of the store with the log found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Promised updates that are not there.
    pub lost: usize,
    /// Records that nobody sent.
    pub unsent: usize,
    /// Records that are listed more than once, and keys that more than one node holds.
    pub twice: usize,
    /// Records that are not what the model makes of the updates sent.
    pub mismatched: usize,
}

impl std::ops::AddAssign for Found {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.unsent += other.unsent;
        self.twice += other.twice;
        self.mismatched += other.mismatched;
    }
}

/// One part of a run: rounds of load, each with a fault.
pub struct Part {
    /// The source of the part's random choices.
    pub random: Rng,
    name: &'static str,
    begun: Instant,
    deadline: Option<Instant>,
    rounds: usize,
    most_rounds: usize,
    faults: BTreeMap<String, usize>,
    updates: usize,
    found: Found,
}

impl Part {
    /// A part that ends after some rounds, or at the deadline where there is one, but not before its first round.
    pub fn new(name: &'static str, seed: u64, most_rounds: usize, deadline: Option<Instant>) -> Self {
        let random = Rng::with_seed(seed);
        let (rounds, faults, updates, found) = (0, BTreeMap::new(), 0, Found::default());
        Self { random, name, begun: Instant::now(), deadline, rounds, most_rounds, faults, updates, found }
    }

    /// Whether there is another round to run.
    pub fn goes_on(&self) -> bool {
        self.deadline.map_or(self.rounds < self.most_rounds, |deadline| self.rounds == 0 || Instant::now() < deadline)
    }

    /// Whether the part runs a few rounds only.
    pub fn is_short(&self) -> bool {
        self.deadline.is_none()
    }

    /// The number of the round, from 0.
    pub fn round(&self) -> usize {
        self.rounds
    }

    /// Counts a round that is over, and tells of it.
    pub fn end_round(&mut self, fault: &str, updates: usize, found: Found) {
        self.rounds += 1;
        *self.faults.entry(fault.to_owned()).or_default() += 1;
        self.updates += updates;
        self.found += found;
        let Found { lost, unsent, twice, mismatched } = found;
        eprintln!(
            "{:>5} s  {} {}: {fault}; {updates} updates, {lost} lost, {unsent} unsent, {twice} twice, {mismatched} mismatched",
            self.begun.elapsed().as_secs(),
            self.name,
            self.rounds,
        );
    }
}

/// The table of a run on one server.
pub struct Report {
    seed: u64,
    begun: Instant,
    parts: Vec<Part>,
}

impl Report {
    pub fn new(seed: u64) -> Self {
        Self { seed, begun: Instant::now(), parts: Vec::new() }
    }

    pub fn add(&mut self, part: Part) {
        self.parts.push(part);
    }

    /// Whether nothing was lost or wrong.
    pub fn is_clean(&self) -> bool {
        self.parts.iter().all(|part| part.found == Found::default())
    }

    /// Takes the place of the last run on the same server in a file that has a section for each server.
    pub fn keep(&self, file: &Path) {
        let kept = fs::read_to_string(file).unwrap_or_default();
        let others = kept.split("\n## ").skip(1).filter(|section| !section.starts_with(&format!("{}\n", server())));
        let mut sections: Vec<_> = others.map(|section| section.trim_end().to_owned()).collect();
        sections.push(self.to_string().trim_start_matches("## ").trim_end().to_owned());
        sections.sort();
        let sections: String = sections.iter().map(|section| format!("\n## {section}\n")).collect();
        fs::write(file, format!("{INTRODUCTION}{sections}")).expect("the file can be written");
    }
}

const INTRODUCTION: &str = "# The last long run on each server

Written by `make soak`, which breaks servers while clients write, and compares what is there afterwards with what the clients
were told. A round is a time of load with a fault. Lost are updates that were acknowledged and are not there, unsent are
records that nobody sent, twice are those that are listed more than once or stand on two nodes, and mismatched are those that
are not what the transition rule makes of the updates sent, and data that differ between a server, its replicas and its files.
";

/// The server's name and version.
fn server() -> String {
    let program = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
    let told = Command::new(program).arg("--version").output().expect("the server is installed").stdout;
    let told = String::from_utf8_lossy(&told).into_owned();
    let name = if told.starts_with("Valkey") { "Valkey" } else { "Redis" };
    let version = told.split_whitespace().find_map(|word| word.strip_prefix("v=")).unwrap_or("of unknown version");
    format!("{name} {version}")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.begun.elapsed().as_secs().div_ceil(60);
        writeln!(f, "## {}\n\n{minutes} minutes, seed {}.\n", server(), self.seed)?;
        writeln!(f, "| part | faults | rounds | updates acknowledged | lost | unsent | twice | mismatches |")?;
        writeln!(f, "|---|---|---|---|---|---|---|---|")?;
        for Part { name, faults, rounds, updates, found, .. } in &self.parts {
            let faults: Vec<_> = faults.iter().map(|(fault, times)| format!("{times} × {fault}")).collect();
            let Found { lost, unsent, twice, mismatched } = found;
            let faults = faults.join(", ");
            writeln!(f, "| {name} | {faults} | {rounds} | {updates} | {lost} | {unsent} | {twice} | {mismatched} |")?;
        }
        Ok(())
    }
}
