use crate::counters::COUNTERS;
use crate::model::{number, Kept, Seconds, Terms, Time};
use crate::redis::{Failure, Hash, Mode};

use super::stored::kept;
use super::{is_live, Instance};

impl Instance<'_> {
    /// Removes every id that is not live. Returns how many. O(n), and O(states + names) for each.
    pub fn expire(&self, terms: &Terms) -> Result<usize, Failure> {
        let mut indexes = self.indexes()?;
        indexes.check_all()?;
        let (removed, has_changed) = self.clear_up(&mut indexes, terms);
        if has_changed {
            self.replicate(terms);
        }
        Ok(removed)
    }

    /// Gives every record the same retention, counted from its last update. Removes those past it, and those past
    /// the end that they had before. Returns how many were removed. O(n log n) for n records.
    pub fn expire_after(&self, retention: Seconds, terms: &Terms) -> Result<usize, Failure> {
        let mut indexes = self.indexes()?;
        indexes.check_all()?;
        let mut leaving = Vec::new();
        let mut staying: Vec<(Vec<u8>, Hash<'_>, Time)> = Vec::new();
        for (task_id, end_before) in indexes.ends() {
            let record = self.hash(&task_id, Mode::Write)?;
            let is_live = is_live(&record, Some(end_before), terms.now);
            match updated_at(&record).filter(|_| is_live).map(|updated_at| updated_at.after(retention)) {
                Some(end) if end > terms.now && end == end_before => {}
                Some(end) if end > terms.now => staying.push((task_id, record, end)),
                _ => leaving.push(task_id),
            }
        }
        self.remove(&mut indexes, &leaving);
        COUNTERS.expired.add(leaving.len());
        let changes_any = !leaving.is_empty() || !staying.is_empty();
        for (task_id, mut record, end) in staying {
            record.expire_at(end.millis());
            indexes.end_at(&task_id, end);
        }
        if changes_any {
            indexes.fit(terms.now);
            self.replicate(terms);
        }
        Ok(leaving.len())
    }
}

/// When a record was last updated. O(1).
fn updated_at(record: &Hash<'_>) -> Option<Time> {
    Time::from_millis(number(kept(record, Kept::UpdatedAt)?.as_ref())?)
}
