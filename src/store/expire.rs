use crate::counters::COUNTERS;
use crate::model::{Record, Seconds, Terms, Time};
use crate::redis::{Failure, Mode};

use super::indexes::Move;
use super::{live_record, Instance};

impl Instance<'_> {
    /// Removes every id that is not live. How many. O(n), and O(states + names) for each.
    pub fn expire(&self, terms: &Terms) -> Result<usize, Failure> {
        let mut indexes = self.indexes()?;
        indexes.check_all()?;
        let (removed, has_changed) = self.clear_up(&mut indexes, terms);
        if has_changed {
            self.replicate(terms);
        }
        Ok(removed)
    }

    /// Has every record end so long after its last update, and removes those that are past that or their own end. How
    /// many were removed. O(n log n) for n records.
    pub fn expire_after(&self, retention: Seconds, terms: &Terms) -> Result<usize, Failure> {
        let mut indexes = self.indexes()?;
        indexes.check_all()?;
        let mut leaving = Vec::new();
        let mut staying: Vec<(Vec<u8>, Record, Time)> = Vec::new();
        for (task_id, end_before) in indexes.ends() {
            let record = live_record(&self.hash(&task_id, Mode::Write)?, Some(end_before), terms.now);
            match record.map(|record| (record.updated_at.after(retention), record)) {
                Some((end, _)) if end > terms.now && end == end_before => {}
                Some((end, record)) if end > terms.now => {
                    indexes.check(&Move {
                        before: Some(&record),
                        after: &record,
                        end_before: Some(end_before),
                        end: Some(end),
                        now: terms.now,
                    })?;
                    staying.push((task_id, record, end));
                }
                _ => leaving.push(task_id),
            }
        }
        let last_leaving = leaving.iter().filter_map(|task_id| indexes.end(task_id)).max();
        self.remove(&mut indexes, &leaving);
        COUNTERS.expired.add(leaving.len());
        for (task_id, record, end) in &staying {
            self.hash(task_id, Mode::Maintain)?.expire_at(end.millis());
            indexes.set_end(task_id, record, *end, terms.now)?;
        }
        if let Some(last) = last_leaving {
            indexes.let_go(last, terms.now);
        }
        if !leaving.is_empty() || !staying.is_empty() {
            self.replicate(terms);
        }
        Ok(leaving.len())
    }
}
