use std::collections::HashSet;

use crate::model::Time;
use crate::redis::{Direction, Failure, ScoreRange, Zset};

use super::order::{between, compare, EARLIEST_FIRST, LATEST_FIRST};
use super::Instance;

/// Ids that stand in an object's indexes at one moment and are not live: no write has removed them yet.
pub struct Expired(HashSet<Vec<u8>>);

impl Expired {
    /// Whether the id is not live.
    pub(super) fn contains(&self, task_id: &[u8]) -> bool {
        self.0.contains(task_id)
    }

    /// Its ids that an index holds with a score in that range, in the index' order.
    pub(super) fn members(&self, index: &Zset<'_>, range: ScoreRange, direction: Direction) -> Vec<Vec<u8>> {
        let score = |task_id: &Vec<u8>| Some((task_id.clone(), index.score(task_id)?));
        let mut members: Vec<_> = self.0.iter().filter_map(score).filter(|(_, score)| range.holds(*score)).collect();
        members.sort_by(|a, b| match direction {
            Direction::Up => compare(a, b),
            Direction::Down => compare(b, a),
        });
        members.into_iter().map(|(task_id, _)| task_id).collect()
    }

    /// How many members of an index are live, of those with a score in that range.
    pub(super) fn count_live(&self, index: &Zset<'_>, range: ScoreRange) -> usize {
        let is_held = |task_id: &&Vec<u8>| index.score(*task_id).is_some_and(|score| range.holds(score));
        let held = self.0.iter().filter(is_held).count();
        index.count(range).saturating_sub(held)
    }
}

impl Instance<'_> {
    /// What has run out by now. O(log n), and O(1) for each.
    pub fn expired(&self, now: Time) -> Result<Expired, Failure> {
        let mut tasks = self.index(&self.keys.tasks())?;
        let mut expiry = self.index(&self.keys.expiry())?;
        let mut expired: HashSet<_> = ended(&mut expiry, now).collect();
        expired.extend(lost(&mut tasks, &expiry));
        Ok(Expired(expired))
    }
}

/// The ids whose retention has ended, the longest over first.
pub(super) fn ended<'z, 'c>(expiry: &'z mut Zset<'c>, now: Time) -> impl Iterator<Item = Vec<u8>> + use<'z, 'c> {
    expiry.walk(between(None, Some(now)), EARLIEST_FIRST).map(|(task_id, _)| task_id)
}

/// The ids that the expiry index has lost, which happens only where a key was removed by hand or evicted by the server.
/// O(1) where it has lost none, else O(n).
pub(super) fn lost<'z, 'c>(
    tasks: &'z mut Zset<'c>,
    expiry: &'z Zset<'c>,
) -> impl Iterator<Item = Vec<u8>> + use<'z, 'c> {
    let lost_any = tasks.len() != expiry.len();
    let task_ids = lost_any.then(|| tasks.walk(ScoreRange::ALL, LATEST_FIRST));
    task_ids.into_iter().flatten().map(|(task_id, _)| task_id).filter(|task_id| expiry.score(task_id).is_none())
}
