use crate::model::Time;
use crate::redis::{ScoreRange, Zset};

use super::order::{between, EARLIEST_FIRST};

/// The ids whose retention has ended, the first to end first.
pub(super) fn ended<'z, 'c>(expiry: &'z mut Zset<'c>, now: Time) -> impl Iterator<Item = Vec<u8>> + use<'z, 'c> {
    expiry.walk(between(None, Some(now)), EARLIEST_FIRST).map(|(task_id, _)| task_id)
}

/// The ids that the expiry index lacks because its key was removed by hand or evicted, the oldest first. An expiry index that
/// was created since then has only newer ids. O(1) if it lacks none, else O(n).
pub(super) fn lost<'z, 'c>(
    tasks: &'z mut Zset<'c>,
    expiry: &'z Zset<'c>,
) -> impl Iterator<Item = Vec<u8>> + use<'z, 'c> {
    let lacks_any = tasks.len() > expiry.len();
    let task_ids = lacks_any.then(|| tasks.walk(ScoreRange::ALL, EARLIEST_FIRST));
    task_ids.into_iter().flatten().map(|(task_id, _)| task_id).filter(|task_id| expiry.score(task_id).is_none())
}
