//! What the pure model makes of events: a record with its given fields.

use std::collections::BTreeMap;

use super::history::Told;
use crate::model::{transition, Event, FieldName, Record, Removed, State, TaskName, Time, Written};

/// The task name of every event.
pub const NAME: &str = "shop.pay";

/// Given fields by name.
pub type Fields = BTreeMap<String, String>;

/// A record and its given fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub record: Record,
    pub fields: Fields,
}

impl Shown {
    /// What tells how the task ended.
    pub fn end(&self) -> (State, Option<Time>, Fields) {
        let is_end = |name: &str| FieldName::END.iter().any(|end| end.as_bytes() == name.as_bytes());
        let fields = self.fields.iter().filter(|(name, _)| is_end(name));
        let fields = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
        (self.record.state, self.record.timestamps.finished, fields)
    }
}

/// A moment in unix milliseconds.
pub fn time(millis: i64) -> Time {
    Time::from_millis(millis).unwrap()
}

/// What one event makes of a record, or of none.
pub fn apply(before: Option<&Shown>, told: &Told) -> Shown {
    let event = Event {
        state: told.state.map(|state| State::parse(state.as_bytes()).unwrap()),
        name: TaskName::new("NAME", NAME.as_bytes()).ok(),
        run: told.run.map(time),
        attempt: Some(told.attempt),
        at: Some(time(told.at)),
        now: Time::MAX,
        retention: None,
        tentative: told.tentative,
    };
    let transition = transition(before.map(|before| &before.record), &event).unwrap();
    let mut fields = before.map(|before| before.fields.clone()).unwrap_or_default();
    fields.retain(|name, _| match transition.removed {
        Removed::None => true,
        Removed::End => !FieldName::END.iter().any(|end| end.as_bytes() == name.as_bytes()),
        Removed::Attempt => FieldName::is_of_attempt(name.as_bytes()),
        Removed::All => false,
    });
    for (name, value) in told.fields.clone() {
        let is_kept = match transition.written {
            Written::All => true,
            Written::Missing => !fields.contains_key(&name),
            Written::MissingOfAttempts => !fields.contains_key(&name) && FieldName::is_of_attempt(name.as_bytes()),
            Written::None => false,
        };
        if is_kept {
            fields.insert(name, value);
        }
    }
    Shown { record: transition.record, fields }
}

/// What events make of no record, one after the other; there is at least one.
pub fn shown(events: &[Told]) -> Shown {
    let first = apply(None, &events[0]);
    events[1..].iter().fold(first, |shown, told| apply(Some(&shown), told))
}
