use std::ops::Range;

use crate::model::{FieldName, Kept, TaskId, Time};
use crate::redis::{Failure, Hash, Mode};

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
#[derive(Default)]
pub struct Row {
    /// Names and values, one after the other.
    bytes: Vec<u8>,
    cells: Vec<Cell>,
}

/// Where one field stands in the bytes of its row.
struct Cell {
    kept: Option<Kept>,
    name: Range<usize>,
    value: Range<usize>,
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
    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Each field's name and value.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.cells.iter().map(|cell| (&self.bytes[cell.name.clone()], &self.bytes[cell.value.clone()]))
    }

    fn read(record: &Hash<'_>, columns: &Columns<'_>) -> Self {
        let mut row = Self::default();
        match columns {
            Columns::All => record.each(|field, value| row.push(field, value)),
            Columns::Short => record.each(|field, value| {
                if !matches!(field, b"args" | b"kwargs" | b"result" | b"traceback") {
                    row.push(field, value);
                }
            }),
            Columns::Identity => record.each(|field, value| {
                if matches!(field, b"id" | b"name" | b"state" | b"updated_at") {
                    row.push(field, value);
                }
            }),
            Columns::Named(names) => {
                for name in names {
                    if let Some(value) = record.get(&name.text) {
                        row.push(name.text.as_bytes(), value.as_ref());
                    }
                }
                return row;
            }
        }
        row.sort();
        row
    }

    fn push(&mut self, field: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(field);
        self.bytes.extend_from_slice(value);
        let middle = start + field.len();
        self.cells.push(Cell { kept: Kept::parse(field), name: start..middle, value: middle..self.bytes.len() });
    }

    fn sort(&mut self) {
        let place = |cell: &Cell| cell.kept.map_or(Kept::ALL.len(), |kept| kept as usize);
        let name = |cell: &Cell| &self.bytes[cell.name.clone()];
        self.cells.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| name(a).cmp(name(b))));
    }
}
