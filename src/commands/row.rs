use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::model::{Kind, Time};
use crate::redis::Reply;
use crate::store::{Row, StateCounts};

/// Replies a record as a map: whole numbers and times as integers, everything else as it is stored.
pub(super) fn reply(reply: &Reply<'_>, row: &Row) {
    reply.map(row.len());
    for (field, value) in row.fields() {
        reply.bulk(field);
        match (Kind::of(field), integer(value)) {
            (Kind::Integer | Kind::Time, Some(number)) => reply.integer(number),
            _ => reply.bulk(value),
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

/// Counts by the name of the state.
pub(super) fn states_by_name(StateCounts(counts): &StateCounts) -> BTreeMap<&'static str, usize> {
    counts.iter().map(|(state, count)| (state.name(), *count)).collect()
}

/// A record as a JSON object: times in RFC 3339, fields that hold JSON embedded where they are valid.
pub(super) struct Json<'a>(pub(super) &'a Row);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0.fields() {
            let field = &text(name);
            match Kind::of(name) {
                Kind::Integer => match integer(value) {
                    Some(number) => map.serialize_entry(field, &number)?,
                    None => map.serialize_entry(field, &text(value))?,
                },
                Kind::Time => match integer(value).and_then(Time::from_millis) {
                    Some(time) => map.serialize_entry(field, &time.rfc3339())?,
                    None => map.serialize_entry(field, &text(value))?,
                },
                Kind::Json => match serde_json::from_slice::<&RawValue>(value) {
                    Ok(json) => map.serialize_entry(field, json)?,
                    Err(_) => map.serialize_entry(field, &text(value))?,
                },
                Kind::Text => map.serialize_entry(field, &text(value))?,
            }
        }
        map.end()
    }
}

fn integer(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn text(value: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(value)
}
