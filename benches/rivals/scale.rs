//! How much is measured.

/// How often, and on how much.
pub struct Scale {
    /// Rounds in which all rivals take turns.
    pub rounds: usize,
    /// Tasks whose life each rival writes in one round.
    pub tasks: usize,
    /// What a throughput round lasts, as a share of the full one's.
    pub throughput: f64,
    /// Random updates that all rivals have to agree on.
    pub random_updates: usize,
}

impl Scale {
    /// All of it: some minutes.
    pub const FULL: Self = Self { rounds: 80, tasks: 200, throughput: 1.0, random_updates: 20_000 };

    /// As little as still runs every line: some seconds, whose figures mean nothing.
    pub const QUICK: Self = Self { rounds: 2, tasks: 100, throughput: 0.25, random_updates: 5_000 };
}
