use std::collections::HashSet;

use crate::model::{Filter, Order, PageRequest, State, States, TaskName};
use crate::redis::{Direction, Failure, Mode, ScoreRange, Walk, Zset};

use super::order::{between, compare, EARLIEST_FIRST, LATEST_FIRST};
use super::{Columns, Expired, Instance, Row};

/// One page of an object's live records.
pub struct Page {
    /// How many live records the filter lets through, on all pages.
    pub total: usize,
    /// The rows of this page.
    pub rows: Vec<Row>,
}

/// How many live records are in each state; states without any are left out.
pub struct StateCounts(pub Vec<(State, usize)>);

impl<'c> Instance<'c> {
    /// Reads one page.
    ///
    /// O(log n + rows) where the filter names at most one index; for several states or several names O(offset + rows);
    /// for states together with names O(m), m being the smaller of the two sides. What has run out since the object's
    /// last update adds O(1) for each.
    pub fn page(
        &self,
        filter: &Filter<'_>,
        request: &PageRequest,
        columns: &Columns<'_>,
        expired: &Expired,
    ) -> Result<Page, Failure> {
        let (total, task_ids) = self.selection(filter)?.page(request, expired);
        let rows = task_ids.iter().filter_map(|task_id| self.row(task_id, columns).transpose());
        Ok(Page { total, rows: rows.collect::<Result<_, _>>()? })
    }

    /// Counts the live records in each state. O(states), and O(states) for each record past its retention.
    pub fn state_counts(&self, expired: &Expired) -> Result<StateCounts, Failure> {
        let mut counts = Vec::new();
        for state in State::ALL {
            let index = self.index(&self.keys.state(state))?;
            let count = expired.count_live(&index, ScoreRange::ALL);
            if count > 0 {
                counts.push((state, count));
            }
        }
        Ok(StateCounts(counts))
    }

    fn selection(&self, filter: &Filter<'_>) -> Result<Selection<'c>, Failure> {
        let states = filter.states.map(|states| self.states(states)).transpose()?;
        let tasks = (!filter.tasks.is_empty()).then(|| self.tasks(&filter.tasks)).transpose()?;
        let (walked, also_in) = match (states, tasks) {
            (None, None) => (vec![self.index(&self.keys.tasks())?], None),
            (Some(one), None) | (None, Some(one)) => (one, None),
            (Some(states), Some(tasks)) if members(&states) <= members(&tasks) => (states, Some(tasks)),
            (Some(states), Some(tasks)) => (tasks, Some(states)),
        };
        Ok(Selection { walked, also_in, range: between(filter.since, filter.until) })
    }

    fn states(&self, states: States) -> Result<Vec<Zset<'c>>, Failure> {
        states.states().map(|state| self.index(&self.keys.state(state))).collect()
    }

    fn tasks(&self, names: &[TaskName<'_>]) -> Result<Vec<Zset<'c>>, Failure> {
        let distinct: HashSet<_> = names.iter().map(|name| name.as_str()).collect();
        distinct.into_iter().map(|name| self.index(&self.keys.task(name.as_bytes()))).collect()
    }

    pub(super) fn index(&self, name: &[u8]) -> Result<Zset<'c>, Failure> {
        Zset::open(self.call, name, Mode::Read)
    }
}

/// The indexes that a filter comes down to.
struct Selection<'c> {
    /// The ids are those of any of these, no id being in two.
    walked: Vec<Zset<'c>>,
    /// And, where given, also in one of these.
    also_in: Option<Vec<Zset<'c>>>,
    /// With a score in this range.
    range: ScoreRange,
}

impl<'c> Selection<'c> {
    /// The total, and the ids of the page.
    fn page(mut self, request: &PageRequest, expired: &Expired) -> (usize, Vec<Vec<u8>>) {
        let direction = match request.order {
            Order::Newest => LATEST_FIRST,
            Order::Oldest => EARLIEST_FIRST,
        };
        let offset = request.offset();
        match (self.walked.as_slice(), self.also_in.take()) {
            ([_], None) => self.slice(offset, request.size, direction, expired),
            (_, None) => {
                let total = self.walked.iter().map(|index| expired.count_live(index, self.range));
                let total = total.sum();
                let live = self.walk(direction).filter(|task_id| !expired.contains(task_id));
                (total, live.skip(offset).take(request.size).collect())
            }
            (_, Some(also_in)) => {
                let is_in = |task_id: &[u8]| also_in.iter().any(|index| index.score(task_id).is_some());
                let matching = self.walk(direction).filter(|task_id| !expired.contains(task_id) && is_in(task_id));
                let mut total = 0;
                let mut task_ids = Vec::new();
                for task_id in matching {
                    if total >= offset && task_ids.len() < request.size {
                        task_ids.push(task_id);
                    }
                    total += 1;
                }
                (total, task_ids)
            }
        }
    }

    /// The total, and the ids of one page, of the only walked index: O(log n) to reach them, O(1) for each of them and
    /// for what has run out.
    fn slice(&mut self, offset: usize, size: usize, direction: Direction, expired: &Expired) -> (usize, Vec<Vec<u8>>) {
        let index = &mut self.walked[0];
        let run_out = expired.members(index, self.range, direction);
        let total = index.count(self.range).saturating_sub(run_out.len());
        let mut missing = size.min(total.saturating_sub(offset));
        let mut task_ids = Vec::with_capacity(missing);
        if missing == 0 {
            return (total, task_ids);
        }
        if offset == 0 {
            // To walk from the beginning costs less than to ask for ranks.
            let live = index.walk(self.range, direction).map(|(task_id, _)| task_id);
            task_ids.extend(live.filter(|task_id| !expired.contains(task_id)).take(missing));
            return (total, task_ids);
        }
        let first = rank_of_range(index, self.range, direction);
        // As many have run out before the page as stand behind fewer live ids than the page does.
        let (mut before, mut beyond) = (0, run_out.len());
        while before < beyond {
            let middle = before.midpoint(beyond);
            let live_before = index.rank(&run_out[middle], direction).saturating_sub(first + middle);
            if live_before <= offset {
                before = middle + 1;
            } else {
                beyond = middle;
            }
        }
        let mut rank = first.saturating_add(offset).saturating_add(before);
        while missing > 0 {
            let slice = index.slice(rank, missing, direction);
            if slice.is_empty() {
                break;
            }
            rank += slice.len();
            task_ids.extend(slice.into_iter().filter(|task_id| !expired.contains(task_id)));
            missing = size.min(total - offset) - task_ids.len();
        }
        (total, task_ids)
    }

    /// The ids of all walked indexes in one order.
    fn walk<'s>(&'s mut self, direction: Direction) -> impl Iterator<Item = Vec<u8>> + use<'s, 'c> {
        let range = self.range;
        let mut walks: Vec<_> =
            self.walked.iter_mut().map(|index| index.walk(range, direction)).map(Walk::peekable).collect();
        std::iter::from_fn(move || {
            let heads = walks.iter_mut().enumerate().filter_map(|(at, walk)| Some((at, walk.peek()?)));
            let first = match direction {
                Direction::Up => heads.min_by(|(_, a), (_, b)| compare(a, b)),
                Direction::Down => heads.max_by(|(_, a), (_, b)| compare(a, b)),
            };
            let at = first.map(|(at, _)| at)?;
            walks[at].next().map(|(task_id, _)| task_id)
        })
    }
}

fn members(indexes: &[Zset<'_>]) -> usize {
    indexes.iter().map(Zset::len).sum()
}

/// The rank of the range's first member.
fn rank_of_range(index: &Zset<'_>, range: ScoreRange, direction: Direction) -> usize {
    let from_here_on = match direction {
        Direction::Up => ScoreRange { max: f64::INFINITY, ..range },
        Direction::Down => ScoreRange { min: f64::NEG_INFINITY, ..range },
    };
    index.len().saturating_sub(index.count(from_here_on))
}
