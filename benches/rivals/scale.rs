//! How much is measured.

/// How often, and on how much.
pub struct Scale {
    /// Rounds in which all rivals take turns.
    pub rounds: usize,
    /// Tasks whose life each rival writes in one round.
    pub tasks: usize,
    /// What a throughput round lasts, as a share of the full one's.
    pub throughput: f64,
    /// Records of the object that is paged through.
    pub history: usize,
    /// Records per object, growing.
    pub histories: &'static [usize],
    /// Objects of a server, growing.
    pub objects: &'static [usize],
    /// Random updates that all rivals have to agree on.
    pub random_updates: usize,
    /// Records that one EXPIRE removes.
    pub expired: usize,
    /// Records of an object that is as large as may be.
    pub largest_object: usize,
    /// Rounds in which workers take turns.
    pub busy_rounds: usize,
    /// Tasks of 10 ms that each worker runs in a round, beside ten times as many that do nothing.
    pub busy_tasks: usize,
}

impl Scale {
    /// All of it: some minutes.
    pub const FULL: Self = Self {
        rounds: 80,
        tasks: 200,
        throughput: 1.0,
        history: 100_000,
        histories: &[10, 100, 1_000, 10_000, 100_000],
        objects: &[1_000, 10_000, 100_000, 1_000_000],
        random_updates: 20_000,
        expired: 10_000,
        largest_object: 10_000,
        busy_rounds: 9,
        busy_tasks: 100,
    };

    /// As little as still runs every line: some seconds, whose figures mean nothing.
    pub const QUICK: Self = Self {
        rounds: 2,
        tasks: 100,
        throughput: 0.5,
        history: 10_000,
        histories: &[10, 1_000],
        objects: &[1_000, 5_000],
        random_updates: 5_000,
        expired: 1_000,
        largest_object: 1_000,
        busy_rounds: 1,
        busy_tasks: 10,
    };
}
