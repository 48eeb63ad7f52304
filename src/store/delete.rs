use std::collections::BTreeSet;

use crate::model::{Limits, TaskId, Terms};
use crate::redis::{Failure, Hash, Mode};

use super::deleted::Deletion;
use super::{is_live, run, unlink, Instance};

impl Instance<'_> {
    /// Removes the named records. Returns how many of them were live. O(log n) for each.
    pub fn delete(&self, task_ids: &[TaskId<'_>], terms: &Terms) -> Result<usize, Failure> {
        let distinct: BTreeSet<_> = task_ids.iter().map(|task_id| task_id.as_bytes()).collect();
        let read = || {
            let mut indexes = self.indexes()?;
            indexes.check_all()?;
            let mut live = 0;
            let mut leaving = Vec::new();
            for &task_id in &distinct {
                let record = match self.hash(task_id, Mode::Write) {
                    Ok(record) => Some(record),
                    // The primary's repair: only the id leaves, and the key stays.
                    Err(_) if self.call.is_replayed() => None,
                    Err(failure) => return Err(failure),
                };
                if record.as_ref().is_some_and(Hash::exists) || indexes.holds(task_id) {
                    live += usize::from(record.is_some_and(|record| is_live(&record, indexes.end(task_id), terms.now)));
                    leaving.push(task_id.to_vec());
                }
            }
            Ok((indexes, leaving, live))
        };
        let (mut indexes, leaving, live) = self.repaired(terms, read)?;
        let last = leaving.iter().filter_map(|task_id| indexes.end(task_id)).max();
        self.remove(&mut indexes, &leaving);
        if let Some(last) = last {
            indexes.shorten(last, terms.now);
        }
        if !leaving.is_empty() {
            self.replicate(terms);
        }
        Ok(live)
    }

    /// Removes every record and every index of the object, and remembers that it was deleted. Returns how many records were
    /// live. O(n) for n records.
    pub fn delete_all(&self, terms: &Terms) -> Result<usize, Failure> {
        let deletion = Deletion::open(self)?;
        let mut indexes = self.indexes()?;
        indexes.check_all()?;
        let (mut live, mut others) = (Vec::new(), Vec::new());
        for (task_id, end) in indexes.every_id() {
            let record = self.hash(&task_id, Mode::Write)?;
            let kind = if is_live(&record, end, terms.now) { &mut live } else { &mut others };
            kind.push(record);
        }
        // Those that end last were updated last. Of an earlier one even a clock that is ahead tells a run before now.
        let latest_run = live.iter().rev().take(Limits::RUNS_PER_DELETION).filter_map(run).max();
        let count = live.len();
        indexes.restore_names();
        unlink(&mut indexes, live.into_iter().chain(others));
        deletion.remember(latest_run, terms);
        self.replicate(terms);
        Ok(count)
    }
}
