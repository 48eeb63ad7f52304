use std::collections::HashSet;

use crate::model::{FieldName, FullLength, Kept, Kind, TaskId, Time, Value};
use crate::redis::{Failure, Hash, Mode, ServerString};

use super::order::time;
use super::{is_live, Given, Instance};

/// Which fields of a record to read.
#[derive(Clone)]
pub enum Columns<'a> {
    /// All.
    All,
    /// All except those that may be long: `args`, `kwargs`, `result`, `traceback`, `log`.
    Short,
    /// `id`, `name`, `state` and `updated_at`.
    Identity,
    /// These, as far as the record has them.
    Named(Vec<Given<'a, FieldName<'a>>>),
}

/// Fields of one record: first those that the module keeps, then the given ones by name.
pub struct Row(pub Vec<Field>);

/// A field of a record.
pub struct Field {
    /// Its name.
    pub name: ServerString,
    /// Its stored value, or the beginning of it.
    pub value: ServerString,
    /// What the value stands for.
    pub kind: Kind,
}

/// How many more bytes of long values may be shown whole. Further ones are cut.
pub(super) struct Allowance(usize);

impl Allowance {
    /// The longest value, in bytes, that is always shown whole; longer ones are cut to it.
    const SHORT: usize = 1_024;
    /// The allowance of a page of named fields.
    const PAGE: usize = 1 << 20;

    /// For all rows of a page.
    pub(super) fn of_page(columns: &Columns<'_>) -> Self {
        match columns {
            Columns::All => Self::unlimited(),
            Columns::Short | Columns::Identity => Self(0),
            Columns::Named(_) => Self(Self::PAGE),
        }
    }

    fn unlimited() -> Self {
        Self(usize::MAX)
    }

    /// Whether a value of that length is shown whole.
    fn takes(&mut self, length: usize) -> bool {
        if length <= Self::SHORT {
            return true;
        }
        let is_enough = length <= self.0;
        if is_enough {
            self.0 -= length;
        }
        is_enough
    }
}

impl Instance<'_> {
    /// Reads one live record, each value whole. O(fields).
    pub fn record(&self, task_id: TaskId<'_>, columns: &Columns<'_>, now: Time) -> Result<Option<Row>, Failure> {
        let expiry = self.index(&self.keys.expiry())?;
        let record = self.hash(task_id.as_bytes(), Mode::Read)?;
        let end = expiry.score(task_id.as_bytes()).and_then(time);
        let is_live = is_live(&record, end, now);
        Ok(is_live.then(|| Row::read(&record, columns, &mut Allowance::unlimited())))
    }

    /// Reads the record of an id that should be live. `None` if there is no record; a key of another type is none.
    pub(super) fn row(
        &self,
        task_id: &[u8],
        columns: &Columns<'_>,
        allowance: &mut Allowance,
    ) -> Result<Option<Row>, Failure> {
        match self.hash(task_id, Mode::Read) {
            Ok(record) => Ok(record.exists().then(|| Row::read(&record, columns, allowance))),
            Err(Failure::WrongType) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

impl Row {
    fn read(record: &Hash<'_>, columns: &Columns<'_>, allowance: &mut Allowance) -> Self {
        let fields = match columns {
            Columns::All => sorted(record.all()),
            Columns::Short => {
                let is_long = |name: &[u8]| matches!(name, b"args" | b"kwargs" | b"result" | b"traceback" | b"log");
                sorted(record.select(|name| !is_long(name)))
            }
            Columns::Identity => {
                let names = [Kept::Id, Kept::Name, Kept::State, Kept::UpdatedAt].map(Kept::name);
                let field = |name: &str| Some((ServerString::new(name.as_bytes()), record.get(name)?));
                names.into_iter().filter_map(field).collect()
            }
            Columns::Named(names) => {
                let mut fields = Vec::with_capacity(names.len());
                let texts = names.iter().map(|name| name.text);
                record.get_each(texts, |at, value| fields.push((names[at].text.retain(), value)));
                fields
            }
        };
        let mut row = Vec::with_capacity(fields.len());
        let mut has_cut = false;
        for (name, value) in fields {
            if allowance.takes(value.as_ref().len()) {
                row.push(Field::new(name, value));
            } else {
                let (head, length) = cut(record, name, &value);
                row.push(head);
                row.extend(length);
                has_cut = true;
            }
        }
        if has_cut {
            // The length may be in the row already: stored with a value that was cut then, or asked for.
            let mut seen = HashSet::new();
            row.retain(|field: &Field| seen.insert(field.name.clone()));
        }
        Self(row)
    }
}

impl Field {
    fn new(name: ServerString, value: ServerString) -> Self {
        Self { kind: Kind::of(name.as_ref()), name, value }
    }
}

/// Sorts fields: first those that the module keeps, then the given ones by name.
fn sorted(mut fields: Vec<(ServerString, ServerString)>) -> Vec<(ServerString, ServerString)> {
    fields.sort_by_cached_key(|(name, _)| {
        (Kept::parse(name.as_ref()).map_or(Kept::ALL.len(), |kept| kept as usize), name.clone())
    });
    fields
}

/// The beginning of a long value, and the field that holds its whole length.
fn cut(record: &Hash<'_>, name: ServerString, value: &ServerString) -> (Field, Option<Field>) {
    let Value::Cut { head, full_length } = Value::new(value.as_ref(), Allowance::SHORT) else {
        return (Field::new(name, value.clone()), None);
    };
    let length = FieldName::readable(name.as_ref()).ok().map(|name| {
        let name = FullLength(name).name();
        // A value that was cut when it was stored has its whole length in the record.
        let stored = record.get(&name);
        let length = stored.unwrap_or_else(|| ServerString::new(full_length.to_string().as_bytes()));
        Field::new(ServerString::new(&name), length)
    });
    (Field::new(name, ServerString::new(head)), length)
}
