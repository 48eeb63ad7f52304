mod lifetime;
mod moves;
mod restore;

use std::collections::{BTreeMap, HashSet};

use crate::model::{KeyNames, Record, State, States, Time};
use crate::redis::{AsText, Call, Direction, Failure, Mode, ScoreRange, Zset};

use super::expired::{ended, lost};
use super::order::{compare, score, time, EARLIEST_FIRST, LATEST_FIRST};
use lifetime::{extend, extend_beyond, horizon, is_short, last_horizon, limit};
pub(super) use moves::{Move, Reach};
use restore::drop_strays;

/// The sorted sets of one object, opened for writing when they are first needed.
pub(super) struct Indexes<'c> {
    call: &'c Call<'c>,
    keys: &'c KeyNames,
    expiry: Zset<'c>,
    tasks: Option<Zset<'c>>,
    names: Option<Zset<'c>>,
    states: [Option<Zset<'c>>; State::ALL.len()],
    by_name: BTreeMap<Vec<u8>, Zset<'c>>,
}

/// The order in which the states' indexes are searched for a removed id: a record past its retention is nearly always
/// finished.
const LIKELIEST_FIRST: [State; State::ALL.len()] = [
    State::Success,
    State::Failure,
    State::Revoked,
    State::Ignored,
    State::Rejected,
    State::Started,
    State::Received,
    State::Pending,
    State::Retry,
];

impl<'c> Indexes<'c> {
    /// Opens the index of the ends, which every update needs. Fails if its key holds another type or the user may not
    /// write it.
    pub(super) fn open(call: &'c Call<'c>, keys: &'c KeyNames) -> Result<Self, Failure> {
        Ok(Self {
            expiry: Zset::open(call, &keys.expiry(), Mode::Write)?,
            tasks: None,
            names: None,
            states: Default::default(),
            by_name: BTreeMap::new(),
            call,
            keys,
        })
    }

    /// Opens the indexes that [`Indexes::place`] will need. Fails if a key holds another type or the user may not write
    /// it.
    pub(super) fn check(&mut self, to: &Move<'_>) -> Result<(), Failure> {
        let reach = to.reach();
        for record in to.before.into_iter().chain([to.after]) {
            if reach == Reach::All {
                self.open_task(record.name.as_bytes(), Mode::Write)?;
            }
            if reach != Reach::None {
                self.open_state(record.state, Mode::Write)?;
            }
        }
        if reach == Reach::All {
            let (end, now) = (to.end.unwrap_or(to.now), to.now);
            let is_short = is_short(self.open_tasks(Mode::Write)?, end, now);
            let is_first = self.task(to.after.name.as_bytes())?.is_empty();
            if to.before.is_some() || is_short || is_first {
                self.open_names(Mode::Write)?;
            }
        }
        Ok(())
    }

    /// Opens all indexes. Fails if a key holds another type or the user may not write it.
    pub(super) fn check_all(&mut self) -> Result<(), Failure> {
        self.open_tasks(Mode::Write)?;
        self.open_names(Mode::Write)?;
        for state in State::ALL {
            self.open_state(state, Mode::Write)?;
        }
        for name in self.task_names() {
            self.open_task(&name, Mode::Write)?;
        }
        Ok(())
    }

    /// How many ids there are, those past their retention included.
    pub(super) fn len(&mut self) -> usize {
        self.tasks().map_or(0, |tasks| tasks.len())
    }

    /// Whether the id stands in the indexes, live or past its retention.
    pub(super) fn holds(&mut self, task_id: &[u8]) -> bool {
        self.end(task_id).is_some() || self.tasks().is_some_and(|tasks| tasks.score(task_id).is_some())
    }

    /// Puts an id into the indexes that its record belongs to, and removes it from all others. Fails only where
    /// [`Indexes::check`] would.
    pub(super) fn place(&mut self, task_id: &(impl AsText + ?Sized), to: &Move<'_>) -> Result<(), Failure> {
        let reach = to.reach();
        if reach == Reach::None {
            return Ok(());
        }
        let (created_at, now) = (score(to.after.created_at), to.now);
        let is_known = to.end.is_none_or(|end| !self.expiry.add(task_id, score(end)));
        let end = to.end.or_else(|| self.end(task_id)).unwrap_or(now);
        let is_leftover = to.before.is_none() && (!self.add_to_tasks(task_id, created_at, now) || is_known);
        if is_leftover {
            // The id of a record that is gone still stands in some index.
            task_id.with_bytes(|task_id| self.remove_everywhere(&[task_id]));
            self.expiry.add(task_id, score(end));
            self.add_to_tasks(task_id, created_at, now);
        }
        if let Some(before) = to.before.filter(|before| before.state != to.after.state) {
            self.state(before.state)?.remove(task_id);
        }
        self.state(to.after.state)?;
        let mut is_longer = false;
        if let Some(state) = &mut self.states[to.after.state as usize] {
            state.add(task_id, created_at);
            drop_strays(state, &self.expiry);
            is_longer = extend(state, end, now);
        }
        let is_step = is_known && reach == Reach::States;
        if is_longer || !is_step {
            extend_beyond(&mut self.expiry, end, now);
        }
        if is_step {
            return Ok(());
        }

        if let Some(before) = to.before.filter(|before| before.name != to.after.name) {
            self.remove_from_task(before.name.as_bytes(), task_id);
        }
        if self.task(to.after.name.as_bytes()).is_err() {
            return Ok(());
        }
        let Some(task) = self.by_name.get_mut(to.after.name.as_bytes()) else { return Ok(()) };
        let is_first = task.is_empty();
        task.add(task_id, created_at);
        drop_strays(task, &self.expiry);
        extend(task, end, now);
        if to.before.is_some() {
            self.add_to_tasks(task_id, created_at, now);
        }
        let Some(tasks) = self.tasks() else { return Ok(()) };
        let was_short = extend(tasks, end, now);
        // The index of names lives as long as that of the ids: a known name needs no change unless that one changed.
        if to.before.is_some() || was_short || is_first {
            if self.len() > 1 {
                self.restore_names();
            }
            if let Some(names) = self.names() {
                names.add(to.after.name.as_bytes(), 0.0);
            }
            self.extend_names();
        }
        Ok(())
    }

    /// Extends the TTL of the index of names to that of the index of ids.
    fn extend_names(&mut self) {
        let last = self.tasks().and_then(|tasks| tasks.expires_at());
        let Some(names) = self.names().filter(|names| !names.is_empty()) else { return };
        if let Some(last) = last.filter(|last| names.expires_at().is_none_or(|end| end < *last)) {
            names.expire_at(last);
        }
    }

    /// Adds an id to the index of every id. Whether it is new there.
    fn add_to_tasks(&mut self, task_id: &(impl AsText + ?Sized), created_at: f64, now: Time) -> bool {
        let Some(tasks) = self.tasks() else { return true };
        let is_new = tasks.add(task_id, created_at);
        if is_new && tasks.len() < self.expiry.len() {
            self.restore_tasks(now);
        }
        is_new
    }

    /// Removes the id of a record in that state and of that task name. A key that holds another type is left as it is.
    /// O(log n).
    pub(super) fn remove(&mut self, task_id: &[u8], state: State, name: &[u8]) {
        self.remove_from_whole(task_id);
        if let Ok(index) = self.state(state) {
            index.remove(task_id);
        }
        self.remove_from_task(name, task_id);
    }

    /// Removes ids whose records are gone, from whichever indexes hold them. For each index O(log n) for each id, or
    /// O(members) if those are fewer.
    pub(super) fn remove_everywhere(&mut self, task_ids: &[&[u8]]) {
        self.restore_names();
        for task_id in task_ids {
            self.remove_from_whole(task_id);
        }
        let mut sought = task_ids.to_vec();
        sought.sort_unstable();
        let mut sought_by_name = sought.clone();
        for state in LIKELIEST_FIRST {
            if let Ok(index) = self.state(state) {
                remove_found(index, &mut sought);
            }
        }
        for name in self.task_names() {
            if let Ok(index) = self.task(&name) {
                remove_found(index, &mut sought_by_name);
            }
            self.forget_unused(&name);
        }
    }

    /// Removes an id from the two indexes that hold every id.
    fn remove_from_whole(&mut self, task_id: &[u8]) {
        if let Some(tasks) = self.tasks() {
            tasks.remove(task_id);
        }
        self.expiry.remove(task_id);
    }

    /// Removes an id from the index of that task name.
    fn remove_from_task(&mut self, name: &[u8], task_id: &(impl AsText + ?Sized)) {
        if let Ok(index) = self.task(name) {
            index.remove(task_id);
        }
        self.forget_unused(name);
    }

    /// Removes a task name that no id has any more. Its index may have lost the last one, or be gone by its own TTL.
    fn forget_unused(&mut self, name: &[u8]) {
        if self.task(name).is_ok_and(|index| index.is_empty()) {
            if let Some(names) = self.names() {
                names.remove(name);
            }
        }
    }

    /// Every id of the object with the end of its retention, `None` for one that the expiry index has lost. O(n).
    pub(super) fn every_id(&mut self) -> Vec<(Vec<u8>, Option<Time>)> {
        let lost = self.lost(usize::MAX);
        let ends = self.expiry.walk(ScoreRange::ALL, EARLIEST_FIRST).map(|(task_id, end)| (task_id, time(end)));
        ends.chain(lost.into_iter().map(|task_id| (task_id, None))).collect()
    }

    /// Whether the object has no ids but these, which must be distinct. O(1) if it has more, else O(n).
    pub(super) fn hold_no_other_than(&mut self, task_ids: &[Vec<u8>]) -> bool {
        let held = self.expiry.len();
        task_ids.len() >= self.len().max(held)
            && task_ids.iter().filter(|task_id| self.end(*task_id).is_some()).count() == held
    }

    /// Removes every index of the object.
    pub(super) fn unlink(&mut self) {
        self.every_other(Zset::unlink);
        self.expiry.unlink();
    }

    /// Calls `act` with every index except the expiry index. O(states + names).
    fn every_other(&mut self, mut act: impl FnMut(&mut Zset<'c>)) {
        for name in self.task_names() {
            let _ = self.task(&name).map(&mut act);
        }
        for state in State::ALL {
            let _ = self.state(state).map(&mut act);
        }
        self.tasks().map(&mut act);
        self.names().map(act);
    }

    /// The ids whose retention has ended, the first to end first.
    pub(super) fn ended(&mut self, now: Time, at_most: usize) -> Vec<Vec<u8>> {
        ended(&mut self.expiry, now).take(at_most).collect()
    }

    /// The ids that the expiry index has lost.
    pub(super) fn lost(&mut self, at_most: usize) -> Vec<Vec<u8>> {
        if self.tasks().is_none() {
            return Vec::new();
        }
        let tasks = self.tasks.as_mut().expect("it was opened above");
        lost(tasks, &self.expiry).take(at_most).collect()
    }

    /// Every id with the moment at which its retention ends, the first to end first.
    pub(super) fn ends(&mut self) -> Vec<(Vec<u8>, Time)> {
        let ends = self.expiry.walk(ScoreRange::ALL, EARLIEST_FIRST);
        ends.filter_map(|(task_id, end)| Some((task_id, time(end)?))).collect()
    }

    /// The `count` ids to evict to make room for `task_id`: the oldest that succeeded, then the oldest that ended in another
    /// way, then the oldest of all. The ids in `leaving` are removed anyway and do not count. O(log n) for each.
    pub(super) fn first_to_evict(&mut self, count: usize, leaving: &[Vec<u8>], task_id: &[u8]) -> Vec<Vec<u8>> {
        let mut chosen: HashSet<_> = leaving.iter().cloned().collect();
        chosen.insert(task_id.to_vec());
        let mut evicted: Vec<Vec<u8>> = Vec::with_capacity(count);
        for states in [States::ENDED_WELL, States::FINAL - States::ENDED_WELL] {
            let missing = count - evicted.len();
            let mut oldest = Vec::new();
            for state in states.states() {
                let Ok(index) = self.state(state) else { continue };
                let walk = index.walk(ScoreRange::ALL, EARLIEST_FIRST);
                oldest.extend(walk.filter(|(other, _)| !chosen.contains(other)).take(missing));
            }
            oldest.sort_by(compare);
            evicted.extend(oldest.into_iter().map(|(other, _)| other).take(missing));
        }
        chosen.extend(evicted.iter().cloned());
        let missing = count - evicted.len();
        if let Some(tasks) = self.tasks().filter(|_| missing > 0) {
            let walk = tasks.walk(ScoreRange::ALL, EARLIEST_FIRST).map(|(other, _)| other);
            evicted.extend(walk.filter(|other| !chosen.contains(other)).take(missing));
        }
        evicted
    }

    /// Gives an id another end of its retention, and its indexes with it. Fails only where [`Indexes::check`] would.
    pub(super) fn set_end(&mut self, task_id: &[u8], record: &Record, end: Time, now: Time) -> Result<(), Failure> {
        let end_before = self.end(task_id);
        self.place(task_id, &Move { before: Some(record), after: record, end_before, end: Some(end), now })?;
        if let Some(end_before) = end_before.filter(|end_before| *end_before > end) {
            self.shorten(end_before, now);
        }
        Ok(())
    }

    /// Gives an id another end of its retention; [`Indexes::fit`] has to follow. O(log n).
    pub(super) fn end_at(&mut self, task_id: &[u8], end: Time) {
        self.expiry.add(task_id, score(end));
    }

    /// Sets the TTL of every index by the end of the object's last record. O(states + names).
    pub(super) fn fit(&mut self, now: Time) {
        let Some(last) = self.last_end() else { return };
        self.every_other(|index| {
            if !index.is_empty() {
                extend(index, last, now);
            }
            limit(index, horizon(last, now));
        });
        extend_beyond(&mut self.expiry, last, now);
        limit(&mut self.expiry, last_horizon(last, now));
    }

    /// Shortens the TTLs of the indexes after a record that would have ended at `end` was removed or ends earlier, where that
    /// was the object's last one. O(log n), else O(states + names).
    pub(super) fn shorten(&mut self, end: Time, now: Time) {
        let Some(last) = self.last_end().filter(|last| *last < end) else { return };
        self.every_other(|index| limit(index, horizon(last, now)));
        limit(&mut self.expiry, last_horizon(last, now));
    }

    /// The end of the record that ends last.
    fn last_end(&mut self) -> Option<Time> {
        let (_, last) = self.expiry.walk(ScoreRange::ALL, LATEST_FIRST).next()?;
        time(last)
    }

    /// The moment at which a record's retention ends, live or not.
    pub(super) fn end(&self, task_id: &(impl AsText + ?Sized)) -> Option<Time> {
        self.expiry.score(task_id).and_then(time)
    }

    fn task_names(&mut self) -> Vec<Vec<u8>> {
        let names = self.names().map(|names| names.walk(ScoreRange::ALL, Direction::Up));
        names.into_iter().flatten().map(|(name, _)| name).collect()
    }

    /// The index of every id; `None` if its key holds something else, which is not the tracker's.
    fn tasks(&mut self) -> Option<&mut Zset<'c>> {
        self.open_tasks(Mode::Maintain).ok()
    }

    /// The index of names; `None` likewise.
    fn names(&mut self) -> Option<&mut Zset<'c>> {
        self.open_names(Mode::Maintain).ok()
    }

    fn state(&mut self, state: State) -> Result<&mut Zset<'c>, Failure> {
        self.open_state(state, Mode::Maintain)
    }

    fn task(&mut self, name: &[u8]) -> Result<&mut Zset<'c>, Failure> {
        self.open_task(name, Mode::Maintain)
    }

    fn open_tasks(&mut self, mode: Mode) -> Result<&mut Zset<'c>, Failure> {
        opened(&mut self.tasks, || Zset::open(self.call, &self.keys.tasks(), mode))
    }

    fn open_names(&mut self, mode: Mode) -> Result<&mut Zset<'c>, Failure> {
        opened(&mut self.names, || Zset::open(self.call, &self.keys.names(), mode))
    }

    fn open_state(&mut self, state: State, mode: Mode) -> Result<&mut Zset<'c>, Failure> {
        opened(&mut self.states[state as usize], || Zset::open(self.call, &self.keys.state(state), mode))
    }

    fn open_task(&mut self, name: &[u8], mode: Mode) -> Result<&mut Zset<'c>, Failure> {
        if !self.by_name.contains_key(name) {
            let index = Zset::open(self.call, &self.keys.task(name), mode)?;
            self.by_name.insert(name.to_vec(), index);
        }
        Ok(self.by_name.get_mut(name).expect("it was opened above"))
    }
}

/// Removes `ids`, which are sorted, from an index, and those that were found from `ids`.
fn remove_found(index: &mut Zset<'_>, sought: &mut Vec<&[u8]>) {
    if index.len() >= sought.len() {
        sought.retain(|task_id| !index.remove(*task_id));
        return;
    }
    let members = index.walk(ScoreRange::ALL, EARLIEST_FIRST).map(|(member, _)| member);
    let found: HashSet<_> = members.filter(|member| sought.binary_search(&member.as_slice()).is_ok()).collect();
    for member in &found {
        index.remove(member);
    }
    sought.retain(|task_id| !found.contains(*task_id));
}

fn opened<'z, 'c>(
    index: &'z mut Option<Zset<'c>>,
    open: impl FnOnce() -> Result<Zset<'c>, Failure>,
) -> Result<&'z mut Zset<'c>, Failure> {
    if index.is_none() {
        *index = Some(open()?);
    }
    Ok(index.as_mut().expect("it was opened above"))
}
