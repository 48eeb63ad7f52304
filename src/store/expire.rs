use crate::model::{Record, Seconds, Terms, Time};
use crate::redis::{Failure, Mode};

use super::{is_live, Instance};

impl Instance<'_> {
    /// Removes every record whose retention has ended. How many. O(log n) for each.
    pub fn expire(&self, terms: &Terms) -> Result<usize, Failure> {
        let mut indexes = self.indexes()?;
        let leaving = indexes.expired(terms.now, usize::MAX);
        self.remove(&mut indexes, &leaving);
        if !leaving.is_empty() {
            self.replicate(terms);
        }
        Ok(leaving.len())
    }

    /// Has every record end so long after its last update, and removes those that are past that or their own end. How
    /// many were removed. O(n log n) for n records.
    pub fn expire_after(&self, retention: Seconds, terms: &Terms) -> Result<usize, Failure> {
        let mut indexes = self.indexes()?;
        let mut leaving = Vec::new();
        let mut staying: Vec<(Vec<u8>, Record, Time)> = Vec::new();
        for (task_id, _) in indexes.ends() {
            let hash = self.hash(&task_id, Mode::Read)?;
            let record = is_live(&hash, terms.now).then(|| Record::read(|kept| hash.get(kept.name()))).flatten();
            let ends = record.map(|record| (record.updated_at.after(retention), record));
            match ends {
                Some((end, record)) if end > terms.now => {
                    indexes.check(&record)?;
                    staying.push((task_id, record, end));
                }
                _ => leaving.push(task_id),
            }
        }
        if leaving.is_empty() && staying.is_empty() {
            return Ok(0);
        }
        self.remove(&mut indexes, &leaving);
        for (task_id, _, end) in &staying {
            self.hash(task_id, Mode::Write)?.expire_at(end.millis());
            indexes.set_end(task_id, *end);
        }
        let records: Vec<_> = staying.into_iter().map(|(_, record, end)| (record, end)).collect();
        indexes.settle(&records, terms.now)?;
        self.replicate(terms);
        Ok(leaving.len())
    }
}
