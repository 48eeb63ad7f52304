use std::fmt;
use std::time::Instant;

use fastrand::Rng;

/// What a comparison of the store with the log found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Promised updates that are not there.
    pub lost: usize,
    /// Records that nobody sent, or that are listed more than once.
    pub unsent: usize,
    /// Records that are not what the model makes of the updates sent.
    pub mismatched: usize,
}

impl std::ops::AddAssign for Found {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.unsent += other.unsent;
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
    updates: usize,
    found: Found,
}

impl Part {
    /// A part that ends after some rounds, or at the deadline where there is one.
    pub fn new(name: &'static str, seed: u64, most_rounds: usize, deadline: Option<Instant>) -> Self {
        let random = Rng::with_seed(seed);
        let (rounds, updates, found) = (0, 0, Found::default());
        Self { random, name, begun: Instant::now(), deadline, rounds, most_rounds, updates, found }
    }

    /// Whether there is another round to run.
    pub fn goes_on(&self) -> bool {
        self.deadline.map_or(self.rounds < self.most_rounds, |deadline| Instant::now() < deadline)
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
        self.updates += updates;
        self.found += found;
        let Found { lost, unsent, mismatched } = found;
        eprintln!(
            "{:>5} s  {} {}: {fault}; {updates} updates, {lost} lost, {unsent} unsent, {mismatched} mismatched",
            self.begun.elapsed().as_secs(),
            self.name,
            self.rounds,
        );
    }
}

/// The table of a run.
pub struct Report {
    seed: u64,
    parts: Vec<Part>,
}

impl Report {
    pub fn new(seed: u64) -> Self {
        Self { seed, parts: Vec::new() }
    }

    pub fn add(&mut self, part: Part) {
        self.parts.push(part);
    }

    /// Whether nothing was lost or wrong.
    pub fn is_clean(&self) -> bool {
        self.parts.iter().all(|part| part.found == Found::default())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
        let server = server.rsplit('/').next().unwrap_or_default().to_owned();
        writeln!(f, "# The last long run\n\nWritten by `make soak`. Server: {server}, seed: {}.\n", self.seed)?;
        writeln!(
            f,
            "| part | rounds, each with a fault | acknowledged updates | lost | not sent, or twice | mismatches |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for Part { name, rounds, updates, found: Found { lost, unsent, mismatched }, .. } in &self.parts {
            writeln!(f, "| {name} | {rounds} | {updates} | {lost} | {unsent} | {mismatched} |")?;
        }
        Ok(())
    }
}
