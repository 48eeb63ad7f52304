//! Filling an index again that was lost as a whole: its key was removed by hand, or evicted by the server. What it held is
//! told by the records that the others know.

use crate::model::{Kept, Time};
use crate::redis::{Hash, Mode, ScoreRange};
use crate::store::order::{between, score, time, LATEST_FIRST};
use crate::store::read;

use super::lifetime::keep;
use super::Indexes;

impl Indexes<'_> {
    /// Puts the ids of the live records into the index of every id where that is gone. O(n log n).
    pub(super) fn restore_tasks(&mut self, now: Time) {
        let live: Vec<_> = self.expiry.walk(between(Some(now), None), LATEST_FIRST).collect();
        let last = live.first().and_then(|(_, last)| time(*last));
        let (call, keys) = (self.call, self.keys);
        let Some(tasks) = self.tasks() else { return };
        for (task_id, _) in live {
            let record = Hash::open(call, &keys.record(&task_id), Mode::Maintain);
            if let Some(record) = record.ok().as_ref().and_then(read) {
                tasks.add(&task_id, score(record.created_at));
            }
        }
        if let Some(last) = last {
            keep(tasks, last, now);
        }
        self.keep_names();
    }

    /// Puts the names of the records into their index where that is gone: without it nobody knows which indexes
    /// there are. O(1) where it is there, else O(n).
    pub(in crate::store) fn restore_names(&mut self) {
        let is_lost = self.names().is_some_and(|names| names.is_empty());
        let Some(tasks) = self.tasks().filter(|tasks| is_lost && tasks.len() > 1) else { return };
        let task_ids: Vec<_> = tasks.walk(ScoreRange::ALL, LATEST_FIRST).map(|(task_id, _)| task_id).collect();
        let (call, keys) = (self.call, self.keys);
        let Some(names) = self.names() else { return };
        for task_id in task_ids {
            let record = Hash::open(call, &keys.record(&task_id), Mode::Maintain);
            if let Some(name) = record.ok().and_then(|record| record.get(Kept::Name.name())) {
                names.add(name.as_ref(), 0.0);
            }
        }
        self.keep_names();
    }
}
