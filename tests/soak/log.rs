//! What writers sent, and how a server's store compares with it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use redis::Connection;

use crate::history::Told;
use crate::model::RecordReader;
use crate::report::Found;
use crate::server::{get, text};
use crate::shown::{apply, Fields, Shown};

/// The model under which writers send.
pub const MODEL: &str = "m";

/// What was sent of one task.
#[derive(Debug, Default)]
struct Sent {
    /// The updates, in the order in which they were sent.
    events: Vec<Told>,
    /// How many of them were acknowledged. At most one more was sent.
    acknowledged: usize,
    /// How many of them must be there, whatever happens.
    promised: usize,
}

/// What one writer sent, by object and task.
#[derive(Debug, Default)]
pub struct Log {
    tasks: BTreeMap<(String, String), Sent>,
    acknowledged: usize,
}

impl Log {
    /// Notes an update that is about to be sent.
    pub fn send(&mut self, task: &(String, String), told: Told) {
        self.tasks.entry(task.clone()).or_default().events.push(told);
    }

    /// Notes that the update sent last was acknowledged.
    pub fn acknowledge(&mut self, task: &(String, String)) {
        self.acknowledged += 1;
        let sent = self.tasks.get_mut(task).expect("a task that was sent");
        sent.acknowledged = sent.events.len();
    }

    /// Notes that the task's acknowledged updates survive whatever happens.
    pub fn promise(&mut self, task: &(String, String)) {
        let sent = self.tasks.get_mut(task).expect("a task that was sent");
        sent.promised = sent.acknowledged;
    }

    /// How many updates of each task are acknowledged.
    pub fn acknowledged(&self) -> BTreeMap<(String, String), usize> {
        self.tasks.iter().map(|(task, sent)| (task.clone(), sent.acknowledged)).collect()
    }

    /// Notes that what was acknowledged at an earlier moment survives whatever happens.
    pub fn promise_all(&mut self, acknowledged: &BTreeMap<(String, String), usize>) {
        for (task, sent) in &mut self.tasks {
            sent.promised = sent.promised.max(acknowledged.get(task).copied().unwrap_or(0));
        }
    }

    /// How many updates were acknowledged since this was asked last.
    pub fn take_count(&mut self) -> usize {
        std::mem::take(&mut self.acknowledged)
    }
}

/// How many tasks the logs hold.
pub fn tasks(logs: &[Log]) -> usize {
    logs.iter().map(|log| log.tasks.len()).sum()
}

/// Compares a server with the logs. Of each task it must hold the outcome of the updates that were promised, and may hold
/// that of later ones, in the order in which they were sent. Those that it does not hold leave the logs.
///
/// `objects` are those that the server serves.
pub fn compare(connection: &mut Connection, logs: &mut [Log], objects: &[String]) -> Found {
    let mut found = Found::default();
    for object in objects {
        let mut known = BTreeSet::new();
        for log in &mut *logs {
            log.tasks.retain(|(of, task), sent| {
                if of != object {
                    return true;
                }
                let there = read(connection, object, task);
                let Some(reached) = reached(&sent.events, there.as_ref()) else {
                    eprintln!("{object} {task}: {there:#?} is no outcome of {:#?}", sent.events);
                    found.mismatched += 1;
                    known.insert(task.clone());
                    return true;
                };
                if reached < sent.promised {
                    eprintln!("{object} {task}: {} of {} updates are there", reached, sent.promised);
                    found.lost += changes(&sent.events, reached..sent.promised);
                }
                sent.events.truncate(reached);
                (sent.acknowledged, sent.promised) = (reached, reached);
                if there.is_some() {
                    known.insert(task.clone());
                }
                reached > 0
            });
        }
        let there = ids(connection, object);
        found.unsent += there.symmetric_difference(&known).count();
        let stats = redis::cmd("TRACKER.STATS").arg(MODEL).arg(object).query(connection).unwrap();
        let listed: usize = text(&get(&stats, "total")).parse().unwrap();
        found.twice += listed.abs_diff(there.len());
    }
    crate::invariant::check(connection);
    found
}

/// How many of the updates lead to what is there. `None` where no number of them does.
fn reached(events: &[Told], there: Option<&Shown>) -> Option<usize> {
    let mut reached = there.is_none().then_some(0);
    let mut shown = None;
    for (at, told) in events.iter().enumerate() {
        let next = apply(shown.as_ref(), told);
        if there == Some(&next) {
            reached = Some(at + 1);
        }
        shown = Some(next);
    }
    reached
}

/// How many of these updates change what is there. A stale one is written to no file, so that it cannot be lost.
fn changes(events: &[Told], of: Range<usize>) -> usize {
    let mut shown = None;
    let mut changes = 0;
    for (at, told) in events[..of.end].iter().enumerate() {
        let next = Some(apply(shown.as_ref(), told));
        changes += usize::from(at >= of.start && next != shown);
        shown = next;
    }
    changes
}

/// The ids of the records that are stored for an object.
fn ids(connection: &mut Connection, object: &str) -> BTreeSet<String> {
    let prefix = format!("{MODEL}:{{{object}}}:record:");
    let keys: Vec<String> = redis::cmd("KEYS").arg(format!("{prefix}*")).query(connection).unwrap();
    keys.iter().map(|key| key[prefix.len()..].to_owned()).collect()
}

/// The record as it is stored, with its given fields.
fn read(connection: &mut Connection, object: &str, task: &str) -> Option<Shown> {
    let key = format!("{MODEL}:{{{object}}}:record:{task}");
    let stored: BTreeMap<String, String> = redis::cmd("HGETALL").arg(key).query(connection).unwrap();
    let mut reader = RecordReader::default();
    let given = |(name, value): &(String, String)| !reader.read(name.as_bytes(), value.as_bytes());
    let fields: Fields = stored.into_iter().filter(given).collect();
    Some(Shown { record: reader.record()?, fields })
}
