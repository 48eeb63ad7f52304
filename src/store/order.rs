//! How moments stand in a sorted set.

use std::cmp::Ordering;

use crate::model::Time;
use crate::redis::{Direction, ScoreRange};

/// The latest moment first.
pub(super) const LATEST_FIRST: Direction = Direction::Down;
/// The earliest moment first.
pub(super) const EARLIEST_FIRST: Direction = Direction::Up;

/// A moment as a score, which holds every one without loss.
pub(super) fn score(time: Time) -> f64 {
    time.millis() as f64
}

/// A score as a moment.
pub(super) fn time(score: f64) -> Option<Time> {
    Time::from_millis(score as i64)
}

/// The scores of all moments from `since` to `until`, both included.
pub(super) fn between(since: Option<Time>, until: Option<Time>) -> ScoreRange {
    ScoreRange { min: since.map_or(ScoreRange::ALL.min, score), max: until.map_or(ScoreRange::ALL.max, score) }
}

/// Orders members of sorted sets with their scores as the sets do: the earliest moment first.
pub(super) fn compare((a, a_score): &(Vec<u8>, f64), (b, b_score): &(Vec<u8>, f64)) -> Ordering {
    a_score.total_cmp(b_score).then_with(|| a.cmp(b))
}
