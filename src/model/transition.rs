#[cfg(test)]
mod interleavings;

use std::cmp::Ordering;
use std::ffi::CStr;
use std::rc::Rc;

use super::{Event, Invalid, Record, State, Time, Timestamps};

/// What an update came to, as its reply says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There was no record.
    Created,
    /// The event was applied to the record.
    Updated,
    /// The record had already got further.
    Stale,
    /// The object was deleted after the run was published: no record is created.
    Gone,
}

impl Outcome {
    /// The reply.
    pub const fn name(self) -> &'static CStr {
        match self {
            Self::Created => c"CREATED",
            Self::Updated => c"UPDATED",
            Self::Stale => c"STALE",
            Self::Gone => c"GONE",
        }
    }
}

/// Which of the stored given fields an event removes, before its own are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// None.
    None,
    /// Those that describe how the attempt ended ([`FieldName::END`](super::FieldName::END)).
    End,
    /// All but `attempt_<n>`.
    Attempt,
    /// All.
    All,
}

/// Which of the given fields that came with an event are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// All; they overwrite stored ones.
    All,
    /// Those that the record lacks.
    Missing,
    /// The fields `attempt_<n>` that the record lacks.
    MissingOfAttempts,
    /// None.
    None,
}

/// What an event makes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// What the event came to.
    pub outcome: Outcome,
    /// The record from now on.
    pub record: Record,
    /// Which of the stored given fields are removed.
    pub removed: Removed,
    /// Which of the fields that came with the event are written.
    pub written: Written,
}

/// The transition rule: what `event` makes of `record`, or of none.
///
/// The events of one task come from several processes and arrive in any order, so an event never simply overwrites. It
/// is about one run and one attempt, and its state has a rank.
///
/// - A later run replaces everything; an earlier one is stale. An event without a run is about the run shown. A record
///   without a run takes the run of the first event that names one, since both are about the same task: which of the two
///   events came first must make no difference.
/// - A higher attempt of the run begins anew; a lower one is stale.
/// - A higher rank of the attempt is applied, a lower one fills gaps. The same state is applied again.
/// - A final state that takes the place of a tentative one replaces its end.
/// - Of an attempt's final states only one counts: the one applied first, or, of two equal ones with different times, the
///   one with the earlier time.
/// - STARTED of a finished attempt, with its run and with a time after the attempt's end, means that the message was
///   redelivered: the attempt begins anew.
///
/// Whatever the order in which the events of a task arrive, as long as each process' own events stay in order, they end
/// in the same record. `interleavings.rs` says for which events.
///
/// Fails only if the event needs a new record and lacks a state or a name.
pub fn transition(record: Option<&Record>, event: &Event<'_>) -> Result<Transition, Invalid> {
    let Some(record) = record else {
        return new_run(event, Outcome::Created);
    };
    match event.run.zip(record.run).map_or(Ordering::Equal, |(told, shown)| told.cmp(&shown)) {
        Ordering::Greater => new_run(event, Outcome::Updated),
        Ordering::Equal => Ok(same_run(record, event)),
        Ordering::Less => Ok(Transition {
            outcome: Outcome::Stale,
            record: record.clone(),
            removed: Removed::None,
            written: Written::None,
        }),
    }
}

fn new_run(event: &Event<'_>, outcome: Outcome) -> Result<Transition, Invalid> {
    let state = event.state.ok_or_else(|| Invalid::new("STATE", "given for a task that has no record yet"))?;
    let name = event.name.ok_or_else(|| Invalid::new("NAME", "given for a task that has no record yet"))?;
    let mut record = Record {
        name: name.as_str().into(),
        state,
        attempt: event.attempt.unwrap_or(0),
        created_at: event.time(),
        updated_at: event.time(),
        timestamps: Timestamps::default(),
        run: event.run,
        retention: event.retention,
        tentative: event.tentative,
    };
    stamp(&mut record.timestamps, state, event.time());
    Ok(Transition { outcome, record, removed: Removed::All, written: Written::All })
}

fn same_run(record: &Record, event: &Event<'_>) -> Transition {
    let Some(state) = event.state else {
        return match event.attempt {
            Some(attempt) if attempt != record.attempt => other_attempt(record, event),
            _ => overwriting(applied(record, event)),
        };
    };
    let attempt = event.attempt.unwrap_or(0);
    match attempt.cmp(&record.attempt) {
        Ordering::Greater => new_attempt(record, state, attempt, event),
        Ordering::Equal => same_attempt(record, state, event),
        Ordering::Less => other_attempt(record, event),
    }
}

/// `created_at`, the name and the record's own retention stay, unless the event gives another.
fn new_attempt(record: &Record, state: State, attempt: u32, event: &Event<'_>) -> Transition {
    let mut started = Record {
        state,
        attempt,
        updated_at: event.time(),
        timestamps: Timestamps::default(),
        tentative: event.tentative,
        ..applied(record, event)
    };
    stamp(&mut started.timestamps, state, event.time());
    Transition { removed: Removed::Attempt, ..overwriting(started) }
}

fn same_attempt(record: &Record, state: State, event: &Event<'_>) -> Transition {
    if is_another_delivery(record, state, event) {
        return another_delivery(record, event);
    }
    let told = (state.rank(), !event.tentative);
    match told.cmp(&(record.state.rank(), !record.tentative)) {
        Ordering::Greater if record.tentative => true_end(record, state, event),
        Ordering::Greater => reached(record, state, event),
        Ordering::Equal if state == record.state => repeated(record, state, event),
        Ordering::Equal => second_end(record, event),
        Ordering::Less if state.is_final() => replaced_end(record, event),
        Ordering::Less => late(record, state, event),
    }
}

/// A process reports its own events in order, and the process that starts a delivery also reports its end. So no late
/// event of the delivery that ended can look like this, whatever the clocks say.
fn is_another_delivery(record: &Record, state: State, event: &Event<'_>) -> bool {
    let is_after_end = event.at.zip(record.timestamps.finished).is_some_and(|(at, finished)| at > finished);
    state == State::Started && record.state.is_final() && event.run.is_some() && is_after_end
}

/// The attempt begins anew. It was published and received as before.
fn another_delivery(record: &Record, event: &Event<'_>) -> Transition {
    let restarted = Record {
        state: State::Started,
        timestamps: Timestamps { started: Some(event.time()), finished: None, ..record.timestamps },
        tentative: false,
        ..applied(record, event)
    };
    Transition { removed: Removed::Attempt, ..overwriting(restarted) }
}

/// The attempt gets further.
fn reached(record: &Record, state: State, event: &Event<'_>) -> Transition {
    let mut record = Record { state, tentative: event.tentative, ..applied(record, event) };
    stamp(&mut record.timestamps, state, event.time());
    overwriting(record)
}

/// The attempt's own end arrives after a tentative one: nothing of the tentative end stays.
fn true_end(record: &Record, state: State, event: &Event<'_>) -> Transition {
    let timestamps = Timestamps { finished: None, ..record.timestamps };
    let before = Record { timestamps, ..record.clone() };
    Transition { removed: Removed::End, ..reached(&before, state, event) }
}

/// A state is reported again. Of two equal ends with different times the earlier one counts, as a whole.
fn repeated(record: &Record, state: State, event: &Event<'_>) -> Transition {
    let times = event.at.zip(record.timestamps.finished).filter(|_| state.is_final());
    match times.map_or(Ordering::Equal, |(at, finished)| at.cmp(&finished)) {
        Ordering::Less => Transition { removed: Removed::End, ..reached(record, state, event) },
        Ordering::Equal => reached(record, state, event),
        Ordering::Greater => replaced_end(record, event),
    }
}

/// The attempt has already ended in another way. Nothing of this end is stored, so that two ends never mix.
fn second_end(record: &Record, event: &Event<'_>) -> Transition {
    stale(seen(record, event), Written::None)
}

/// A tentative end arrives after the attempt's own. Had it come first, it would have left nothing but its time in
/// `updated_at`; so it does the same now.
fn replaced_end(record: &Record, event: &Event<'_>) -> Transition {
    let updated_at = record.updated_at.max(event.time());
    stale(Record { updated_at, ..seen(record, event) }, Written::None)
}

/// The attempt has got further: the event fills gaps.
fn late(record: &Record, state: State, event: &Event<'_>) -> Transition {
    let mut filled = Record {
        updated_at: record.updated_at.max(event.time()),
        retention: record.retention.or(event.retention),
        ..seen(record, event)
    };
    stamp(&mut filled.timestamps, state, event.time());
    stale(filled, Written::Missing)
}

/// The event is about an attempt that is not shown.
fn other_attempt(record: &Record, event: &Event<'_>) -> Transition {
    stale(seen(record, event), Written::MissingOfAttempts)
}

fn stale(record: Record, written: Written) -> Transition {
    Transition { outcome: Outcome::Stale, record, removed: Removed::None, written }
}

fn overwriting(record: Record) -> Transition {
    Transition { outcome: Outcome::Updated, record, removed: Removed::None, written: Written::All }
}

/// The record with what every event of its run contributes, applied or stale.
fn seen(record: &Record, event: &Event<'_>) -> Record {
    Record { run: record.run.or(event.run), created_at: record.created_at.min(event.time()), ..record.clone() }
}

/// The record with what every applied event contributes.
fn applied(record: &Record, event: &Event<'_>) -> Record {
    Record {
        name: name(record, event),
        updated_at: record.updated_at.max(event.time()),
        retention: event.retention.or(record.retention),
        ..seen(record, event)
    }
}

fn name(record: &Record, event: &Event<'_>) -> Rc<str> {
    match event.name {
        Some(name) if name.as_str() != &*record.name => name.as_str().into(),
        _ => record.name.clone(),
    }
}

/// Of several events of one state the earliest counts, whichever arrives first.
fn stamp(timestamps: &mut Timestamps, state: State, at: Time) {
    if let Some(timestamp) = timestamps.of(state) {
        *timestamp = Some(timestamp.map_or(at, |earlier| earlier.min(at)));
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Seconds, TaskName};

    fn at(millis: i64) -> Time {
        Time::from_millis(millis).unwrap()
    }

    /// An event of the run that was published at 1.
    fn event(state: State, attempt: u32, millis: i64) -> Event<'static> {
        Event {
            state: Some(state),
            name: Some(TaskName::new("NAME", b"shop.pay").unwrap()),
            run: Some(at(1)),
            attempt: Some(attempt),
            at: Some(at(millis)),
            now: at(1_000),
            retention: None,
            tentative: false,
        }
    }

    fn tentative(state: State, attempt: u32, millis: i64) -> Event<'static> {
        Event { tentative: true, ..event(state, attempt, millis) }
    }

    fn of_run(run: i64, event: Event<'static>) -> Event<'static> {
        Event { run: Some(at(run)), ..event }
    }

    fn after(events: &[Event<'_>]) -> Record {
        last(events).record
    }

    fn last(events: &[Event<'_>]) -> Transition {
        let mut latest: Option<Transition> = None;
        for event in events {
            let record = latest.as_ref().map(|transition| &transition.record);
            latest = Some(transition(record, event).unwrap());
        }
        latest.unwrap()
    }

    fn fields(transition: &Transition) -> (Outcome, Removed, Written) {
        (transition.outcome, transition.removed, transition.written)
    }

    #[test]
    fn the_first_event_creates_the_record() {
        let transition = last(&[event(State::Received, 0, 5)]);
        assert_eq!(transition.outcome, Outcome::Created);
        let record = transition.record;
        assert_eq!((record.state, record.attempt, record.run), (State::Received, 0, Some(at(1))));
        assert_eq!((record.created_at, record.updated_at), (at(5), at(5)));
        assert_eq!(record.timestamps, Timestamps { received: Some(at(5)), ..Timestamps::default() });
    }

    #[test]
    fn a_new_record_needs_a_state_and_a_name() {
        for record in [None, Some(after(&[event(State::Started, 0, 5)]))] {
            let later = of_run(2, event(State::Pending, 0, 1));
            let nameless = transition(record.as_ref(), &Event { name: None, ..later });
            assert!(nameless.unwrap_err().to_string().starts_with("NAME must be given"));
            let stateless = transition(record.as_ref(), &Event { state: None, ..later });
            assert!(stateless.unwrap_err().to_string().starts_with("STATE must be given"));
        }
    }

    #[test]
    fn an_event_without_a_time_happens_now() {
        assert_eq!(after(&[Event { at: None, ..event(State::Started, 0, 5) }]).created_at, at(1_000));
    }

    #[test]
    fn a_higher_rank_is_applied_to_the_attempt() {
        let transition = last(&[event(State::Pending, 0, 1), event(State::Started, 0, 4), event(State::Success, 0, 9)]);
        assert_eq!(fields(&transition), (Outcome::Updated, Removed::None, Written::All));
        assert_eq!(transition.record.state, State::Success);
        assert_eq!(
            transition.record.timestamps,
            Timestamps { published: Some(at(1)), received: None, started: Some(at(4)), finished: Some(at(9)) }
        );
    }

    #[test]
    fn a_lower_rank_of_the_same_attempt_fills_gaps_only() {
        let transition = last(&[event(State::Success, 0, 9), event(State::Pending, 0, 1)]);
        assert_eq!(fields(&transition), (Outcome::Stale, Removed::None, Written::Missing));
        assert_eq!((transition.record.state, transition.record.created_at), (State::Success, at(1)));
        assert_eq!((transition.record.timestamps.published, transition.record.updated_at), (Some(at(1)), at(9)));
    }

    #[test]
    fn a_second_final_state_of_an_attempt_is_stale_and_nothing_of_it_is_kept() {
        let transition = last(&[event(State::Success, 0, 9), event(State::Failure, 0, 12)]);
        assert_eq!(fields(&transition), (Outcome::Stale, Removed::None, Written::None));
        assert_eq!(transition.record, after(&[event(State::Success, 0, 9)]));
    }

    #[test]
    fn of_two_equal_ends_the_earlier_one_counts_whichever_comes_first() {
        let late = last(&[event(State::Failure, 0, 9), event(State::Failure, 0, 12)]);
        assert_eq!(fields(&late), (Outcome::Stale, Removed::None, Written::None));
        let early = last(&[event(State::Failure, 0, 12), event(State::Failure, 0, 9)]);
        assert_eq!(fields(&early), (Outcome::Updated, Removed::End, Written::All));
        assert_eq!(early.record, late.record);
        assert_eq!((early.record.timestamps.finished, early.record.updated_at), (Some(at(9)), at(12)));
    }

    #[test]
    fn an_end_that_is_told_again_is_applied_again() {
        let told = event(State::Success, 0, 9);
        for again in [told, Event { at: None, ..told }] {
            let transition = last(&[told, again]);
            assert_eq!(fields(&transition), (Outcome::Updated, Removed::None, Written::All));
            assert_eq!(transition.record.timestamps.finished, Some(at(9)));
        }
    }

    #[test]
    fn a_repeated_event_keeps_the_earlier_timestamp() {
        let transition = last(&[event(State::Started, 0, 4), event(State::Started, 0, 7)]);
        assert_eq!(fields(&transition), (Outcome::Updated, Removed::None, Written::All));
        assert_eq!(transition.record.timestamps.started, Some(at(4)));
        assert_eq!(transition.record.updated_at, at(7));
    }

    #[test]
    fn a_higher_attempt_begins_anew_and_keeps_created_at_and_retention() {
        let kept = Event { retention: Seconds::new(60), ..event(State::Failure, 0, 9) };
        let transition = last(&[event(State::Pending, 0, 1), kept, event(State::Retry, 1, 10)]);
        assert_eq!(fields(&transition), (Outcome::Updated, Removed::Attempt, Written::All));
        let record = transition.record;
        assert_eq!((record.state, record.attempt, record.created_at), (State::Retry, 1, at(1)));
        assert_eq!((record.updated_at, record.timestamps), (at(10), Timestamps::default()));
        assert_eq!((record.retention, record.run), (Seconds::new(60), Some(at(1))));
    }

    #[test]
    fn nothing_of_a_lower_attempt_is_kept_but_its_age_and_the_fields_of_attempts() {
        let transition = last(&[event(State::Started, 1, 10), event(State::Failure, 0, 4)]);
        assert_eq!(fields(&transition), (Outcome::Stale, Removed::None, Written::MissingOfAttempts));
        assert_eq!((transition.record.created_at, transition.record.updated_at), (at(4), at(10)));
        assert_eq!(transition.record.timestamps.finished, None);
    }

    #[test]
    fn a_later_run_replaces_everything() {
        let kept = Event { retention: Seconds::new(60), ..event(State::Failure, 3, 9) };
        let later = of_run(2, event(State::Pending, 0, 20));
        let transition = last(&[event(State::Pending, 0, 1), kept, later]);
        assert_eq!(fields(&transition), (Outcome::Updated, Removed::All, Written::All));
        assert_eq!(transition.record, after(&[later]));
    }

    #[test]
    fn nothing_of_an_earlier_run_is_kept_not_even_its_age() {
        let later = of_run(2, event(State::Pending, 0, 20));
        let transition = last(&[later, event(State::Success, 5, 3)]);
        assert_eq!(fields(&transition), (Outcome::Stale, Removed::None, Written::None));
        assert_eq!(transition.record, after(&[later]));
    }

    #[test]
    fn an_event_without_a_run_is_about_the_run_shown() {
        let success = Event { run: None, ..event(State::Success, 0, 9) };
        let record = after(&[event(State::Started, 0, 5), success]);
        assert_eq!((record.state, record.run), (State::Success, Some(at(1))));
    }

    #[test]
    fn a_record_without_a_run_takes_the_run_that_an_event_names() {
        let without = Event { run: None, ..event(State::Started, 0, 5) };
        assert_eq!(after(&[without]).run, None);
        let pending = event(State::Pending, 0, 2);
        assert_eq!(after(&[without, pending]), after(&[pending, without]));
        assert_eq!(after(&[without, pending]).run, Some(at(1)));
    }

    #[test]
    fn started_after_the_end_is_another_delivery() {
        let ended = [event(State::Pending, 0, 2), event(State::Started, 0, 5), event(State::Failure, 0, 9)];
        let transition = last(&[&ended[..], &[event(State::Started, 0, 10)]].concat());
        assert_eq!(fields(&transition), (Outcome::Updated, Removed::Attempt, Written::All));
        let record = transition.record;
        assert_eq!((record.state, record.created_at, record.updated_at), (State::Started, at(2), at(10)));
        let timestamps = Timestamps { published: Some(at(2)), started: Some(at(10)), ..Timestamps::default() };
        assert_eq!(record.timestamps, timestamps);
    }

    #[test]
    fn nothing_but_started_of_the_run_and_attempt_shown_after_the_end_reopens() {
        let ended = event(State::Success, 1, 9);
        for other in [
            event(State::Received, 1, 12),
            event(State::Pending, 1, 12),
            event(State::Started, 1, 9),
            event(State::Started, 0, 12),
            Event { run: None, ..event(State::Started, 1, 12) },
            Event { at: None, ..event(State::Started, 1, 12) },
            of_run(0, event(State::Started, 1, 12)),
        ] {
            let transition = last(&[ended, other]);
            assert_eq!((transition.outcome, transition.record.state), (Outcome::Stale, State::Success), "{other:?}");
        }
    }

    #[test]
    fn a_tentative_end_gives_way_to_the_true_one() {
        let events = [event(State::Started, 0, 5), tentative(State::Failure, 0, 20), event(State::Failure, 0, 9)];
        let tentative = last(&events[..2]);
        assert_eq!((tentative.record.tentative, tentative.record.updated_at), (true, at(20)));
        let ended = last(&events);
        assert_eq!(fields(&ended), (Outcome::Updated, Removed::End, Written::All));
        assert_eq!(ended.record, Record { updated_at: at(20), ..after(&[events[0], events[2]]) });
    }

    #[test]
    fn of_a_tentative_end_after_the_true_one_only_the_time_counts() {
        let ended = [event(State::Started, 0, 5), event(State::Success, 0, 9)];
        let transition = last(&[&ended[..], &[tentative(State::Failure, 0, 12)]].concat());
        assert_eq!(fields(&transition), (Outcome::Stale, Removed::None, Written::None));
        assert_eq!(transition.record, Record { updated_at: at(12), ..after(&ended) });
    }

    #[test]
    fn a_tentative_end_outranks_started_and_is_reopened_like_a_true_one() {
        let lost = [event(State::Started, 0, 5), tentative(State::Failure, 0, 20)];
        let late = last(&[&lost[..], &[event(State::Started, 0, 6)]].concat());
        assert_eq!((late.outcome, late.record.state), (Outcome::Stale, State::Failure));
        let again = after(&[&lost[..], &[event(State::Started, 0, 21)]].concat());
        assert_eq!((again.state, again.tentative, again.timestamps.finished), (State::Started, false, None));
    }

    #[test]
    fn an_event_without_a_state_is_about_the_attempt_shown() {
        let started = after(&[event(State::Started, 1, 5)]);
        let told = Event { state: None, attempt: None, ..event(State::Pending, 0, 8) };
        let updated = transition(Some(&started), &told).unwrap();
        assert_eq!(fields(&updated), (Outcome::Updated, Removed::None, Written::All));
        assert_eq!((updated.record.state, updated.record.updated_at), (State::Started, at(8)));
        for other in [0, 2] {
            let stale = transition(Some(&started), &Event { attempt: Some(other), ..told }).unwrap();
            assert_eq!(fields(&stale), (Outcome::Stale, Removed::None, Written::MissingOfAttempts));
        }
    }

    #[test]
    fn a_replaced_task_takes_its_new_name_when_it_starts_again() {
        let replaced = Event { name: TaskName::new("NAME", b"shop.other").ok(), ..event(State::Started, 0, 8) };
        assert_eq!(&*after(&[event(State::Started, 0, 5), replaced]).name, "shop.other");
        let late = Event { state: Some(State::Pending), ..replaced };
        assert_eq!(&*after(&[event(State::Started, 0, 5), late]).name, "shop.pay");
    }
}
