use std::collections::HashSet;

use crate::model::Time;
use crate::redis::{Direction, Failure, Member, Mode, ScoreRange, ServerString, Zset};

use super::order::{between, EARLIEST_FIRST};
use super::{removals, Instance};

/// Tells which ids in the indexes of an object are live at one moment: their retention has not ended, and they have a record.
///
/// It holds either the live ids or the others, whichever are fewer.
pub struct Live<'c> {
    ids: Ids,
    expiry: Zset<'c>,
}

enum Ids {
    /// The ids that are not live: every other id is.
    AllBut(HashSet<ServerString>),
    /// The ids that are live: no other id is.
    Only(HashSet<ServerString>),
}

impl<'c> Instance<'c> {
    /// What is live now. O(log n) while no retention has ended, else O(m) for m live ids or m others, whichever are fewer. O(n)
    /// while the expiry index lacks ids that `tasks` has; the next writes repair that.
    pub fn live(&self, now: Time) -> Result<Live<'c>, Failure> {
        let mut tasks = self.index(&self.keys.tasks())?;
        let mut expiry = self.index(&self.keys.expiry())?;
        let past = between(None, Some(now));
        let has_ended = expiry.members(past, EARLIEST_FIRST).next().is_some();
        let live = expiry.len() - if has_ended { expiry.count(past) } else { 0 };
        let held = tasks.len().max(expiry.len());
        let ids = if live < held - live {
            let future = ScoreRange { min: past.max + 1.0, ..ScoreRange::ALL };
            Ids::Only(ids(&mut expiry, future).collect())
        } else {
            let mut dead: HashSet<_> = has_ended.then(|| ids(&mut expiry, past)).into_iter().flatten().collect();
            if tasks.len() > expiry.len() {
                dead.extend(ids(&mut tasks, ScoreRange::ALL).filter(|task_id| expiry.score(task_id).is_none()));
            }
            Ids::AllBut(dead)
        };
        let mut live = Live { ids, expiry };
        self.exclude_removed(&mut live);
        live.exclude_strays(&mut tasks);
        Ok(live)
    }

    /// Excludes the ids whose record is known to have been removed by others.
    fn exclude_removed(&self, live: &mut Live<'c>) {
        let object = self.keys.object();
        let Some(removed) = removals::of(object) else { return };
        let mut outdated = Vec::new();
        for task_id in &removed.task_ids {
            let is_gone = live.expiry.score(task_id).is_some() && !self.has_record(task_id);
            if is_gone {
                live.exclude(task_id);
            } else {
                outdated.push(task_id.as_slice());
            }
        }
        removals::forget_records(object, outdated);
    }

    /// Excludes ids that turned out to have no record, and notes them for the next write.
    pub(super) fn exclude(&self, gone: &[ServerString], live: &mut Live<'c>) {
        for task_id in gone {
            removals::note_record(self.keys.object(), task_id.as_ref());
            live.exclude(task_id.as_ref());
        }
    }

    /// Whether an id has a record. A key of another type is none.
    pub(super) fn has_record(&self, task_id: &[u8]) -> bool {
        self.hash(task_id, Mode::Peek).is_ok_and(|record| record.exists())
    }

    /// Opens an index of ids, and excludes from `live` what it keeps past its time.
    pub(super) fn ids(&self, name: &[u8], live: &mut Live<'c>) -> Result<Zset<'c>, Failure> {
        let mut index = self.index(name)?;
        live.exclude_strays(&mut index);
        Ok(index)
    }
}

/// How many members of an index can be walked in about the time that the server needs to count those of a range.
const SMALL: usize = 4;

impl Live<'_> {
    /// Whether an id that an index holds is live.
    pub(super) fn holds(&self, task_id: &ServerString) -> bool {
        match &self.ids {
            Ids::AllBut(dead) => !dead.contains(task_id),
            Ids::Only(live) => live.contains(task_id),
        }
    }

    /// How many members of an index are live, of those with a score in that range. O(log n), and O(m) for the
    /// m ids that are held or the m of the index, whichever are fewer.
    pub(super) fn count(&self, index: &mut Zset<'_>, range: ScoreRange) -> usize {
        match &self.ids {
            Ids::AllBut(dead) => index.count(range).saturating_sub(common(dead, index, range).len()),
            Ids::Only(live) => common(live, index, range).len(),
        }
    }

    /// The live members of an index with a score in that range, in no order. `None` if the others are held.
    pub(super) fn members(&self, index: &mut Zset<'_>, range: ScoreRange) -> Option<Vec<Member>> {
        match &self.ids {
            Ids::AllBut(_) => None,
            Ids::Only(live) => Some(common(live, index, range)),
        }
    }

    /// The members of an index with a score in that range that are not live, in no order. `None` if the live ones are held.
    pub(super) fn dead_members(&self, index: &mut Zset<'_>, range: ScoreRange) -> Option<Vec<Member>> {
        match &self.ids {
            Ids::AllBut(dead) => Some(common(dead, index, range)),
            Ids::Only(_) => None,
        }
    }

    /// The ids that are not live. `None` if the live ones are held.
    pub(super) fn dead(&self) -> Option<&HashSet<ServerString>> {
        match &self.ids {
            Ids::AllBut(dead) => Some(dead),
            Ids::Only(_) => None,
        }
    }

    /// How many members of an index are live in each part of a span, by the scores at which the parts begin and the span
    /// ends. O(log n) for each part, or O(n) for a small index, and O(m) for m ids that are held.
    pub(super) fn count_parts(&self, index: &mut Zset<'_>, beginnings: &[f64], end: f64) -> Vec<usize> {
        let mut counts = vec![0; beginnings.len()];
        let Some(first) = beginnings.first() else { return counts };
        let range = ScoreRange { min: *first, max: end };
        let part = |member: &Member| beginnings.partition_point(|beginning| *beginning <= member.score) - 1;
        if let Some(live) = self.members(index, range) {
            live.iter().for_each(|member| counts[part(member)] += 1);
            return counts;
        }
        if index.len() <= SMALL * beginnings.len() {
            let live = index.members(range, EARLIEST_FIRST).filter(|member| self.holds(&member.id));
            live.for_each(|member| counts[part(&member)] += 1);
            return counts;
        }
        let ends = beginnings[1..].iter().map(|next| next - 1.0).chain([end]);
        for ((count, min), max) in counts.iter_mut().zip(beginnings).zip(ends) {
            if *min <= max {
                *count = index.count(ScoreRange { min: *min, max });
            }
        }
        for member in self.dead_members(index, range).into_iter().flatten() {
            let count = &mut counts[part(&member)];
            *count = count.saturating_sub(1);
        }
        counts
    }

    fn exclude(&mut self, task_id: &[u8]) {
        match &mut self.ids {
            Ids::AllBut(dead) => _ = dead.insert(ServerString::new(task_id)),
            Ids::Only(live) => _ = live.remove(task_id),
        }
    }

    /// Excludes ids that an index keeps past their time. An index has a longer TTL than the expiry index only after a `PERSIST`
    /// or `EXPIRE` by hand, and only then can it hold ids that the expiry index no longer has. O(1) otherwise, else O(n).
    fn exclude_strays(&mut self, index: &mut Zset<'_>) {
        let Ids::AllBut(dead) = &mut self.ids else { return };
        let end = |index: &Zset<'_>| index.expires_at().unwrap_or(i64::MAX);
        if !index.is_empty() && (self.expiry.is_empty() || end(index) > end(&self.expiry)) {
            dead.extend(ids(index, ScoreRange::ALL).filter(|task_id| self.expiry.score(task_id).is_none()));
        }
    }
}

fn ids<'z, 'c>(index: &'z mut Zset<'c>, range: ScoreRange) -> impl Iterator<Item = ServerString> + use<'z, 'c> {
    index.members(range, EARLIEST_FIRST).map(|member| member.id)
}

/// The members of an index with a score in that range that are among `ids`. O(m) for the m of the smaller one.
fn common(ids: &HashSet<ServerString>, index: &mut Zset<'_>, range: ScoreRange) -> Vec<Member> {
    if ids.len() > index.len() {
        return index.members(range, Direction::Up).filter(|member| ids.contains(&member.id)).collect();
    }
    let member = |id: &ServerString| Some(Member { id: id.clone(), score: index.score(id)? });
    ids.iter().filter_map(member).filter(|member| range.holds(member.score)).collect()
}
