use lazy_static::lazy_static;

use crate::counters::COUNTERS;
use crate::model::{FullLength, GivenFields, Kept, KeptValue, Record, RecordReader, Terms, Transition, Value};
use crate::redis::{Constant, Hash};

use super::{GivenField, Update};

lazy_static! {
    /// The names of the kept fields, in the order of [`Kept::ALL`].
    static ref KEPT: [Constant; Kept::ALL.len()] = Kept::ALL.map(|kept| Constant::new(kept.name()));
}

/// What a record's hash holds before an update of it.
pub(super) struct Stored {
    /// The record; `None` where there is none.
    pub(super) record: Option<Record>,
    /// What it holds of each field of the update.
    given: Vec<Presence>,
    /// Whether it tells of any value that it was cut.
    has_cut: bool,
}

/// What a hash holds of a field that an update gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Missing,
    Other,
    Same,
}

impl Stored {
    /// Nothing.
    pub(super) fn nothing(fields: &[GivenField<'_>]) -> Self {
        Self { record: None, given: vec![Presence::Missing; fields.len()], has_cut: false }
    }

    /// Reads it all, with one look at each field. What is no record is nothing.
    pub(super) fn read(hash: &Hash<'_>, fields: &[GivenField<'_>]) -> Self {
        let mut stored = Self::nothing(fields);
        let mut reader = RecordReader::default();
        hash.each(|field, value| {
            let (field, value) = (field.as_bytes(), value.as_bytes());
            if reader.read(field, value) {
                return;
            }
            stored.has_cut |= FullLength::is_name(field);
            for (given, presence) in fields.iter().zip(&mut stored.given) {
                if given.name.value.as_str().as_bytes() == field {
                    let same = given.value.as_bytes() == value;
                    *presence = if same { Presence::Same } else { Presence::Other };
                }
            }
        });
        stored.record = reader.record();
        if stored.record.is_some() {
            stored
        } else {
            Self::nothing(fields)
        }
    }

    /// Writes what the update changes of it; whether anything did.
    pub(super) fn write(
        &self,
        hash: &mut Hash<'_>,
        transition: &Transition,
        update: &Update<'_>,
        terms: &Terms,
    ) -> bool {
        if transition.fields == GivenFields::Replace && self.record.is_some() {
            return Self::nothing(&update.fields).write(hash, transition, update, terms);
        }
        let mut written = self.record.is_none();
        if self.record.is_none() {
            hash.delete();
            hash.set(&KEPT[Kept::Id as usize], &update.task_id.text);
        }
        for kept in Kept::ALL {
            if self.record.as_ref().is_some_and(|before| before.has_same(&transition.record, kept)) {
                continue;
            }
            let name = &KEPT[kept as usize];
            match transition.record.value(kept) {
                Some(KeptValue::Text(text)) => hash.set(name, text),
                Some(KeptValue::Number(number)) => hash.set(name, &number),
                None => continue,
            }
            written = true;
        }
        for at in 0..update.fields.len() {
            let value = Value::new(update.fields[at].value.as_bytes(), terms.max_value_bytes);
            if matches!(value, Value::Cut { .. }) && transition.fields != GivenFields::Ignore {
                COUNTERS.truncated.add(1);
            }
            written |= match transition.fields {
                GivenFields::Replace | GivenFields::Overwrite => self.overwrite(hash, &update.fields, at, value),
                GivenFields::FillIn => self.fill_in(hash, &update.fields, at, value),
                GivenFields::Ignore => false,
            };
        }
        written
    }

    fn overwrite(&self, hash: &mut Hash<'_>, fields: &[GivenField<'_>], at: usize, value: Value<'_>) -> bool {
        let GivenField { name, value: whole } = fields[at];
        let is_repeated = fields[..at].iter().any(|earlier| earlier.name.value == name.value);
        let presence = if is_repeated { Presence::Other } else { self.given[at] };
        let full_length = FullLength(name.value);
        let mut written = match value {
            Value::Removed => presence != Presence::Missing && hash.remove(&name.text),
            Value::Whole(_) if presence == Presence::Same => false,
            Value::Whole(_) => {
                hash.set(&name.text, &whole);
                true
            }
            Value::Cut { head, full_length: bytes } => {
                hash.set(&name.text, head);
                hash.set(full_length.to_string().as_str(), bytes.to_string().as_str());
                return true;
            }
        };
        if self.has_cut || is_repeated {
            written |= hash.remove(full_length.to_string().as_str());
        }
        written
    }

    fn fill_in(&self, hash: &mut Hash<'_>, fields: &[GivenField<'_>], at: usize, value: Value<'_>) -> bool {
        let GivenField { name, value: whole } = fields[at];
        let fills = |earlier: &GivenField<'_>| earlier.name.value == name.value && !earlier.value.as_bytes().is_empty();
        if self.given[at] != Presence::Missing || fields[..at].iter().any(fills) {
            return false;
        }
        match value {
            Value::Removed => return false,
            Value::Whole(_) => hash.set(&name.text, &whole),
            Value::Cut { head, full_length } => {
                hash.set(&name.text, head);
                hash.set(FullLength(name.value).to_string().as_str(), full_length.to_string().as_str());
            }
        }
        true
    }
}
