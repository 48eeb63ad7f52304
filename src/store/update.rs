use std::ffi::CStr;

use crate::counters::COUNTERS;
use crate::model::{
    transition, Condition, Event, GivenFields, Limits, Outcome, Record, State, TaskId, Terms, Time, Transition,
};
use crate::redis::{Failure, Hash, Mode, Text};

use super::indexes::{Move, Reach};
use super::stored::Stored;
use super::{is_live, Given, GivenField, Indexes, Instance};

/// One update of one record.
pub struct Update<'a> {
    /// The task.
    pub task_id: Given<'a, TaskId<'a>>,
    /// What is reported of it.
    pub event: Event<'a>,
    /// The given fields with their values.
    pub fields: Vec<GivenField<'a>>,
    /// Whether there has to be a record, or must not be.
    pub condition: Condition,
}

impl Instance<'_> {
    /// Creates or updates a record by the transition rule, all indexes with it, and removes what has run out. `None`
    /// where the condition forbids it. Fails before the first write, or not at all.
    ///
    /// O(log n) for n records of the object, and O(states + names) for each record that leaves.
    pub fn update(&self, update: &Update<'_>, terms: &Terms) -> Result<Option<Outcome>, Failure> {
        let task_id = update.task_id.text;
        let mut hash = self.hash(task_id.as_bytes(), Mode::Write)?;
        let mut indexes = self.indexes()?;
        let ended = indexes.ended(terms.now, Limits::REMOVED_PER_WRITE);
        let end_before = end_before(&hash, &indexes, &task_id, ended.is_empty());
        let stored = is_live(&hash, end_before, terms.now).then(|| Stored::read(&hash, &update.fields));
        let stored = stored.unwrap_or_else(|| Stored::nothing(&update.fields));
        let before = stored.record.as_ref();
        if !update.condition.allows(before) {
            return Ok(None);
        }
        let transition = transition(before, &update.event).map_err(Failure::error)?;
        let end = starts_anew(before, &transition, terms);
        let to = Move { before, after: &transition.record, end_before, end, now: terms.now };
        indexes.check(&to)?;

        let leaving = Leaving::with(&mut indexes, ended, task_id.as_bytes(), &to, terms);
        let last_evicted = leaving.evicted.iter().filter_map(|task_id| indexes.end(task_id)).max();
        self.remove(&mut indexes, &leaving.expired);
        self.remove(&mut indexes, &leaving.evicted);
        let written = stored.write(&mut hash, &transition, update, terms);
        if let Some(end) = end {
            hash.expire_at(end.millis());
        }
        if written || end.is_some() {
            indexes.place(&task_id, &to)?;
        }
        let shortened = end_before.filter(|before| end.is_some_and(|end| end < *before));
        if let Some(last) = shortened.max(last_evicted) {
            indexes.let_go(last, terms.now);
        }

        if written || end.is_some() || !leaving.is_empty() {
            self.replicate(terms);
        }
        leaving.count();
        tell(&hash, before, &transition);
        Ok(Some(transition.outcome))
    }
}

/// The end of the retention of the record that a hash holds.
///
/// Where no id has run out the hash's own TTL tells it, which costs less than to look the id up.
fn end_before(hash: &Hash<'_>, indexes: &Indexes<'_>, task_id: &Text<'_>, none_has_ended: bool) -> Option<Time> {
    if !hash.exists() {
        return None;
    }
    let own_end = hash.expires_at().and_then(Time::from_millis).filter(|_| none_has_ended);
    own_end.or_else(|| indexes.end(task_id))
}

/// Counts what the update came to, and notifies those who listen to keyspace events where the task got further.
fn tell(hash: &Hash<'_>, before: Option<&Record>, transition: &Transition) {
    match transition.outcome {
        Outcome::Created => COUNTERS.created.add(1),
        Outcome::Updated => COUNTERS.updated.add(1),
        Outcome::Stale => COUNTERS.stale.add(1),
    }
    let step = |record: &Record| (record.attempt, record.state);
    let is_step = transition.fields == GivenFields::Replace || before.map(step) != Some(step(&transition.record));
    if is_step {
        hash.notify(event(transition.record.state));
    }
}

/// The keyspace event for a task that has reached that state.
fn event(state: State) -> &'static CStr {
    match state {
        State::Pending => c"tracker.pending",
        State::Received => c"tracker.received",
        State::Retry => c"tracker.retry",
        State::Started => c"tracker.started",
        State::Success => c"tracker.success",
        State::Failure => c"tracker.failure",
        State::Revoked => c"tracker.revoked",
        State::Rejected => c"tracker.rejected",
        State::Ignored => c"tracker.ignored",
    }
}

/// The other records that leave with an update.
struct Leaving {
    /// Those whose retention has ended, a bounded number.
    expired: Vec<Vec<u8>>,
    /// Those that a new record would be too many for.
    evicted: Vec<Vec<u8>>,
}

impl Leaving {
    fn with(indexes: &mut Indexes<'_>, ended: Vec<Vec<u8>>, task_id: &[u8], to: &Move<'_>, terms: &Terms) -> Self {
        let ended_count = ended.len();
        let mut expired = ended;
        if to.reach() == Reach::All {
            expired.extend(indexes.lost(Limits::REMOVED_PER_WRITE));
        }
        expired.retain(|expired| expired != task_id);
        let mut evicted = Vec::new();
        if to.before.is_none() && terms.surplus(indexes.len()) > 0 {
            let gone = expired.len() + usize::from(indexes.holds(task_id));
            let surplus = terms.surplus(indexes.len().saturating_sub(gone));
            // What has run out makes room before anything live does, however much it is.
            let mut others = indexes.ended(terms.now, ended_count + surplus).split_off(ended_count);
            others.retain(|other| other != task_id);
            let surplus = surplus - others.len();
            expired.extend(others);
            if surplus > 0 {
                evicted = indexes.oldest(surplus, &expired, task_id);
            }
        }
        Self { expired, evicted }
    }

    fn is_empty(&self) -> bool {
        self.expired.is_empty() && self.evicted.is_empty()
    }

    fn count(&self) {
        COUNTERS.expired.add(self.expired.len());
        COUNTERS.evicted.add(self.evicted.len());
    }
}

/// The new end of the record's retention, where the update starts it anew.
fn starts_anew(before: Option<&Record>, transition: &Transition, terms: &Terms) -> Option<Time> {
    let record = &transition.record;
    let has_other_retention = before.is_some_and(|before| before.retention != record.retention);
    let retention = record.retention.unwrap_or(terms.retention_window);
    (transition.outcome != Outcome::Stale || has_other_retention).then(|| terms.now.after(retention))
}
