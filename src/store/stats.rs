use crate::model::{State, Time};
use crate::redis::{Direction, Failure, ScoreRange, Zset};

use super::order::{time, EARLIEST_FIRST, LATEST_FIRST};
use super::{Columns, Expired, Instance, Row, StateCounts};

/// What an object's live records come to.
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

impl<'c> Instance<'c> {
    /// Counts the live records. O(states + names), and as much for each record past its retention.
    pub fn stats(&self, now: Time) -> Result<Stats, Failure> {
        let expired = self.expired(now)?;
        let states = self.state_counts(&expired)?;
        let mut tasks = self.index(&self.keys.tasks())?;
        let oldest = first_live(&mut tasks, EARLIEST_FIRST, &expired);
        let newest = first_live(&mut tasks, LATEST_FIRST, &expired);
        let last = match &newest {
            Some((task_id, _)) => self.row(task_id, &Columns::Identity)?,
            None => None,
        };
        Ok(Stats {
            tasks: self.task_counts(&expired)?,
            total: expired.count_live(&tasks, ScoreRange::ALL),
            active: active(&states),
            states,
            oldest: oldest.map(|(_, created_at)| created_at),
            newest: newest.map(|(_, created_at)| created_at),
            last,
        })
    }

    fn task_counts(&self, expired: &Expired) -> Result<Vec<(String, usize)>, Failure> {
        let mut names = self.index(&self.keys.names())?;
        let mut counts = Vec::new();
        for (name, _) in names.walk(ScoreRange::ALL, Direction::Up) {
            let index = self.index(&self.keys.task(&name))?;
            let count = expired.count_live(&index, ScoreRange::ALL);
            if count > 0 {
                counts.push((String::from_utf8_lossy(&name).into_owned(), count));
            }
        }
        Ok(counts)
    }
}

fn active(StateCounts(counts): &StateCounts) -> usize {
    counts.iter().filter(|(state, _): &&(State, usize)| !state.is_final()).map(|(_, count)| count).sum()
}

fn first_live(tasks: &mut Zset<'_>, direction: Direction, expired: &Expired) -> Option<(Vec<u8>, Time)> {
    let (task_id, score) = tasks.walk(ScoreRange::ALL, direction).find(|(task_id, _)| !expired.contains(task_id))?;
    Some((task_id, time(score)?))
}
