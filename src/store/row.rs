use crate::model::{FieldName, Kept, Kind, TaskId, Time};
use crate::redis::{Failure, Hash, Mode, ServerString};

use super::order::time;
use super::{is_live, Given, Instance};

/// Which fields of a record to read.
#[derive(Clone)]
pub enum Columns<'a> {
    /// All.
    All,
    /// All but those that may be long: `args`, `kwargs`, `result`, `traceback`.
    Short,
    /// Those that tell which record it is and how far: `id`, `name`, `state`, `updated_at`.
    Identity,
    /// These, where the record has them.
    Named(Vec<Given<'a, FieldName<'a>>>),
}

/// Fields of one record with their values: those that the module keeps first, the given ones by name.
pub struct Row(pub Vec<Field>);

/// A field of a record.
pub struct Field {
    /// Its name.
    pub name: ServerString,
    /// Its value as it is stored.
    pub value: ServerString,
    /// What that stands for.
    pub kind: Kind,
}

impl Instance<'_> {
    /// Reads one live record. O(fields).
    pub fn record(&self, task_id: TaskId<'_>, columns: &Columns<'_>, now: Time) -> Result<Option<Row>, Failure> {
        let expiry = self.index(&self.keys.expiry())?;
        let record = self.hash(task_id.as_bytes(), Mode::Read)?;
        let end = expiry.score(task_id.as_bytes()).and_then(time);
        Ok(is_live(&record, end, now).then(|| Row::read(&record, columns)))
    }

    /// Reads the record of an id that is known to be live; `None` where its hash was removed by hand.
    pub(super) fn row(&self, task_id: &[u8], columns: &Columns<'_>) -> Result<Option<Row>, Failure> {
        let record = self.hash(task_id, Mode::Read)?;
        Ok(record.exists().then(|| Row::read(&record, columns)))
    }
}

impl Row {
    fn read(record: &Hash<'_>, columns: &Columns<'_>) -> Self {
        match columns {
            Columns::All => Self::select(record, |_| true),
            Columns::Short => {
                Self::select(record, |name| !matches!(name, b"args" | b"kwargs" | b"result" | b"traceback"))
            }
            Columns::Identity => {
                Self::select(record, |name| matches!(name, b"id" | b"name" | b"state" | b"updated_at"))
            }
            Columns::Named(names) => {
                let mut fields = Vec::with_capacity(names.len());
                for Given { text: name, .. } in names {
                    if let Some(value) = record.get(name) {
                        fields.push(Field { kind: Kind::of(name.as_bytes()), name: name.retain(), value });
                    }
                }
                Self(fields)
            }
        }
    }

    fn select(record: &Hash<'_>, is_wanted: impl Fn(&[u8]) -> bool) -> Self {
        let mut fields = Vec::with_capacity(record.len());
        record.each(|name, value| {
            if is_wanted(name.as_bytes()) {
                let place = Kept::parse(name.as_bytes()).map_or(Kept::ALL.len(), |kept| kept as usize);
                let kind = Kind::of(name.as_bytes());
                fields.push((place, Field { name: name.retain(), value: value.retain(), kind }));
            }
        });
        fields.sort_unstable_by(|(a_place, a), (b_place, b)| {
            a_place.cmp(b_place).then_with(|| a.name.as_ref().cmp(b.name.as_ref()))
        });
        Self(fields.into_iter().map(|(_, field)| field).collect())
    }
}
