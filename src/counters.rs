//! What the module has done since it was loaded, as `INFO tracker` shows it.

use std::sync::atomic::{AtomicU64, Ordering};

use lazy_static::lazy_static;

use crate::redis::{Info, NO_PERMISSION, TRY_AGAIN};

lazy_static! {
    /// The counters of this server.
    pub static ref COUNTERS: Counters = Counters::default();
}

/// How often each thing happened. A write counts on the primary, on each replica, and again when the AOF is loaded.
#[derive(Default)]
pub struct Counters {
    /// Records created.
    pub created: Counter,
    /// Updates applied.
    pub updated: Counter,
    /// Updates that came too late to change the record's state.
    pub stale: Counter,
    /// Updates refused because their object was deleted after the run was published.
    pub gone: Counter,
    /// Queries answered.
    pub queries: Counter,
    /// Records removed because their retention had ended.
    pub expired: Counter,
    /// Records removed because their object had too many.
    pub evicted: Counter,
    /// Values cut because they were too long.
    pub truncated: Counter,
}

/// Counts up from 0.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to the count.
    pub fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl Info for Counters {
    fn fields() -> Vec<(&'static str, u64)> {
        let counters = [
            ("created", &COUNTERS.created.0),
            ("updated", &COUNTERS.updated.0),
            ("stale", &COUNTERS.stale.0),
            ("gone", &COUNTERS.gone.0),
            ("queries", &COUNTERS.queries.0),
            ("expired", &COUNTERS.expired.0),
            ("evicted", &COUNTERS.evicted.0),
            ("truncated", &COUNTERS.truncated.0),
            ("acl_refused", &NO_PERMISSION),
            ("try_again", &TRY_AGAIN),
        ];
        counters.map(|(name, counter)| (name, counter.load(Ordering::Relaxed))).to_vec()
    }
}
