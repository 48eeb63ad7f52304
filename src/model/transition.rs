use std::cmp::Ordering;
use std::ffi::CStr;
use std::rc::Rc;

use super::{Invalid, Record, Seconds, State, TaskName, Time, Timestamps};

/// What a client reports of a task, apart from the fields that are only stored.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// The state reached; `None` where the event only sets fields.
    pub state: Option<State>,
    /// The task's name.
    pub name: Option<TaskName<'a>>,
    /// The attempt that the event is about. Without one, an event with a state is about the first attempt, and one
    /// that only sets fields is about the attempt shown.
    pub attempt: Option<u32>,
    /// When it happened.
    pub at: Time,
    /// A retention of the record's own.
    pub retention: Option<Seconds>,
    /// Whether the broker delivered a finished task once more.
    pub rerun: bool,
}

/// Whether an update asks for a record to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Condition {
    /// It does not.
    #[default]
    Any,
    /// Only where there is none (`NX`).
    Missing,
    /// Only where there is one (`XX`).
    Present,
}

impl Condition {
    /// Whether the update may go on, given the record that was found.
    pub fn allows(self, record: Option<&Record>) -> bool {
        match self {
            Self::Any => true,
            Self::Missing => record.is_none(),
            Self::Present => record.is_some(),
        }
    }
}

/// What an update came to, as its reply says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There was no record.
    Created,
    /// The record took the event on.
    Updated,
    /// The record had already got further.
    Stale,
}

impl Outcome {
    /// The reply.
    pub const fn name(self) -> &'static CStr {
        match self {
            Self::Created => c"CREATED",
            Self::Updated => c"UPDATED",
            Self::Stale => c"STALE",
        }
    }
}

/// What becomes of the given fields, those stored and those that came with the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenFields {
    /// The stored ones go, the event's are stored.
    Replace,
    /// The event's overwrite the stored ones of the same name.
    Overwrite,
    /// Of the event's, those are stored that the record lacks.
    FillIn,
    /// Nothing of the event's is kept.
    Ignore,
}

/// What an event makes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// What the event came to.
    pub outcome: Outcome,
    /// The record from now on.
    pub record: Record,
    /// What becomes of the given fields.
    pub fields: GivenFields,
}

/// The transition rule: what `event` makes of `record`, or of none.
///
/// Signals of one task come from several processes and arrive in any order, so an event never simply overwrites. It
/// carries `(attempt, rank of its state)`. Higher than the record's pair: applied. Equal and the same state: applied
/// again. Otherwise stale. For any set of events with one final state per attempt, every order of arrival ends in the
/// same state, timestamps and `created_at`.
///
/// Fails only where there is no record and the event lacks a state or a name.
pub fn transition(record: Option<&Record>, event: &Event<'_>) -> Result<Transition, Invalid> {
    let Some(record) = record else {
        return first(event);
    };
    let Some(state) = event.state else {
        return Ok(fields_only(record, event));
    };
    let attempt = event.attempt.unwrap_or(0);
    if event.rerun && record.state.is_final() && attempt <= record.attempt {
        return Ok(if event.at >= record.updated_at {
            fresh_page(record, state, attempt, event)
        } else {
            stale(record, state, attempt, event)
        });
    }
    let further = (attempt, state.rank()).cmp(&(record.attempt, record.state.rank()));
    Ok(match further {
        Ordering::Greater if attempt > record.attempt => fresh_page(record, state, attempt, event),
        Ordering::Greater => same_page(record, state, event),
        Ordering::Equal if state == record.state => same_page(record, state, event),
        _ => stale(record, state, attempt, event),
    })
}

fn first(event: &Event<'_>) -> Result<Transition, Invalid> {
    let state = event.state.ok_or_else(|| Invalid::new("STATE", "given for a task that has no record yet"))?;
    let name = event.name.ok_or_else(|| Invalid::new("NAME", "given for a task that has no record yet"))?;
    let mut record = Record {
        name: name.as_str().into(),
        state,
        attempt: event.attempt.unwrap_or(0),
        created_at: event.at,
        updated_at: event.at,
        timestamps: Timestamps::default(),
        retention: event.retention,
    };
    stamp(&mut record.timestamps, state, event.at);
    Ok(Transition { outcome: Outcome::Created, record, fields: GivenFields::Replace })
}

/// Another attempt begins: `created_at` and the record's own retention stay, and the name unless a new one is given.
fn fresh_page(record: &Record, state: State, attempt: u32, event: &Event<'_>) -> Transition {
    let mut record = Record {
        name: name(record, event),
        state,
        attempt,
        created_at: record.created_at.min(event.at),
        updated_at: event.at,
        timestamps: Timestamps::default(),
        retention: event.retention.or(record.retention),
    };
    stamp(&mut record.timestamps, state, event.at);
    Transition { outcome: Outcome::Updated, record, fields: GivenFields::Replace }
}

/// The attempt gets further, or says again how far it is.
fn same_page(record: &Record, state: State, event: &Event<'_>) -> Transition {
    let mut updated = touched(record, event);
    updated.state = state;
    stamp(&mut updated.timestamps, state, event.at);
    Transition { outcome: Outcome::Updated, record: updated, fields: GivenFields::Overwrite }
}

/// An event without a state says something about the attempt shown, and nothing about any other.
fn fields_only(record: &Record, event: &Event<'_>) -> Transition {
    if event.attempt.is_some_and(|attempt| attempt != record.attempt) {
        return ignored(record, event);
    }
    Transition { outcome: Outcome::Updated, record: touched(record, event), fields: GivenFields::Overwrite }
}

/// The record has got further: an earlier event of its attempt only fills gaps, one of another attempt nothing.
fn stale(record: &Record, state: State, attempt: u32, event: &Event<'_>) -> Transition {
    if attempt < record.attempt {
        return ignored(record, event);
    }
    let mut filled = record.clone();
    filled.created_at = record.created_at.min(event.at);
    filled.retention = record.retention.or(event.retention);
    if !state.is_final() {
        filled.updated_at = record.updated_at.max(event.at);
        stamp(&mut filled.timestamps, state, event.at);
    }
    Transition { outcome: Outcome::Stale, record: filled, fields: GivenFields::FillIn }
}

fn ignored(record: &Record, event: &Event<'_>) -> Transition {
    Transition {
        outcome: Outcome::Stale,
        record: Record { created_at: record.created_at.min(event.at), ..record.clone() },
        fields: GivenFields::Ignore,
    }
}

/// The record with all that an applied event changes beside its state.
fn touched(record: &Record, event: &Event<'_>) -> Record {
    Record {
        name: name(record, event),
        created_at: record.created_at.min(event.at),
        updated_at: record.updated_at.max(event.at),
        retention: event.retention.or(record.retention),
        ..record.clone()
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
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Time {
        Time::from_millis(millis).unwrap()
    }

    fn event(state: State, attempt: u32, millis: i64) -> Event<'static> {
        Event {
            state: Some(state),
            name: Some(TaskName::new("NAME", b"shop.pay").unwrap()),
            attempt: Some(attempt),
            at: at(millis),
            retention: None,
            rerun: false,
        }
    }

    fn rerun(state: State, attempt: u32, millis: i64) -> Event<'static> {
        Event { rerun: true, ..event(state, attempt, millis) }
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

    #[test]
    fn the_first_event_creates_the_record() {
        let transition = last(&[event(State::Received, 0, 5)]);
        assert_eq!(transition.outcome, Outcome::Created);
        let record = transition.record;
        assert_eq!((record.state, record.attempt), (State::Received, 0));
        assert_eq!((record.created_at, record.updated_at), (at(5), at(5)));
        assert_eq!(record.timestamps, Timestamps { received: Some(at(5)), ..Timestamps::default() });
    }

    #[test]
    fn a_new_record_needs_a_state_and_a_name() {
        let nameless = Event { name: None, ..event(State::Pending, 0, 1) };
        assert!(transition(None, &nameless).unwrap_err().to_string().starts_with("NAME must be given"));
        let stateless = Event { state: None, ..event(State::Pending, 0, 1) };
        assert!(transition(None, &stateless).unwrap_err().to_string().starts_with("STATE must be given"));
    }

    #[test]
    fn a_higher_rank_is_applied_and_keeps_the_page() {
        let transition = last(&[event(State::Pending, 0, 1), event(State::Started, 0, 4), event(State::Success, 0, 9)]);
        assert_eq!((transition.outcome, transition.fields), (Outcome::Updated, GivenFields::Overwrite));
        assert_eq!(transition.record.state, State::Success);
        assert_eq!(
            transition.record.timestamps,
            Timestamps { published: Some(at(1)), received: None, started: Some(at(4)), finished: Some(at(9)) }
        );
    }

    #[test]
    fn a_lower_rank_of_the_same_attempt_fills_gaps_only() {
        let transition = last(&[event(State::Success, 0, 9), event(State::Pending, 0, 1)]);
        assert_eq!((transition.outcome, transition.fields), (Outcome::Stale, GivenFields::FillIn));
        assert_eq!((transition.record.state, transition.record.created_at), (State::Success, at(1)));
        assert_eq!((transition.record.timestamps.published, transition.record.updated_at), (Some(at(1)), at(9)));
    }

    #[test]
    fn a_second_final_state_of_an_attempt_is_stale() {
        let transition = last(&[event(State::Success, 0, 9), event(State::Failure, 0, 12)]);
        assert_eq!((transition.outcome, transition.record.state), (Outcome::Stale, State::Success));
        assert_eq!((transition.record.timestamps.finished, transition.record.updated_at), (Some(at(9)), at(9)));
    }

    #[test]
    fn a_repeated_event_keeps_the_earlier_timestamp() {
        let transition = last(&[event(State::Started, 0, 4), event(State::Started, 0, 7)]);
        assert_eq!((transition.outcome, transition.fields), (Outcome::Updated, GivenFields::Overwrite));
        assert_eq!(transition.record.timestamps.started, Some(at(4)));
        assert_eq!(transition.record.updated_at, at(7));
    }

    #[test]
    fn a_higher_attempt_starts_a_fresh_page_and_keeps_created_at_and_retention() {
        let kept = Event { retention: Seconds::new(60), ..event(State::Failure, 0, 9) };
        let transition = last(&[event(State::Pending, 0, 1), kept, event(State::Retry, 1, 10)]);
        assert_eq!((transition.outcome, transition.fields), (Outcome::Updated, GivenFields::Replace));
        let record = transition.record;
        assert_eq!((record.state, record.attempt, record.created_at), (State::Retry, 1, at(1)));
        assert_eq!((record.timestamps, record.retention), (Timestamps::default(), Seconds::new(60)));
    }

    #[test]
    fn nothing_of_a_lower_attempt_is_kept_but_its_age() {
        let transition = last(&[event(State::Started, 1, 10), event(State::Failure, 0, 4)]);
        assert_eq!((transition.outcome, transition.fields), (Outcome::Stale, GivenFields::Ignore));
        assert_eq!((transition.record.created_at, transition.record.updated_at), (at(4), at(10)));
        assert_eq!(transition.record.timestamps.finished, None);
    }

    #[test]
    fn a_rerun_reopens_a_finished_record_unless_it_is_older() {
        let record = after(&[event(State::Success, 0, 9), rerun(State::Received, 0, 9)]);
        assert_eq!((record.state, record.timestamps.finished), (State::Received, None));
        let transition = last(&[event(State::Success, 0, 9), rerun(State::Received, 0, 8)]);
        assert_eq!((transition.outcome, transition.record.state), (Outcome::Stale, State::Success));
    }

    #[test]
    fn a_rerun_of_an_unfinished_record_is_an_ordinary_event() {
        assert_eq!(after(&[event(State::Started, 0, 5), rerun(State::Received, 0, 9)]).state, State::Started);
        assert_eq!(after(&[event(State::Started, 0, 5), rerun(State::Received, 1, 9)]).state, State::Received);
    }

    #[test]
    fn an_event_without_a_state_is_about_the_attempt_shown() {
        let started = after(&[event(State::Started, 1, 5)]);
        let fields = Event { state: None, attempt: None, ..event(State::Pending, 0, 8) };
        let updated = transition(Some(&started), &fields).unwrap();
        assert_eq!((updated.outcome, updated.fields), (Outcome::Updated, GivenFields::Overwrite));
        assert_eq!((updated.record.state, updated.record.updated_at), (State::Started, at(8)));
        for other in [0, 2] {
            let fields = Event { attempt: Some(other), ..fields };
            let stale = transition(Some(&started), &fields).unwrap();
            assert_eq!((stale.outcome, stale.fields), (Outcome::Stale, GivenFields::Ignore));
        }
    }

    #[test]
    fn a_replaced_task_takes_its_new_name_when_it_starts_again() {
        let replaced = Event { name: TaskName::new("NAME", b"shop.other").ok(), ..event(State::Started, 0, 8) };
        assert_eq!(&*after(&[event(State::Started, 0, 5), replaced]).name, "shop.other");
        let late = Event { state: Some(State::Pending), ..replaced };
        assert_eq!(&*after(&[event(State::Started, 0, 5), late]).name, "shop.pay");
    }

    /// Sets of events with at most one final state for each attempt, and two orders of arrival.
    fn histories() -> impl Strategy<Value = (Vec<Event<'static>>, Vec<Event<'static>>)> {
        let one = (0u32..4, 0usize..5, 0i64..50);
        (prop::collection::vec(one, 1..12), prop::collection::vec(4usize..9, 4)).prop_flat_map(|(events, finals)| {
            let events: Vec<_> = events
                .into_iter()
                .map(|(attempt, step, millis)| {
                    let state = if step == 4 { finals[attempt as usize] } else { step };
                    event(State::ALL[state], attempt, millis)
                })
                .collect();
            (Just(events.clone()), Just(events).prop_shuffle())
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn every_order_of_arrival_ends_in_the_same_record((events, shuffled) in histories()) {
            prop_assert_eq!(after(&events), after(&shuffled));
        }

        #[test]
        fn repeating_a_history_changes_nothing((events, _) in histories()) {
            let twice: Vec<_> = events.iter().chain(&events).copied().collect();
            prop_assert_eq!(after(&events), after(&twice));
        }
    }
}
