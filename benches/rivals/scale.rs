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
    };
}
