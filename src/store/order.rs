//! Times as scores of a sorted set.

use std::cmp::Ordering;

use crate::model::Time;
use crate::redis::{Direction, ScoreRange};

/// The latest time first.
pub(super) const LATEST_FIRST: Direction = Direction::Down;
/// The earliest time first.
pub(super) const EARLIEST_FIRST: Direction = Direction::Up;

/// A time as a score. Scores hold every time exactly.
pub(super) fn score(time: Time) -> f64 {
    time.millis() as f64
}

/// A score as a time.
pub(super) fn time(score: f64) -> Option<Time> {
    Time::from_millis(score as i64)
}

/// The scores of all times from `since` to `until`, both included.
pub(super) fn between(since: Option<Time>, until: Option<Time>) -> ScoreRange {
    ScoreRange { min: since.map_or(ScoreRange::ALL.min, score), max: until.map_or(ScoreRange::ALL.max, score) }
}

/// The order of members in a sorted set, the earliest first.
pub(super) fn compare((a, a_score): &(Vec<u8>, f64), (b, b_score): &(Vec<u8>, f64)) -> Ordering {
    a_score.total_cmp(b_score).then_with(|| a.cmp(b))
}
