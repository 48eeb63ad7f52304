use lazy_static::lazy_static;

use crate::counters::COUNTERS;
use crate::model::{
    FieldName, FullLength, Kept, KeptValue, Record, RecordReader, Removed, Terms, Time, Transition, Value, Written,
};
use crate::redis::{Constant, Hash, ServerString};

use super::{GivenField, Update};

lazy_static! {
    /// The names of the kept fields, in the order of [`Kept::ALL`].
    static ref KEPT: [Constant; Kept::ALL.len()] = Kept::ALL.map(|kept| Constant::new(kept.name()));
}

/// The value of a kept field. O(1).
pub(super) fn kept(hash: &Hash<'_>, kept: Kept) -> Option<ServerString> {
    hash.get(&KEPT[kept as usize])
}

/// The given field that holds when a task is due.
const ETA: &[u8] = b"eta";

/// The moment in a value of [`ETA`]; `None` if it is no time.
fn due(value: &[u8]) -> Option<Time> {
    Time::parse("eta", value).ok()
}

/// What a record's hash holds before an update of it.
pub(super) struct Stored {
    /// The record; `None` if there is none.
    pub(super) record: Option<Record>,
    /// For each field of the update, whether and how it is stored.
    given: Vec<Presence>,
    /// The fields `attempt_<n>` with their values.
    of_attempts: Vec<(ServerString, ServerString)>,
    /// When the task is due, if the record says so.
    eta: Option<Time>,
    /// Whether any `<field>_bytes` is stored.
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
    /// What a missing hash holds.
    pub(super) fn nothing(fields: &[GivenField<'_>]) -> Self {
        let given = vec![Presence::Missing; fields.len()];
        Self { record: None, given, of_attempts: Vec::new(), eta: None, has_cut: false }
    }

    /// Reads all of it in one pass. A hash that is no record counts as nothing.
    pub(super) fn read(hash: &Hash<'_>, fields: &[GivenField<'_>]) -> Self {
        let mut stored = Self::nothing(fields);
        let mut reader = RecordReader::default();
        hash.each(|name, text| {
            let (field, value) = (name.as_bytes(), text.as_bytes());
            if reader.read(field, value) {
                return;
            }
            stored.has_cut |= FullLength::is_name(field);
            if FieldName::is_of_attempt(field) {
                stored.of_attempts.push((name.retain(), text.retain()));
            } else if field == ETA {
                stored.eta = due(value);
            }
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

    /// When the task is due after the update, if the record then says so.
    pub(super) fn eta_after(&self, transition: &Transition, fields: &[GivenField<'_>]) -> Option<Time> {
        let stays = matches!(transition.removed, Removed::None | Removed::End);
        let stored = self.eta.filter(|_| stays);
        let mut given = fields.iter().filter(|field| field.name.value.as_str().as_bytes() == ETA);
        match transition.written {
            Written::All => given.next_back().map_or(stored, |eta| due(eta.value.as_bytes())),
            Written::Missing => stored.or_else(|| given.next().and_then(|eta| due(eta.value.as_bytes()))),
            Written::MissingOfAttempts | Written::None => stored,
        }
    }

    /// Whether the update changes when the task is due.
    pub(super) fn has_other_eta(&self, eta: Option<Time>) -> bool {
        self.eta != eta
    }

    /// Writes what the update changes. Returns whether anything was written.
    pub(super) fn write(
        &self,
        hash: &mut Hash<'_>,
        transition: &Transition,
        update: &Update<'_>,
        terms: &Terms,
    ) -> bool {
        if self.record.is_some() && matches!(transition.removed, Removed::Attempt | Removed::All) {
            Self::nothing(&update.fields).write(hash, transition, update, terms);
            if transition.removed == Removed::Attempt {
                self.write_back_attempts(hash, &update.fields);
            }
            return true;
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
                None if self.record.is_some() => _ = hash.remove(name),
                None => continue,
            }
            written = true;
        }
        if transition.removed == Removed::End {
            written |= self.remove_end(hash, &update.fields);
        }
        for at in 0..update.fields.len() {
            written |= self.write_field(hash, transition.written, &update.fields, at, terms);
        }
        written
    }

    /// Removes the fields of the attempt's end, except those that the update overwrites.
    fn remove_end(&self, hash: &mut Hash<'_>, fields: &[GivenField<'_>]) -> bool {
        let mut removed = false;
        for name in FieldName::END {
            if fields.iter().any(|given| given.name.value == name) {
                continue;
            }
            removed |= hash.remove(name.as_str());
            if self.has_cut {
                removed |= hash.remove(FullLength(name).to_string().as_str());
            }
        }
        removed
    }

    /// Stores the fields `attempt_<n>` again, except those that the update gives.
    fn write_back_attempts(&self, hash: &mut Hash<'_>, fields: &[GivenField<'_>]) {
        for (name, value) in &self.of_attempts {
            let name = name.as_ref();
            let is_given = fields.iter().any(|given| {
                let given = given.name.value;
                given.as_str().as_bytes() == name || FullLength(given).to_string().as_bytes() == name
            });
            if !is_given {
                hash.set(name, value.as_ref());
            }
        }
    }

    fn write_field(
        &self,
        hash: &mut Hash<'_>,
        written: Written,
        fields: &[GivenField<'_>],
        at: usize,
        terms: &Terms,
    ) -> bool {
        let name = fields[at].name.value.as_str().as_bytes();
        if written == Written::None || written == Written::MissingOfAttempts && !FieldName::is_of_attempt(name) {
            return false;
        }
        let value = Value::new(fields[at].value.as_bytes(), terms.max_value_bytes);
        if matches!(value, Value::Cut { .. }) {
            COUNTERS.truncated.add(1);
        }
        match written {
            Written::All => self.overwrite(hash, fields, at, value),
            _ => self.fill_in(hash, fields, at, value),
        }
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
