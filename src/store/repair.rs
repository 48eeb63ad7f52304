use crate::counters::COUNTERS;
use crate::model::{Limits, Terms, Time};
use crate::redis::Failure;

use super::removals::Removed;
use super::{removals, Indexes, Instance};

impl Instance<'_> {
    /// Removes from the indexes every id whose retention has ended, that the expiry index lacks, or that has no record. Restores
    /// the indexes of names and of every id. Returns how many ids were removed, and whether anything changed. O(n).
    pub(super) fn clear_up(&self, indexes: &mut Indexes<'_>, terms: &Terms) -> (usize, bool) {
        let mut leaving = indexes.ended(terms.now, usize::MAX);
        leaving.extend(indexes.lost(usize::MAX));
        leaving.extend(self.without_record(indexes, terms.now));
        self.remove(indexes, &leaving);
        COUNTERS.expired.add(leaving.len());
        let has_restored = indexes.restore_names() | indexes.restore_tasks(terms.now);
        (leaving.len(), has_restored || !leaving.is_empty())
    }

    /// What `read` returns once the indexes are repaired. `read` opens and checks all that the caller needs, and writes
    /// nothing: if it fails, nothing is repaired. It is called again after a repair, since a replica carries out the repair
    /// before the command and so reads what that left.
    pub(super) fn repaired<T>(&self, terms: &Terms, read: impl Fn() -> Result<T, Failure>) -> Result<T, Failure> {
        let before = read()?;
        let Some(removed) = removals::of(self.keys.object()).filter(|_| !self.call.is_replayed()) else {
            return Ok(before);
        };
        drop(before);
        self.repair(removed, terms)?;
        read()
    }

    /// Repairs the indexes after others have removed keys: removes ids that lost their record, at most 100, and restores the
    /// index of names. If the user may not write all indexes, a later call does it.
    ///
    /// The repair is replicated as commands of its own, because a replica may not have the same notes.
    fn repair(&self, removed: Removed, terms: &Terms) -> Result<(), Failure> {
        let object = self.keys.object();
        let mut indexes = self.indexes()?;
        if indexes.check_all().is_err() {
            return Ok(());
        }
        let (text, words) = (terms.text(), self.call.arguments());
        let object_words = [words[0].as_bytes(), words[1].as_bytes()];
        if removed.names {
            self.clear_up(&mut indexes, terms);
            self.call.replicate_other(c"TRACKER.EXPIRE", &[&object_words[..], &[text.as_bytes()]].concat());
            removals::forget_names(object);
            return Ok(());
        }
        let checked: Vec<_> = removed.task_ids.into_iter().take(Limits::REMOVED_PER_WRITE).collect();
        let is_gone = |task_id: &&Vec<u8>| indexes.holds(task_id) && !self.has_record(task_id);
        let mut gone: Vec<_> = checked.iter().filter(is_gone).cloned().collect();
        gone.sort();
        if !gone.is_empty() {
            let last = gone.iter().filter_map(|task_id| indexes.end(task_id)).max();
            self.remove(&mut indexes, &gone);
            if let Some(last) = last {
                indexes.shorten(last, terms.now);
            }
            let ids: Vec<_> = gone.iter().map(Vec::as_slice).collect();
            self.call.replicate_other(c"TRACKER.DEL", &[&object_words[..], &ids, &[text.as_bytes()]].concat());
        }
        removals::forget_records(object, checked.iter().map(Vec::as_slice));
        Ok(())
    }

    /// The ids whose retention has not ended and that have no record. O(n).
    fn without_record(&self, indexes: &mut Indexes<'_>, now: Time) -> Vec<Vec<u8>> {
        let live = indexes.ends().into_iter().filter(|(_, end)| *end > now).map(|(task_id, _)| task_id);
        live.filter(|task_id| !self.has_record(task_id)).collect()
    }
}
