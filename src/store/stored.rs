use lazy_static::lazy_static;

use crate::counters::COUNTERS;
use crate::model::{
    FieldName, FullLength, Kept, KeptValue, Record, RecordReader, Removed, Terms, Time, Transition, Value, Written,
};
use crate::redis::{Changes, Constant, Hash, ServerString};

use super::{GivenField, Update};

const KEPT: usize = Kept::ALL.len();

lazy_static! {
    /// The names of the kept fields, in the order of [`Kept::ALL`], and that of the given field which an update reads.
    static ref NAMES: [Constant; KEPT + 1] = {
        let mut names = Kept::ALL.iter().map(|kept| kept.name()).chain([ETA]).map(Constant::new);
        std::array::from_fn(|_| names.next().expect("there are that many"))
    };
}

/// The given field that holds when a task is due.
const ETA: &str = "eta";

/// The name of a kept field.
pub(super) fn name(kept: Kept) -> &'static Constant {
    &NAMES[kept as usize]
}

/// The value of a kept field. O(1).
pub(super) fn kept(hash: &Hash<'_>, kept: Kept) -> Option<ServerString> {
    hash.get(name(kept))
}

/// The moment in a value of [`ETA`]; `None` if it is no time.
fn due(value: &[u8]) -> Option<Time> {
    Time::parse(ETA, value).ok()
}

/// What a record's hash holds before an update of it.
#[derive(Default)]
pub(super) struct Stored {
    /// The record; `None` if there is none.
    pub(super) record: Option<Record>,
    /// For each field of the update, whether and how it is stored. Empty if there is no record.
    given: Vec<Presence>,
    /// When the task is due, if the record says so.
    eta: Option<Time>,
    /// Whether any `<field>_bytes` may be stored.
    has_cut: bool,
}

/// What a hash holds of a field that an update gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Missing,
    Other,
    Same,
    /// It was not looked up.
    Unknown,
}

impl Stored {
    /// Reads it. A hash that is no record counts as nothing.
    ///
    /// One pass over a small hash tells all. Of a large one only the kept fields and `eta` are read, so that no long value
    /// is copied.
    pub(super) fn read(hash: &Hash<'_>, fields: &[GivenField<'_>]) -> Self {
        let stored = Self::read_small(hash, fields).unwrap_or_else(|| Self::read_large(hash, fields));
        if stored.record.is_some() {
            stored
        } else {
            Self::default()
        }
    }

    fn read_small(hash: &Hash<'_>, fields: &[GivenField<'_>]) -> Option<Self> {
        let mut reader = RecordReader::default();
        let mut stored = Self { given: vec![Presence::Missing; fields.len()], ..Self::default() };
        let is_small = hash.each_if_small(|name, text| {
            let (field, value) = (name.as_bytes(), text.as_bytes());
            if reader.read(field, value) {
                return;
            }
            stored.has_cut |= FullLength::is_name(field);
            if field == ETA.as_bytes() {
                stored.eta = due(value);
            }
            for (given, presence) in fields.iter().zip(&mut stored.given) {
                if given.name.value.as_bytes() == field {
                    let same = given.value.as_bytes() == value;
                    *presence = if same { Presence::Same } else { Presence::Other };
                }
            }
        });
        stored.record = reader.record();
        is_small.then_some(stored)
    }

    fn read_large(hash: &Hash<'_>, fields: &[GivenField<'_>]) -> Self {
        let mut reader = RecordReader::default();
        let mut stored = Self { given: vec![Presence::Unknown; fields.len()], has_cut: true, ..Self::default() };
        hash.get_each(NAMES.iter().map(Constant::text), |at, value| match Kept::ALL.get(at) {
            Some(kept) => reader.take(*kept, value.as_ref()),
            None => stored.eta = due(value.as_ref()),
        });
        stored.record = reader.record();
        stored
    }

    /// When the task is due after the update, if the record then says so.
    pub(super) fn eta_after(&self, transition: &Transition, fields: &[GivenField<'_>]) -> Option<Time> {
        let stays = matches!(transition.removed, Removed::None | Removed::End);
        let stored = self.eta.filter(|_| stays);
        let mut given = fields.iter().filter(|field| field.name.value.as_bytes() == ETA.as_bytes());
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
        let begins_anew = matches!(transition.removed, Removed::Attempt | Removed::All);
        let before = self.record.as_ref().filter(|_| !begins_anew);
        let of_attempts =
            if transition.removed == Removed::Attempt { of_attempts(hash, &update.fields) } else { Vec::new() };
        let mut changes = Changes::with_capacity(KEPT + update.fields.len() + of_attempts.len());
        if before.is_none() {
            hash.delete();
            changes.set(name(Kept::Id), update.task_id.text);
        }
        for kept in Kept::ALL {
            if before.is_some_and(|before| before.has_same(&transition.record, kept)) {
                continue;
            }
            match transition.record.value(kept) {
                Some(KeptValue::Text(text)) => changes.set(name(kept), text.as_bytes()),
                Some(KeptValue::Number(number)) => changes.set(name(kept), number),
                None if before.is_some() => changes.remove(name(kept)),
                None => {}
            }
        }
        for (name, value) in of_attempts {
            changes.set(name, value);
        }
        let given = before.map_or(&[][..], |_| &self.given);
        let mut writing = Writing { changes, given, has_cut: self.has_cut && before.is_some() };
        if transition.removed == Removed::End {
            writing.remove_end(&update.fields);
        }
        for at in 0..update.fields.len() {
            writing.field(hash, transition.written, &update.fields, at, terms);
        }
        hash.apply(&writing.changes);
        !writing.changes.is_empty()
    }
}

/// The stored fields `attempt_<n>` with their values, except those that an update gives. O(fields).
fn of_attempts(hash: &Hash<'_>, given: &[GivenField<'_>]) -> Vec<(ServerString, ServerString)> {
    let is_given = |field: &[u8]| given.iter().any(|given| given.name.value.as_bytes() == FullLength::field(field));
    hash.select(|field| FieldName::is_of_attempt(field) && !is_given(field))
}

/// What an update writes to a record's hash.
struct Writing<'t, 's> {
    changes: Changes<'t>,
    /// For each field of the update, how it is stored. Empty if nothing is.
    given: &'s [Presence],
    /// Whether any `<field>_bytes` may be stored.
    has_cut: bool,
}

impl<'t> Writing<'t, '_> {
    /// Removes the fields of the attempt's end, except those that the update overwrites.
    fn remove_end(&mut self, fields: &[GivenField<'_>]) {
        for name in FieldName::END {
            if fields.iter().any(|given| given.name.value == name) {
                continue;
            }
            self.changes.remove(name.as_bytes());
            self.remove_full_length(name);
        }
    }

    fn field(&mut self, hash: &Hash<'_>, written: Written, fields: &[GivenField<'t>], at: usize, terms: &Terms) {
        let name = fields[at].name.value;
        if written == Written::None
            || written == Written::MissingOfAttempts && !FieldName::is_of_attempt(name.as_bytes())
        {
            return;
        }
        let value = Value::new(fields[at].value.as_bytes(), terms.max_value_bytes);
        if matches!(value, Value::Cut { .. }) {
            COUNTERS.truncated.add(1);
        }
        if written == Written::All || !self.is_filled(hash, fields, at) {
            self.set(fields, at, value);
        }
    }

    /// Whether the record has the field, or gets it from the same update.
    fn is_filled(&self, hash: &Hash<'_>, fields: &[GivenField<'_>], at: usize) -> bool {
        let GivenField { name, .. } = fields[at];
        let is_given = |other: &GivenField<'_>| other.name.value == name.value && !other.value.as_bytes().is_empty();
        let is_stored = match self.given.get(at) {
            Some(Presence::Unknown) => hash.has(&name.text),
            Some(Presence::Missing) | None => false,
            Some(Presence::Same | Presence::Other) => true,
        };
        is_stored || fields[..at].iter().any(is_given)
    }

    fn set(&mut self, fields: &[GivenField<'t>], at: usize, value: Value<'_>) {
        let GivenField { name, value: whole } = fields[at];
        let is_repeated = fields[..at].iter().any(|earlier| earlier.name.value == name.value);
        let presence = if is_repeated { Presence::Unknown } else { *self.given.get(at).unwrap_or(&Presence::Missing) };
        match value {
            Value::Removed if presence == Presence::Missing => {}
            Value::Removed => self.changes.remove(name.text),
            Value::Whole(_) if presence == Presence::Same => {}
            Value::Whole(_) => self.changes.set(name.text, whole),
            Value::Cut { head, full_length } => {
                self.has_cut = true;
                self.changes.set(name.text, head);
                self.changes.set(FullLength(name.value).name().as_slice(), full_length as i64);
                return;
            }
        }
        self.remove_full_length(name.value);
    }

    /// Removes the length of a value that was cut, if one may be stored.
    fn remove_full_length(&mut self, name: FieldName<'_>) {
        if self.has_cut {
            self.changes.remove(FullLength(name).name().as_slice());
        }
    }
}
