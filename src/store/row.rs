use crate::model::{FieldName, Kept, TaskId, Time};
use crate::redis::{Failure, Hash, Mode};

use super::{is_live, time, Instance};

/// Which fields of a record to read.
#[derive(Debug, Clone)]
pub enum Columns<'a> {
    /// All.
    All,
    /// All but those that may be long: `args`, `kwargs`, `result`, `traceback`.
    Short,
    /// These, where the record has them.
    Named(Vec<FieldName<'a>>),
}

/// Fields of one record with their values: those that the module keeps first, the given ones by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<(String, Vec<u8>)>);

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
            Columns::All => Self::of(record.fields(), |_| true),
            Columns::Short => {
                Self::of(record.fields(), |field| !matches!(field, "args" | "kwargs" | "result" | "traceback"))
            }
            Columns::Named(names) => {
                let value = |name: &FieldName<'_>| {
                    let value = record.get(name.as_str())?;
                    Some((name.as_str().to_owned(), value.as_ref().to_vec()))
                };
                Self(names.iter().filter_map(value).collect())
            }
        }
    }

    fn of(fields: Vec<(Vec<u8>, Vec<u8>)>, wanted: impl Fn(&str) -> bool) -> Self {
        let text = |field: Vec<u8>| String::from_utf8_lossy(&field).into_owned();
        let mut row: Vec<_> = fields.into_iter().map(|(field, value)| (text(field), value)).collect();
        row.retain(|(field, _)| wanted(field));
        let place = |field: &str| Kept::ALL.iter().position(|kept| kept.name() == field).unwrap_or(Kept::ALL.len());
        row.sort_by(|(a, _), (b, _)| place(a).cmp(&place(b)).then_with(|| a.cmp(b)));
        Self(row)
    }
}
