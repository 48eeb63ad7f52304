use crate::model::{Kept, Seconds, TaskId, Terms};
use crate::redis::{Failure, Mode};

use super::indexes::Move;
use super::stored::name;
use super::{live_record, Instance};

impl Instance<'_> {
    /// Gives one record a retention of its own, counted from now. Returns whether there is such a live record. O(log n).
    pub fn retain(&self, task_id: TaskId<'_>, retention: Seconds, terms: &Terms) -> Result<bool, Failure> {
        let end = terms.now.after(retention);
        let read = || {
            let hash = self.hash(task_id.as_bytes(), Mode::Write)?;
            let mut indexes = self.indexes()?;
            let end_before = indexes.end(task_id.as_bytes());
            let Some(record) = live_record(&hash, end_before, terms.now) else {
                return Ok(None);
            };
            let to = Move { before: Some(&record), after: &record, end_before, end: Some(end), now: terms.now };
            indexes.check(&to)?;
            Ok(Some((hash, indexes, record)))
        };
        let Some((mut hash, mut indexes, record)) = self.repaired(terms, read)? else {
            return Ok(false);
        };
        hash.set(name(Kept::Retention), retention.count().into());
        hash.expire_at(end.millis());
        indexes.set_end(task_id.as_bytes(), &record, end, terms.now)?;
        self.replicate(terms);
        Ok(true)
    }
}
