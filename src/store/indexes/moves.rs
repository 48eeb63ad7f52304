use crate::model::{Record, Time};

use super::lifetime::slack;

/// How an update moves a record from some indexes to others.
pub struct Move<'r> {
    /// The record until now, if there is one.
    pub before: Option<&'r Record>,
    /// The record from now on.
    pub after: &'r Record,
    /// The end of its retention until now, if there is one.
    pub end_before: Option<Time>,
    /// The end of its retention from now on, if that changes.
    pub end: Option<Time>,
    /// The clock.
    pub now: Time,
}

/// The indexes that a move changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// None.
    None,
    /// Those of the two states, and that of the ends.
    States,
    /// Any.
    All,
}

impl Move<'_> {
    /// The indexes that it changes.
    ///
    /// One more step of an attempt, soon after the step before, only changes the indexes of its states. The others live long
    /// enough: the at most four steps of an attempt together take less than the reserve that
    /// [`extend`](super::lifetime::extend) gave them when it began.
    pub fn reach(&self) -> Reach {
        let Some(before) = self.before else {
            return Reach::All;
        };
        let stays = before.name == self.after.name && before.created_at == self.after.created_at;
        let (Some(end_before), Some(end)) = (self.end_before, self.end) else {
            return if stays && self.end.is_none() { Reach::None } else { Reach::All };
        };
        let is_step = before.attempt == self.after.attempt && before.state.rank() < self.after.state.rank();
        let later = end.millis() - end_before.millis();
        let is_soon = (0..=slack(end, self.now) / 10).contains(&later);
        if stays && is_step && is_soon {
            Reach::States
        } else {
            Reach::All
        }
    }
}
