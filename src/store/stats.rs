use crate::model::{parts, Span, State, Time};
use crate::redis::{Direction, Failure, ScoreRange, ServerString, Zset};

use super::live::Live;
use super::order::{between, score, time, EARLIEST_FIRST, LATEST_FIRST};
use super::row::Allowance;
use super::{Columns, Instance, Row, StateCounts};

/// The counts of an object's live records in a span of time.
pub struct Stats {
    /// How many are in each state; states without any are left out.
    pub states: StateCounts,
    /// How many there are of each task name; names without any are left out.
    pub tasks: Vec<(String, usize)>,
    /// How many there are.
    pub total: usize,
    /// How many are not finished.
    pub active: usize,
    /// The earliest `created_at`.
    pub oldest: Option<Time>,
    /// The latest `created_at`.
    pub newest: Option<Time>,
    /// Id, name, state and `updated_at` of the one that was created last.
    pub last: Option<Row>,
}

/// The counts of a part of a span.
pub struct Bucket {
    /// When it begins. It ends where the next one begins, the last one with the span.
    pub since: Time,
    /// How many are in each state; states without any are left out.
    pub states: StateCounts,
}

impl<'c> Instance<'c> {
    /// Counts the live records of a span. O((states + names) log n), and O(m) for each index for m ids that are not live.
    pub fn stats(&self, span: Span, live: &mut Live<'c>) -> Result<Stats, Failure> {
        let range = between(span.since, span.until);
        let mut tasks = self.ids(&self.keys.tasks(), live)?;
        let (newest, last) = self.last(&mut tasks, range, live)?;
        let oldest = self.end(&mut tasks, range, EARLIEST_FIRST, live);
        let states = self.state_counts(span, live)?;
        Ok(Stats {
            tasks: self.task_counts(range, live)?,
            total: live.count(&mut tasks, range),
            active: active(&states),
            states,
            oldest: oldest.map(|(_, created_at)| created_at),
            newest,
            last,
        })
    }

    /// Counts the live records of a span in `count` equal parts. O(states x count x log n), and O(m log m) for each state for
    /// m ids that are not live.
    ///
    /// Without `since` the span begins with the oldest live record, without `until` it ends now.
    pub fn buckets(&self, span: Span, count: usize, now: Time, live: &mut Live<'c>) -> Result<Vec<Bucket>, Failure> {
        let until = span.until.unwrap_or(now);
        let mut tasks = self.ids(&self.keys.tasks(), live)?;
        let mut oldest = || self.end(&mut tasks, between(None, Some(until)), EARLIEST_FIRST, live);
        let since = span.since.or_else(|| oldest().map(|(_, created_at)| created_at)).unwrap_or(until);
        let beginnings = parts(since, until, count);
        let mut buckets: Vec<_> =
            beginnings.iter().map(|since| Bucket { since: *since, states: StateCounts(Vec::new()) }).collect();
        for state in State::ALL {
            let mut index = self.ids(&self.keys.state(state), live)?;
            let counts =
                live.count_parts(&mut index, &beginnings.iter().copied().map(score).collect::<Vec<_>>(), score(until));
            for (bucket, count) in buckets.iter_mut().zip(counts) {
                if count > 0 {
                    bucket.states.0.push((state, count));
                }
            }
        }
        Ok(buckets)
    }

    /// The latest `created_at` of a live record, and that record.
    fn last(
        &self,
        tasks: &mut Zset<'c>,
        range: ScoreRange,
        live: &mut Live<'c>,
    ) -> Result<(Option<Time>, Option<Row>), Failure> {
        while let Some((task_id, created_at)) = self.end(tasks, range, LATEST_FIRST, live) {
            match self.row(task_id.as_ref(), &Columns::Identity, &mut Allowance::of_page(&Columns::Identity))? {
                Some(row) => return Ok((Some(created_at), Some(row))),
                None => self.exclude(&[task_id], live),
            }
        }
        Ok((None, None))
    }

    /// The first live id of that direction.
    fn end(
        &self,
        tasks: &mut Zset<'c>,
        range: ScoreRange,
        direction: Direction,
        live: &Live<'c>,
    ) -> Option<(ServerString, Time)> {
        let first = match live.members(tasks, range) {
            Some(few) if direction == LATEST_FIRST => few.into_iter().max(),
            Some(few) => few.into_iter().min(),
            None => tasks.members(range, direction).find(|member| live.holds(&member.id)),
        }?;
        Some((first.id, time(first.score)?))
    }

    fn task_counts(&self, range: ScoreRange, live: &mut Live<'c>) -> Result<Vec<(String, usize)>, Failure> {
        let mut names = self.index(&self.keys.names())?;
        let mut counts = Vec::new();
        for name in names.members(ScoreRange::ALL, Direction::Up).map(|member| member.id) {
            let mut index = self.ids(&self.keys.task(name.as_ref()), live)?;
            let count = live.count(&mut index, range);
            if count > 0 {
                counts.push((String::from_utf8_lossy(name.as_ref()).into_owned(), count));
            }
        }
        Ok(counts)
    }
}

fn active(StateCounts(counts): &StateCounts) -> usize {
    counts.iter().filter(|(state, _): &&(State, usize)| !state.is_final()).map(|(_, count)| count).sum()
}
