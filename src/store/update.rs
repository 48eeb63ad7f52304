use std::ffi::CStr;

use crate::counters::COUNTERS;
use crate::model::{
    transition, Condition, Event, Limits, Outcome, Record, Removed, Seconds, State, TaskId, Terms, Time, Transition,
};
use crate::redis::{Failure, Hash, Mode, Text};

use super::indexes::{Move, Reach};
use super::stored::Stored;
use super::{is_live, Given, GivenField, Indexes, Instance};

/// One update of one record.
pub struct Update<'a> {
    /// The task.
    pub task_id: Given<'a, TaskId<'a>>,
    /// What the client reports of it.
    pub event: Event<'a>,
    /// The given fields with their values.
    pub fields: Vec<GivenField<'a>>,
    /// Whether there has to be a record, or there must be none.
    pub condition: Condition,
}

/// What becomes of an update.
enum Decision<'c> {
    /// Its condition forbids it.
    Forbidden,
    /// Its object was deleted after the run was published.
    Gone,
    /// It is carried out.
    Due(Box<Due<'c>>),
}

/// An update to be carried out, with all that it will write open and checked.
struct Due<'c> {
    hash: Hash<'c>,
    indexes: Indexes<'c>,
    stored: Stored,
    transition: Transition,
    /// The end of the record's retention until now, if there is a record.
    end_before: Option<Time>,
    /// The end of its retention from now on, if that changes.
    end: Option<Time>,
    /// The ids whose retention has ended, a bounded number.
    ended: Vec<Vec<u8>>,
}

impl Instance<'_> {
    /// Creates or updates a record by the transition rule, all indexes with it, and removes records past their retention.
    /// Returns `None` if the condition forbids it. If it fails, it has written nothing.
    ///
    /// O(log n) for n records of the object, and O(states + names) for each record that is removed, a bounded number.
    pub fn update(&self, update: &Update<'_>, terms: &Terms) -> Result<Option<Outcome>, Failure> {
        let outcome = match self.repaired(terms, || self.decide(update, terms))? {
            Decision::Forbidden => return Ok(None),
            Decision::Gone => Outcome::Gone,
            Decision::Due(due) => self.carry_out(*due, update, terms)?,
        };
        count(outcome);
        Ok(Some(outcome))
    }

    /// Reads what the update is about, and checks all that it will write. Writes nothing.
    fn decide(&self, update: &Update<'_>, terms: &Terms) -> Result<Decision<'_>, Failure> {
        let task_id = update.task_id.text;
        let hash = self.hash(task_id.as_bytes(), Mode::Write)?;
        let mut indexes = self.indexes()?;
        let ended = indexes.ended(terms.now, Limits::REMOVED_PER_WRITE);
        let end_before = end_before(&hash, &indexes, &task_id, ended.is_empty());
        let is_live = is_live(&hash, end_before, terms.now);
        let stored = if is_live { Stored::read(&hash, &update.fields) } else { Stored::default() };
        let before = stored.record.as_ref();
        if !update.condition.allows(before) {
            return Ok(Decision::Forbidden);
        }
        if before.is_none() && self.is_gone(&update.event, terms)? {
            return Ok(Decision::Gone);
        }
        let transition = transition(before, &update.event).map_err(Failure::error)?;
        let end = new_end(&stored, &transition, update, terms);
        indexes.check(&Move { before, after: &transition.record, end_before, end, now: terms.now })?;
        Ok(Decision::Due(Box::new(Due { hash, indexes, stored, transition, end_before, end, ended })))
    }

    fn carry_out(&self, due: Due<'_>, update: &Update<'_>, terms: &Terms) -> Result<Outcome, Failure> {
        let Due { mut hash, mut indexes, stored, transition, end_before, end, ended } = due;
        let (task_id, before) = (update.task_id.text, stored.record.as_ref());
        let to = Move { before, after: &transition.record, end_before, end, now: terms.now };
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
            indexes.shorten(last, terms.now);
        }

        if written || end.is_some() || !leaving.is_empty() {
            self.replicate(terms);
        }
        leaving.count();
        notify(&hash, before, &transition);
        Ok(transition.outcome)
    }

    /// Whether the object was deleted when or after the run of the event was published. An event with neither a run nor a
    /// time counts as happening now.
    ///
    /// A deletion that lies in the future was noted before the server's clock was set back. It does not count for a run that
    /// agrees with the clock as it is now: the object would not be tracked until the clock reached that moment again.
    fn is_gone(&self, event: &Event<'_>, terms: &Terms) -> Result<bool, Failure> {
        let Some((published_at, deleted_at)) = event.published_at().zip(self.deleted_at(terms.now)?) else {
            return Ok(false);
        };
        let furthest = terms.now.after(Limits::FASTEST_CLOCK);
        let was_set_back = deleted_at > furthest && published_at <= furthest;
        Ok(published_at <= deleted_at && !was_set_back)
    }
}

/// The end of the retention of the record that a hash holds.
///
/// While no retention has ended unnoticed, the hash's own TTL gives it, which is cheaper than looking up the id.
fn end_before(hash: &Hash<'_>, indexes: &Indexes<'_>, task_id: &Text<'_>, none_has_ended: bool) -> Option<Time> {
    if !hash.exists() {
        return None;
    }
    let own_end = hash.expires_at().and_then(Time::from_millis).filter(|_| none_has_ended);
    own_end.or_else(|| indexes.end(task_id))
}

/// Counts an update by its outcome.
fn count(outcome: Outcome) {
    let counter = match outcome {
        Outcome::Created => &COUNTERS.created,
        Outcome::Updated => &COUNTERS.updated,
        Outcome::Stale => &COUNTERS.stale,
        Outcome::Gone => &COUNTERS.gone,
    };
    counter.add(1);
}

/// Publishes a keyspace event if the task got further.
fn notify(hash: &Hash<'_>, before: Option<&Record>, transition: &Transition) {
    let step = |record: &Record| (record.attempt, record.state);
    let begins_anew = matches!(transition.removed, Removed::Attempt | Removed::All);
    let is_step = begins_anew || before.map(step) != Some(step(&transition.record));
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

/// The other records that an update removes.
struct Leaving {
    /// Those whose retention has ended, a bounded number.
    expired: Vec<Vec<u8>>,
    /// Those that make room for a new record, a bounded number.
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
            // Records past their retention make room before any live one does.
            let others_count = surplus.min(Limits::REMOVED_TO_MAKE_ROOM);
            let mut others = indexes.ended(terms.now, ended_count + others_count).split_off(ended_count);
            others.retain(|other| other != task_id);
            let surplus = (surplus - others.len()).min(Limits::REMOVED_PER_WRITE);
            expired.extend(others);
            if surplus > 0 {
                evicted = indexes.first_to_evict(surplus, &expired, task_id);
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

/// The new end of the record's retention, if the update changes it. The retention counts from now, or from the moment at
/// which the task is due while it has not started.
fn new_end(stored: &Stored, transition: &Transition, update: &Update<'_>, terms: &Terms) -> Option<Time> {
    let record = &transition.record;
    let waits = record.state.rank() < State::Started.rank();
    let eta = stored.eta_after(transition, &update.fields).filter(|_| waits);
    let has_other_retention = stored.record.as_ref().is_some_and(|before| before.retention != record.retention);
    let has_other_eta = waits && stored.has_other_eta(eta);
    if transition.outcome == Outcome::Stale && !has_other_retention && !has_other_eta {
        return None;
    }
    let latest = terms.now.after(Seconds::LONGEST);
    let from = eta.map_or(terms.now, |eta| eta.clamp(terms.now, latest));
    Some(from.after(record.retention.unwrap_or(terms.retention_window)))
}
