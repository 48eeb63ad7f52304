use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::model::{embeddable, number, Kind, Time};
use crate::redis::Reply;
use crate::store::{Field, Row, StateCounts};

/// Replies a record as a map: whole numbers and times as integers, everything else as it is stored.
pub(super) fn reply(reply: &Reply<'_>, row: &Row) {
    reply.map(row.0.len());
    for Field { name, value, kind } in &row.0 {
        reply.text(name);
        let whole = if matches!(kind, Kind::Integer | Kind::Time) { number(value.as_ref()) } else { None };
        match whole {
            Some(number) => reply.integer(number),
            None => reply.text(value),
        }
    }
}

/// Replies counts as a map by state.
pub(super) fn reply_states(reply: &Reply<'_>, StateCounts(counts): &StateCounts) {
    reply.map(counts.len());
    for (state, count) in counts {
        reply.bulk(state.name());
        reply.count(*count);
    }
}

/// Replies a moment in unix milliseconds, or nil.
pub(super) fn reply_time(reply: &Reply<'_>, time: Option<Time>) {
    match time {
        Some(time) => reply.integer(time.millis()),
        None => reply.null(),
    }
}

/// Counts by the name of the state.
pub(super) fn states_by_name(StateCounts(counts): &StateCounts) -> BTreeMap<&'static str, usize> {
    counts.iter().map(|(state, count)| (state.name(), *count)).collect()
}

/// A record as a JSON object: times in RFC 3339, fields that hold JSON embedded if every reader can parse them.
pub(super) struct Json<'a>(pub(super) &'a Row);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0 .0.len()))?;
        for Field { name, value, kind } in &self.0 .0 {
            let (field, value) = (&text(name.as_ref()), value.as_ref());
            match kind {
                Kind::Integer => match number::<i64>(value) {
                    Some(number) => map.serialize_entry(field, &number)?,
                    None => map.serialize_entry(field, &text(value))?,
                },
                Kind::Time => match number(value).and_then(Time::from_millis) {
                    Some(time) => map.serialize_entry(field, &time.rfc3339())?,
                    None => map.serialize_entry(field, &text(value))?,
                },
                Kind::Json => match embeddable(value) {
                    Some(json) => map.serialize_entry(field, json)?,
                    None => map.serialize_entry(field, &text(value))?,
                },
                Kind::Text => map.serialize_entry(field, &text(value))?,
            }
        }
        map.end()
    }
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    // Nearly all text is valid UTF-8, and this check is faster.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}
