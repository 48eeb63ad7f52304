//! Filling an index again whose key was removed by hand or evicted by the server. What it held is told by the records that
//! the other indexes know.

use crate::model::{Kept, Time};
use crate::redis::{Hash, Mode, ScoreRange, Zset};
use crate::store::order::{between, score, time, EARLIEST_FIRST, LATEST_FIRST};
use crate::store::read;

use super::lifetime::keep;
use super::Indexes;

/// Takes the ids that the expiry index does not know out of an index that has no TTL. Somebody persisted it, so it may hold
/// ids past their time. O(1) for an index with a TTL or of one id, else O(n).
pub(super) fn drop_strays(index: &mut Zset<'_>, expiry: &Zset<'_>) {
    if index.len() < 2 || index.expires_at().is_some() {
        return;
    }
    let ids = index.walk(ScoreRange::ALL, EARLIEST_FIRST).map(|(task_id, _)| task_id);
    let strays: Vec<_> = ids.filter(|task_id| expiry.score(task_id).is_none()).collect();
    for task_id in strays {
        index.remove(&task_id);
    }
}

impl Indexes<'_> {
    /// Puts the ids of the live records into the index of every id where it lacks some, and takes those that have no record
    /// out of the others. Whether anything changed. O(1) where it lacks none, else O(n log n).
    pub(in crate::store) fn restore_tasks(&mut self, now: Time) -> bool {
        let (held, future) = (self.len(), between(Some(now), None));
        if held >= self.expiry.len() || held >= self.expiry.count(future) {
            return false;
        }
        let live: Vec<_> = self.expiry.walk(future, EARLIEST_FIRST).collect();
        let last = live.last().and_then(|(_, last)| time(*last));
        let (call, keys) = (self.call, self.keys);
        let (mut gone, mut has_changed) = (Vec::new(), false);
        for (task_id, _) in live {
            let record = Hash::open(call, &keys.record(&task_id), Mode::Peek);
            match (record.ok().as_ref().and_then(read), self.tasks()) {
                (Some(record), Some(tasks)) => has_changed |= tasks.add(&task_id, score(record.created_at)),
                _ => gone.push(task_id),
            }
        }
        if let (Some(last), Some(tasks)) = (last, self.tasks()) {
            keep(tasks, last, now);
        }
        self.keep_names();
        has_changed |= !gone.is_empty();
        if !gone.is_empty() {
            self.remove_everywhere(gone);
        }
        has_changed
    }

    /// Puts the names of the records into their index where that is gone: without it nobody knows which indexes
    /// there are. Whether it was. O(1) where it is there, else O(n).
    pub(in crate::store) fn restore_names(&mut self) -> bool {
        let is_lost = self.names().is_some_and(|names| names.is_empty());
        let Some(tasks) = self.tasks().filter(|tasks| is_lost && !tasks.is_empty()) else { return false };
        let task_ids: Vec<_> = tasks.walk(ScoreRange::ALL, LATEST_FIRST).map(|(task_id, _)| task_id).collect();
        let (call, keys) = (self.call, self.keys);
        let Some(names) = self.names() else { return false };
        let mut is_restored = false;
        for task_id in task_ids {
            let record = Hash::open(call, &keys.record(&task_id), Mode::Peek);
            if let Some(name) = record.ok().and_then(|record| record.get(Kept::Name.name())) {
                is_restored |= names.add(&name, 0.0);
            }
        }
        self.keep_names();
        is_restored
    }
}
