//! Restores an index whose key was removed by hand or evicted by the server, from the records that the other indexes know.

use crate::model::{number, Kept, Time};
use crate::redis::{Hash, Mode, ScoreRange, Zset};
use crate::store::order::{between, score, time, EARLIEST_FIRST, LATEST_FIRST};

use super::lifetime::extend;
use super::Indexes;

/// How many ids are restored at a time. That takes a few milliseconds.
const MOST_RESTORED: usize = 2_000;

/// Removes the ids that the expiry index lacks from an index without a TTL: after a `PERSIST` by hand it may hold ids past
/// their time. O(1) for an index with a TTL or with one id, else O(n).
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
    /// Adds the ids of live records that the index of every id lacks, and removes those without a record from the other indexes;
    /// at most 2,000 at a time, those that live longest first. Returns whether anything changed. O(1) if none is missing, else
    /// O(n).
    pub(in crate::store) fn restore_tasks(&mut self, now: Time) -> bool {
        let (held, future) = (self.len(), between(Some(now), None));
        if held >= self.expiry.len() || held >= self.expiry.count(future) || self.tasks().is_none() {
            return false;
        }
        let Self { call, keys, tasks: Some(tasks), expiry, .. } = self else { return false };
        let last = expiry.walk(future, LATEST_FIRST).next().and_then(|(_, last)| time(last));
        let live = expiry.walk(future, LATEST_FIRST).map(|(task_id, _)| task_id);
        let missing: Vec<_> = live.filter(|task_id| tasks.score(task_id).is_none()).take(MOST_RESTORED).collect();
        let has_changed = !missing.is_empty();
        let mut gone = Vec::new();
        for task_id in missing {
            let record = Hash::open(call, &keys.record(&task_id), Mode::Peek).ok();
            let created_at = record.and_then(|record| record.get(Kept::CreatedAt.name()));
            match created_at.and_then(|millis| number(millis.as_ref())).and_then(Time::from_millis) {
                Some(created_at) => _ = tasks.add(&task_id, score(created_at)),
                None => gone.push(task_id),
            }
        }
        if let Some(last) = last {
            extend(tasks, last, now);
        }
        self.extend_names();
        if !gone.is_empty() {
            self.remove_everywhere(&gone.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
        has_changed
    }

    /// Restores the index of names if it is gone: only it says which `task:*` indexes there are. Returns whether it was.
    /// O(1) if it is there, else O(n).
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
        self.extend_names();
        is_restored
    }
}
