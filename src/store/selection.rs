use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};

use crate::model::{Filter, Kept, Order, State, States, Window};
use crate::redis::{Direction, Failure, Member, Mode, ScoreRange, ServerString, Zset};

use super::live::Live;
use super::order::{between, EARLIEST_FIRST, LATEST_FIRST};
use super::Instance;

/// The indexes that a filter reads.
pub(super) struct Selection<'a, 'c> {
    /// The ids are in one of these. No id is in two.
    walked: Vec<Zset<'c>>,
    /// If given, they must also be on this other side.
    also: Option<Side<'a, 'c>>,
    /// The indexes of the states that a filter by states and names leaves out, if every id is in the index of one state.
    left_out: Option<Vec<Zset<'c>>>,
    /// Their score is in this range.
    range: ScoreRange,
}

/// The states or the names of a filter, with their indexes.
struct Side<'a, 'c> {
    any_of: AnyOf<'a>,
    indexes: Vec<Zset<'c>>,
}

enum AnyOf<'a> {
    States(States),
    Names(HashSet<&'a str>),
}

/// The most indexes in which an id is looked up. Beyond that, reading its record is faster.
const FEW: usize = State::ALL.len();

impl<'a, 'c> Selection<'a, 'c> {
    /// The indexes of that filter, opened to read.
    pub(super) fn of(instance: &Instance<'c>, filter: &Filter<'a>, live: &mut Live<'c>) -> Result<Self, Failure> {
        let mut sides = Vec::new();
        // A record is in one state or another: all of them are no filter.
        if let Some(states) = filter.states.filter(|states| !states.is_all()) {
            let keys = states.states().map(|state| instance.keys.state(state));
            let indexes = keys.map(|key| instance.ids(&key, live)).collect::<Result<_, _>>()?;
            sides.push(Side { any_of: AnyOf::States(states), indexes });
        }
        if !filter.tasks.is_empty() {
            let names: HashSet<_> = filter.tasks.iter().map(|name| name.as_str()).collect();
            let keys = names.iter().map(|name| instance.keys.task(name.as_bytes()));
            let indexes = keys.map(|key| instance.ids(&key, live)).collect::<Result<_, _>>()?;
            sides.push(Side { any_of: AnyOf::Names(names), indexes });
        }
        let left_out = match sides.as_slice() {
            [Side { any_of: AnyOf::States(states), indexes }, _names] => left_out(instance, *states, indexes, live),
            _ => None,
        };
        let range = between(filter.since, filter.until);
        sides.sort_by_key(|side| side.indexes.iter().map(|index| index.count(range)).sum::<usize>());
        let mut sides = sides.into_iter();
        let walked = match sides.next() {
            Some(side) => side.indexes,
            None => vec![instance.ids(&instance.keys.tasks(), live)?],
        };
        Ok(Self { walked, also: sides.next(), left_out, range })
    }

    /// The total, and the ids in the window.
    pub(super) fn window(
        &mut self,
        instance: &Instance<'c>,
        window: Window,
        live: &Live<'_>,
    ) -> (usize, Vec<ServerString>) {
        let direction = direction(window.order);
        let Window { offset, size, .. } = window;
        if let ([index], None) = (self.walked.as_mut_slice(), &self.also) {
            if let Some(dead) = live.dead_members(index, self.range) {
                return slice(index, self.range, window, live, dead);
            }
        }
        let ids = |members: &mut dyn Iterator<Item = Member>, count: usize| {
            members.skip(offset).take(count).map(|member| member.id).collect::<Vec<_>>()
        };
        match self.total(live) {
            Some(total) => {
                let missing = size.min(total.saturating_sub(offset));
                let ids =
                    if missing == 0 { Vec::new() } else { ids(&mut self.walk(instance, direction, live), missing) };
                (total, ids)
            }
            None => {
                let members: Vec<_> = self.walk(instance, direction, live).collect();
                (members.len(), ids(&mut members.into_iter(), size))
            }
        }
    }

    /// The total, if counting costs less than walking through all ids.
    ///
    /// A record is in one state. So of the ids with a name, those in some states are all but those in the other states, which
    /// usually are far fewer: most tasks have ended well.
    fn total(&mut self, live: &Live<'_>) -> Option<usize> {
        let Self { walked, also, left_out, range } = self;
        let dead = live.dead()?;
        let Some(also) = also else {
            return Some(walked.iter_mut().map(|index| live.count(index, *range)).sum());
        };
        let (few, many) = (count(walked, *range), also.indexes.len());
        let walking = (few * COUNTING).saturating_add(few * many);
        let counting = if *range == ScoreRange::ALL { cost(walked, &also.indexes) } else { usize::MAX };
        let names = if matches!(also.any_of, AnyOf::Names(_)) { &mut also.indexes } else { &mut *walked };
        let excluding = match (&*left_out, *range) {
            (None, _) => usize::MAX,
            (Some(left_out), ScoreRange::ALL) => cost(left_out, names),
            (Some(left_out), range) => count(left_out, range) * (COUNTING + names.len()),
        };
        if walking <= counting.min(excluding) {
            return None;
        }
        let Some(left_out) = left_out.as_mut().filter(|_| excluding < counting) else {
            return Some(common(walked, &also.indexes, dead));
        };
        let excluded = match *range {
            ScoreRange::ALL => common(left_out, names, dead),
            range => {
                let members = left_out.iter_mut().flat_map(|index| index.members(range, EARLIEST_FIRST));
                members.filter(|member| live.holds(&member.id) && is_in_any(names, &member.id)).count()
            }
        };
        let named: usize = names.iter_mut().map(|index| live.count(index, *range)).sum();
        Some(named.saturating_sub(excluded))
    }

    /// The live ids in order.
    pub(super) fn walk<'s>(
        &'s mut self,
        instance: &'s Instance<'c>,
        direction: Direction,
        live: &'s Live<'_>,
    ) -> Box<dyn Iterator<Item = Member> + 's> {
        let Self { walked, also, range, .. } = self;
        let is_selected = move |id: &ServerString| also.as_ref().is_none_or(|also| also.holds(instance, id));
        let few: Option<Vec<_>> = walked.iter_mut().map(|index| live.members(index, *range)).collect();
        if let Some(few) = few {
            let mut members: Vec<_> = few.into_iter().flatten().filter(|member| is_selected(&member.id)).collect();
            members.sort_unstable_by(|a, b| first(direction, a, b));
            return Box::new(members.into_iter());
        }
        let walks = walked.iter_mut().map(|index| index.members(*range, direction)).collect();
        let members = Merged::new(walks, direction);
        Box::new(members.filter(move |member| live.holds(&member.id) && is_selected(&member.id)))
    }
}

/// The indexes of the other states. `None` if an id may be in no index of a state, because one was evicted or overwritten.
fn left_out<'c>(
    instance: &Instance<'c>,
    states: States,
    indexes: &[Zset<'c>],
    live: &mut Live<'c>,
) -> Option<Vec<Zset<'c>>> {
    let mut others = Vec::new();
    for state in State::ALL.into_iter().filter(|state| !states.contains((*state).into())) {
        others.push(instance.ids(&instance.keys.state(state), live).ok()?);
    }
    let tasks = instance.ids(&instance.keys.tasks(), live).ok()?;
    let in_states: usize = indexes.iter().chain(&others).map(Zset::len).sum();
    (in_states == tasks.len()).then_some(others)
}

/// How many times longer it takes to walk to an id than to count it.
const COUNTING: usize = 4;

/// How many ids the indexes have in a range. O(log n).
fn count(indexes: &[Zset<'_>], range: ScoreRange) -> usize {
    indexes.iter().map(|index| index.count(range)).sum()
}

/// How many ids are looked up to count those that any of `some` has in common with any of `others`.
fn cost(some: &[Zset<'_>], others: &[Zset<'_>]) -> usize {
    pairs(some, others).map(|(one, other)| one.len().min(other.len())).sum()
}

/// How many ids that are not `dead` any of `some` has in common with any of `others`.
fn common(some: &[Zset<'_>], others: &[Zset<'_>], dead: &HashSet<ServerString>) -> usize {
    let dead = dead.iter().filter(|id| is_in_any(some, id) && is_in_any(others, id)).count();
    pairs(some, others).map(|(one, other)| one.count_common(other)).sum::<usize>().saturating_sub(dead)
}

fn pairs<'z, 'c>(some: &'z [Zset<'c>], others: &'z [Zset<'c>]) -> impl Iterator<Item = (&'z Zset<'c>, &'z Zset<'c>)> {
    some.iter().flat_map(move |one| others.iter().map(move |other| (one, other)))
}

fn is_in_any(indexes: &[Zset<'_>], id: &ServerString) -> bool {
    indexes.iter().any(|index| index.score(id).is_some())
}

impl Side<'_, '_> {
    fn holds(&self, instance: &Instance<'_>, task_id: &ServerString) -> bool {
        if self.indexes.len() <= FEW {
            return is_in_any(&self.indexes, task_id);
        }
        let Ok(record) = instance.hash(task_id.as_ref(), Mode::Peek) else { return false };
        match &self.any_of {
            AnyOf::States(states) => {
                let state = record.get(Kept::State.name()).and_then(|state| State::parse(state.as_ref()));
                state.is_some_and(|state| states.contains(state.into()))
            }
            AnyOf::Names(names) => {
                let name = record.get(Kept::Name.name());
                name.is_some_and(|name| std::str::from_utf8(name.as_ref()).is_ok_and(|name| names.contains(name)))
            }
        }
    }
}

fn direction(order: Order) -> Direction {
    match order {
        Order::Newest => LATEST_FIRST,
        Order::Oldest => EARLIEST_FIRST,
    }
}

/// The order of members that are walked that way.
fn first(direction: Direction, a: &Member, b: &Member) -> Ordering {
    match direction {
        Direction::Up => a.cmp(b),
        Direction::Down => b.cmp(a),
    }
}

/// Merges k walks into one. O(log k) for each member.
struct Merged<W> {
    walks: Vec<W>,
    heads: BinaryHeap<Head>,
    direction: Direction,
}

struct Head {
    member: Member,
    walk: usize,
    direction: Direction,
}

impl<W: Iterator<Item = Member>> Merged<W> {
    fn new(walks: Vec<W>, direction: Direction) -> Self {
        let mut merged = Self { heads: BinaryHeap::with_capacity(walks.len()), walks, direction };
        for walk in 0..merged.walks.len() {
            merged.advance(walk);
        }
        merged
    }

    fn advance(&mut self, walk: usize) {
        if let Some(member) = self.walks[walk].next() {
            self.heads.push(Head { member, walk, direction: self.direction });
        }
    }
}

impl<W: Iterator<Item = Member>> Iterator for Merged<W> {
    type Item = Member;

    fn next(&mut self) -> Option<Member> {
        let Head { member, walk, .. } = self.heads.pop()?;
        self.advance(walk);
        Some(member)
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    /// The first of the walk is the greatest: a heap returns the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        first(self.direction, &other.member, &self.member)
    }
}

/// The total, and the ids in the window, of an index of which `dead` are not live: O(log n) to reach them, O(1) for each of
/// them, and O(log m) for m dead ones.
fn slice(
    index: &mut Zset<'_>,
    range: ScoreRange,
    window: Window,
    live: &Live<'_>,
    mut dead: Vec<Member>,
) -> (usize, Vec<ServerString>) {
    let direction = direction(window.order);
    let Window { offset, size, .. } = window;
    let total = index.count(range).saturating_sub(dead.len());
    let mut missing = size.min(total.saturating_sub(offset));
    let mut task_ids = Vec::with_capacity(missing);
    if missing == 0 {
        return (total, task_ids);
    }
    if offset == 0 {
        // To walk from the beginning costs less than to ask for ranks.
        let ids = index.members(range, direction).map(|member| member.id).filter(|id| live.holds(id));
        task_ids.extend(ids.take(missing));
        return (total, task_ids);
    }
    dead.sort_unstable_by(|a, b| first(direction, a, b));
    let start = rank_of_range(index, range, direction);
    // As many dead ids stand before the window as have no more live ids before them than the window.
    let live_before = |at: usize| index.rank(&dead[at].id, direction).saturating_sub(start + at);
    let (mut before, mut beyond) = (0, dead.len());
    while before < beyond {
        let middle = before.midpoint(beyond);
        if live_before(middle) <= offset {
            before = middle + 1;
        } else {
            beyond = middle;
        }
    }
    let mut rank = start.saturating_add(offset).saturating_add(before);
    while missing > 0 {
        let slice = index.slice(rank, missing, direction);
        if slice.is_empty() {
            break;
        }
        rank += slice.len();
        task_ids.extend(slice.into_iter().filter(|id| live.holds(id)));
        missing = size.min(total - offset) - task_ids.len();
    }
    (total, task_ids)
}

/// The rank of the range's first member.
fn rank_of_range(index: &Zset<'_>, range: ScoreRange, direction: Direction) -> usize {
    let from_here_on = match direction {
        Direction::Up => ScoreRange { max: f64::INFINITY, ..range },
        Direction::Down => ScoreRange { min: f64::NEG_INFINITY, ..range },
    };
    index.len().saturating_sub(index.count(from_here_on))
}
