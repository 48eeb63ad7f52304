use crate::model::{Kept, Seconds, TaskId, Terms};
use crate::redis::{Failure, Mode};

use super::{live_record, Instance};

impl Instance<'_> {
    /// Gives one record a retention of its own, counted from now. Whether there is such a record. O(log n).
    pub fn retain(&self, task_id: TaskId<'_>, retention: Seconds, terms: &Terms) -> Result<bool, Failure> {
        let mut hash = self.hash(task_id.as_bytes(), Mode::Write)?;
        let mut indexes = self.indexes()?;
        let Some(record) = live_record(&hash, indexes.end(task_id.as_bytes()), terms.now) else {
            return Ok(false);
        };
        indexes.check(&record)?;
        let end = terms.now.after(retention);
        hash.set(Kept::Retention.name(), retention.to_string().as_bytes());
        hash.expire_at(end.millis());
        indexes.set_end(task_id.as_bytes(), &record, end, terms.now)?;
        self.replicate(terms);
        Ok(true)
    }
}
