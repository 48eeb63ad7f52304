use std::collections::BTreeSet;

use crate::model::{TaskId, Terms};
use crate::redis::{Failure, Mode};

use super::{is_live, Instance};

impl Instance<'_> {
    /// Removes the named records. How many of them were live. O(log n) for each.
    pub fn delete(&self, task_ids: &[TaskId<'_>], terms: &Terms) -> Result<usize, Failure> {
        let mut indexes = self.indexes()?;
        indexes.check_all()?;
        let mut live = 0;
        let mut leaving = Vec::new();
        let distinct: BTreeSet<_> = task_ids.iter().map(|task_id| task_id.as_bytes()).collect();
        for task_id in distinct {
            let record = self.hash(task_id, Mode::Write)?;
            if record.exists() || indexes.holds(task_id) {
                live += usize::from(is_live(&record, indexes.end(task_id), terms.now));
                leaving.push(task_id.to_vec());
            }
        }
        let last = leaving.iter().filter_map(|task_id| indexes.end(task_id)).max();
        self.remove(&mut indexes, &leaving);
        if let Some(last) = last {
            indexes.let_go(last, terms.now);
        }
        if !leaving.is_empty() {
            self.replicate(terms);
        }
        Ok(live)
    }

    /// Removes every record and every index of the object. How many records were live. O(n).
    pub fn delete_all(&self, terms: &Terms) -> Result<usize, Failure> {
        let mut indexes = self.indexes()?;
        indexes.check_all()?;
        let task_ids = indexes.task_ids();
        let mut live = 0;
        for task_id in &task_ids {
            live += usize::from(is_live(&self.hash(task_id, Mode::Write)?, indexes.end(task_id), terms.now));
        }
        self.remove(&mut indexes, &task_ids);
        if indexes.clear() || !task_ids.is_empty() {
            self.replicate(terms);
        }
        Ok(live)
    }
}
