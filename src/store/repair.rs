use crate::counters::COUNTERS;
use crate::model::{Limits, Terms, Time};

use super::{removals, Indexes, Instance};

impl Instance<'_> {
    /// Removes from the indexes every id whose retention has ended, that the expiry index lacks, or that has no record. Restores
    /// the indexes of names and of every id. It leaves the id `except` to the caller, who may have its record open. Returns how
    /// many ids were removed, and whether anything changed. O(n).
    pub(super) fn clear_up(&self, indexes: &mut Indexes<'_>, except: &[u8], terms: &Terms) -> (usize, bool) {
        let mut leaving = indexes.ended(terms.now, usize::MAX);
        leaving.extend(indexes.lost(usize::MAX));
        leaving.extend(self.without_record(indexes, terms.now));
        leaving.retain(|task_id| task_id != except);
        self.remove(indexes, &leaving);
        COUNTERS.expired.add(leaving.len());
        let has_restored = indexes.restore_names() | indexes.restore_tasks(terms.now);
        (leaving.len(), has_restored || !leaving.is_empty())
    }

    /// Repairs the indexes after others have removed keys: removes ids that lost their record, at most 100, and restores the
    /// index of names. It leaves the id `except` to the caller.
    ///
    /// The repair is replicated as commands of its own, because a replica may not have the same notes. If the user may not
    /// write all indexes, a later call does it.
    pub(super) fn repair(&self, indexes: &mut Indexes<'_>, except: &[u8], terms: &Terms) {
        if self.call.is_replayed() {
            return;
        }
        let object = self.keys.object();
        let Some(removed) = removals::of(object) else { return };
        if indexes.check_all().is_err() {
            return;
        }
        let (text, words) = (terms.text(), self.call.arguments());
        let object_words = [words[0].as_bytes(), words[1].as_bytes()];
        if removed.names {
            self.clear_up(indexes, except, terms);
            self.call.replicate_other(c"TRACKER.EXPIRE", &[&object_words[..], &[text.as_bytes()]].concat());
            removals::forget_names(object);
            return;
        }
        let others = removed.task_ids.into_iter().filter(|task_id| task_id != except);
        let checked: Vec<_> = others.take(Limits::REMOVED_PER_WRITE).collect();
        let is_gone = |task_id: &&Vec<u8>| indexes.holds(task_id) && !self.has_record(task_id);
        let mut gone: Vec<_> = checked.iter().filter(is_gone).cloned().collect();
        gone.sort();
        if !gone.is_empty() {
            let last = gone.iter().filter_map(|task_id| indexes.end(task_id)).max();
            self.remove(indexes, &gone);
            if let Some(last) = last {
                indexes.shorten(last, terms.now);
            }
            let ids: Vec<_> = gone.iter().map(Vec::as_slice).collect();
            self.call.replicate_other(c"TRACKER.DEL", &[&object_words[..], &ids, &[text.as_bytes()]].concat());
        }
        removals::forget_records(object, checked.iter().map(Vec::as_slice));
    }

    /// The ids whose retention has not ended and that have no record. O(n).
    fn without_record(&self, indexes: &mut Indexes<'_>, now: Time) -> Vec<Vec<u8>> {
        let live = indexes.ends().into_iter().filter(|(_, end)| *end > now).map(|(task_id, _)| task_id);
        live.filter(|task_id| !self.has_record(task_id)).collect()
    }
}
