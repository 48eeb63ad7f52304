use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::model::{KeyNames, Record, State, Time};
use crate::redis::{AsText, Call, Direction, Failure, Mode, ScoreRange, Zset};

use super::expired::{ended, lost};
use super::{in_order, score, time};

/// The sorted sets of one object, opened for writing when they are first needed.
pub(super) struct Indexes<'c> {
    call: &'c Call<'c>,
    keys: KeyNames,
    tasks: Zset<'c>,
    expiry: Zset<'c>,
    names: Zset<'c>,
    states: [Option<Zset<'c>>; State::ALL.len()],
    by_name: BTreeMap<Vec<u8>, Zset<'c>>,
}

/// In which order a removed id is looked for: what has run out is nearly always finished.
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
    /// Opens the three that every object has. Fails where one of them is no sorted set or not the user's to write.
    pub(super) fn open(call: &'c Call<'c>, keys: KeyNames) -> Result<Self, Failure> {
        let open = |name: Vec<u8>| Zset::open(call, &name, Mode::Write);
        Ok(Self {
            tasks: open(keys.tasks())?,
            expiry: open(keys.expiry())?,
            names: open(keys.names())?,
            states: Default::default(),
            by_name: BTreeMap::new(),
            call,
            keys,
        })
    }

    /// How many ids there are, those past their retention included.
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether the id stands in the indexes, live or past its retention.
    pub(super) fn holds(&self, task_id: &(impl AsText + ?Sized)) -> bool {
        self.expiry.score(task_id).is_some() || self.tasks.score(task_id).is_some()
    }

    /// Opens the two that are the record's own. Fails where one of them is no sorted set or not the user's to write.
    pub(super) fn check(&mut self, record: &Record) -> Result<(), Failure> {
        self.open_state(record.state, Mode::Write)?;
        self.open_task(record.name.as_bytes(), Mode::Write)?;
        Ok(())
    }

    /// Opens all of them. Fails where one is no sorted set or not the user's to write.
    pub(super) fn check_all(&mut self) -> Result<(), Failure> {
        for state in State::ALL {
            self.open_state(state, Mode::Write)?;
        }
        for name in self.task_names() {
            self.open_task(&name, Mode::Write)?;
        }
        Ok(())
    }

    /// Puts an id where its record belongs, and nowhere else. Fails only where [`Indexes::check`] would.
    pub(super) fn place(
        &mut self,
        task_id: &(impl AsText + ?Sized),
        before: Option<&Record>,
        after: &Record,
        end: Option<Time>,
        now: Time,
    ) -> Result<(), Failure> {
        let created_at = score(after.created_at);
        let end = match end {
            Some(end) => {
                self.expiry.add(task_id, score(end));
                end
            }
            None => self.end(task_id).unwrap_or(now),
        };
        outlive(&mut self.expiry, end, now);

        self.tasks.add(task_id, created_at);
        keep(&mut self.tasks, end, now);

        if let Some(before) = before.filter(|before| before.state != after.state) {
            self.state(before.state)?.remove(task_id);
        }
        let state = self.state(after.state)?;
        state.add(task_id, created_at);
        keep(state, end, now);

        if let Some(before) = before.filter(|before| before.name != after.name) {
            let task = self.task(before.name.as_bytes())?;
            task.remove(task_id);
            if task.is_empty() {
                self.names.remove(before.name.as_bytes());
            }
        }
        let task = self.task(after.name.as_bytes())?;
        task.add(task_id, created_at);
        keep(task, end, now);
        if self.names.score(after.name.as_bytes()).is_none() {
            self.names.add(after.name.as_bytes(), 0.0);
        }
        keep(&mut self.names, end, now);
        Ok(())
    }

    /// Removes the id of a record. An index that is no sorted set holds none, and stays. O(log n).
    pub(super) fn remove(&mut self, task_id: &[u8], record: &Record) {
        self.tasks.remove(task_id);
        self.expiry.remove(task_id);
        if let Ok(index) = self.state(record.state) {
            index.remove(task_id);
        }
        self.remove_from_task(record.name.as_bytes(), &mut vec![task_id.to_vec()]);
    }

    /// Removes ids from wherever they stand, when the records that would tell are gone already. O(states + names) for
    /// each at the most.
    pub(super) fn remove_everywhere(&mut self, mut task_ids: Vec<Vec<u8>>) {
        for task_id in &task_ids {
            self.tasks.remove(task_id);
            self.expiry.remove(task_id);
            for state in LIKELIEST_FIRST {
                if self.state(state).is_ok_and(|index| index.remove(task_id)) {
                    break;
                }
            }
        }
        for name in self.task_names() {
            if task_ids.is_empty() {
                return;
            }
            self.remove_from_task(&name, &mut task_ids);
        }
    }

    /// Removes those ids that the index of that name holds from it and from `task_ids`.
    fn remove_from_task(&mut self, name: &[u8], task_ids: &mut Vec<Vec<u8>>) {
        let Ok(index) = self.task(name) else { return };
        task_ids.retain(|task_id| !index.remove(task_id));
        // It may also have run out by its own TTL.
        if index.is_empty() {
            self.names.remove(name);
        }
    }

    /// Every id of the object, also one that one of the indexes has lost.
    pub(super) fn task_ids(&mut self) -> Vec<Vec<u8>> {
        let mut task_ids = BTreeSet::new();
        for index in [&mut self.tasks, &mut self.expiry] {
            task_ids.extend(index.walk(ScoreRange::ALL, Direction::Up).map(|(task_id, _)| task_id));
        }
        task_ids.into_iter().collect()
    }

    /// Removes every index of the object.
    pub(super) fn clear(&mut self) {
        for state in State::ALL {
            if let Ok(index) = self.state(state) {
                index.delete();
            }
        }
        for name in self.task_names() {
            if let Ok(index) = self.task(&name) {
                index.delete();
            }
        }
        self.tasks.delete();
        self.expiry.delete();
        self.names.delete();
    }

    /// The ids whose retention has ended, the longest over first, at most so many.
    pub(super) fn expired(&mut self, now: Time, at_most: usize) -> Vec<Vec<u8>> {
        ended(&mut self.expiry, now).take(at_most).collect()
    }

    /// The ids that the expiry index has lost, at most so many.
    pub(super) fn lost(&mut self, at_most: usize) -> Vec<Vec<u8>> {
        lost(&mut self.tasks, &self.expiry).take(at_most).collect()
    }

    /// Every id with the moment at which its retention ends, the first to end first.
    pub(super) fn ends(&mut self) -> Vec<(Vec<u8>, Time)> {
        let ends = self.expiry.walk(ScoreRange::ALL, Direction::Up);
        ends.filter_map(|(task_id, end)| Some((task_id, time(end)?))).collect()
    }

    /// The `count` ids that make room for `task_id`: the oldest finished, then the oldest. `leaving` go anyway.
    pub(super) fn oldest(&mut self, count: usize, leaving: &[Vec<u8>], task_id: &[u8]) -> Vec<Vec<u8>> {
        let leaving: HashSet<_> = leaving.iter().collect();
        let stays = |other: &Vec<u8>| other != task_id && !leaving.contains(other);
        let mut finished = Vec::new();
        for state in State::ALL.into_iter().filter(|state| state.is_final()) {
            let Ok(index) = self.state(state) else { continue };
            let walk = index.walk(ScoreRange::ALL, Direction::Up);
            finished.extend(walk.filter(|(other, _)| stays(other)).take(count));
        }
        finished.sort_by(in_order);
        let mut oldest: BTreeSet<_> = finished.into_iter().map(|(other, _)| other).take(count).collect();
        let missing = count - oldest.len();
        if missing > 0 {
            let walk = self.tasks.walk(ScoreRange::ALL, Direction::Up).map(|(other, _)| other);
            let others: Vec<_> = walk.filter(|other| stays(other) && !oldest.contains(other)).take(missing).collect();
            oldest.extend(others);
        }
        oldest.into_iter().collect()
    }

    /// Gives an id another end of its retention, and its indexes with it. Fails only where [`Indexes::check`] would.
    pub(super) fn set_end(&mut self, task_id: &[u8], record: &Record, end: Time, now: Time) -> Result<(), Failure> {
        let before = self.end(task_id);
        self.place(task_id, Some(record), record, Some(end), now)?;
        if let Some(before) = before.filter(|before| *before > end) {
            self.let_go(before, now);
        }
        Ok(())
    }

    /// Lets no index live longer than the object's records, after one of them that would have ended at `end` has left or
    /// ends earlier. O(log n), and O(states + names) where no other lives so long.
    pub(super) fn let_go(&mut self, end: Time, now: Time) {
        let last = self.expiry.walk(ScoreRange::ALL, Direction::Down).next();
        let Some(last) = last.and_then(|(_, last)| time(last)).filter(|last| *last < end) else {
            return;
        };
        for name in self.task_names() {
            let _ = self.task(&name).map(|index| cap(index, horizon(last, now)));
        }
        for state in State::ALL {
            let _ = self.state(state).map(|index| cap(index, horizon(last, now)));
        }
        cap(&mut self.tasks, horizon(last, now));
        cap(&mut self.names, horizon(last, now));
        cap(&mut self.expiry, last_horizon(last, now));
    }

    /// The moment at which a record's retention ends, live or not.
    pub(super) fn end(&self, task_id: &(impl AsText + ?Sized)) -> Option<Time> {
        self.expiry.score(task_id).and_then(time)
    }

    fn task_names(&mut self) -> Vec<Vec<u8>> {
        self.names.walk(ScoreRange::ALL, Direction::Up).map(|(name, _)| name).collect()
    }

    fn state(&mut self, state: State) -> Result<&mut Zset<'c>, Failure> {
        self.open_state(state, Mode::Maintain)
    }

    fn task(&mut self, name: &[u8]) -> Result<&mut Zset<'c>, Failure> {
        self.open_task(name, Mode::Maintain)
    }

    fn open_state(&mut self, state: State, mode: Mode) -> Result<&mut Zset<'c>, Failure> {
        let opened = &mut self.states[state as usize];
        if opened.is_none() {
            *opened = Some(Zset::open(self.call, &self.keys.state(state), mode)?);
        }
        Ok(opened.as_mut().expect("it was opened above"))
    }

    fn open_task(&mut self, name: &[u8], mode: Mode) -> Result<&mut Zset<'c>, Failure> {
        if !self.by_name.contains_key(name) {
            let index = Zset::open(self.call, &self.keys.task(name), mode)?;
            self.by_name.insert(name.to_vec(), index);
        }
        Ok(self.by_name.get_mut(name).expect("it was opened above"))
    }
}

/// Lets an index live until `end`. A TTL that reaches so far is left alone, and one that is set reaches a little
/// further, so that it is not set again with every update.
fn keep(index: &mut Zset<'_>, end: Time, now: Time) {
    if index.expires_at().is_none_or(|expires_at| expires_at < end.millis()) {
        index.expire_at(horizon(end, now));
    }
}

/// Lets an index live until then at the most.
fn cap(index: &mut Zset<'_>, latest: i64) {
    if !index.is_empty() && index.expires_at().is_none_or(|expires_at| expires_at > latest) {
        index.expire_at(latest);
    }
}

/// Lets the expiry index live longer than any other: an id that stands in one of them and not in it would be taken for
/// live.
fn outlive(expiry: &mut Zset<'_>, end: Time, now: Time) {
    if expiry.expires_at().is_none_or(|expires_at| expires_at <= horizon(end, now)) {
        expiry.expire_at(last_horizon(end, now));
    }
}

/// When an index goes whose longest living record ends at `end`: a little later, by less than 1 % of the time until then.
fn horizon(end: Time, now: Time) -> i64 {
    end.millis() + (end.millis() - now.millis()).max(0) / 128
}

/// When the expiry index goes: after all others, by 2 % of that time at the most.
fn last_horizon(end: Time, now: Time) -> i64 {
    end.millis() + (end.millis() - now.millis()).max(0) / 50
}
