use crate::model::{TaskId, Terms};
use crate::redis::{Failure, Mode};

use super::{is_live, Instance};

impl Instance<'_> {
    /// Removes the named records. How many of them were live. O(log n) for each.
    pub fn delete(&self, task_ids: &[TaskId<'_>], terms: &Terms) -> Result<usize, Failure> {
        let mut indexes = self.indexes()?;
        let mut live = 0;
        let mut leaving = Vec::new();
        for task_id in task_ids {
            let task_id = task_id.as_bytes();
            let hash = self.hash(task_id, Mode::Write)?;
            if leaving.iter().any(|other| other == task_id) {
                continue;
            }
            live += usize::from(is_live(&hash, terms.now));
            if hash.exists() || indexes.holds(task_id) {
                leaving.push(task_id.to_vec());
            }
        }
        self.remove(&mut indexes, &leaving);
        if !leaving.is_empty() {
            self.replicate(terms);
        }
        Ok(live)
    }

    /// Removes every record and every index of the object. How many records were live. O(n).
    pub fn delete_all(&self, terms: &Terms) -> Result<usize, Failure> {
        let mut indexes = self.indexes()?;
        let ends = indexes.ends();
        let mut live = 0;
        for (task_id, _) in &ends {
            if let Ok(mut record) = self.hash(task_id, Mode::Write) {
                live += usize::from(is_live(&record, terms.now));
                record.delete();
            }
        }
        if !ends.is_empty() || indexes.len() > 0 {
            indexes.clear();
            self.replicate(terms);
        }
        Ok(live)
    }
}
