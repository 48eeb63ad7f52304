//! Keys of records that others have removed: the server, which evicts when it is short of memory, or a user, by hand. Their
//! ids are left in the indexes. What is noted here is a hint where to look, and is lost with the process.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lazy_static::lazy_static;

use crate::model::{KeyNames, ObjectKey};
use crate::redis::Removals;

lazy_static! {
    static ref REMOVALS: Mutex<Noted> = Mutex::default();
}

/// How many ids are noted of one object, since every reader goes through them. Any others are found when they are read.
const MOST_OF_OBJECT: usize = 2_000;
/// How many ids are noted of all objects together. Where more are removed, all is forgotten.
const MOST: usize = 20_000;

#[derive(Default)]
struct Noted {
    objects: HashMap<Vec<u8>, Removed>,
    count: usize,
}

/// What was removed of one object.
#[derive(Default, Clone)]
pub(super) struct Removed {
    /// The ids whose record was.
    pub(super) task_ids: HashSet<Vec<u8>>,
    /// Whether the index of names was.
    pub(super) names: bool,
}

/// Notes what others remove.
pub struct RemovedByOthers;

impl Removals for RemovedByOthers {
    fn removed(key: &[u8]) {
        match KeyNames::parse(key) {
            Some((object, ObjectKey::Record(task_id))) => note_record(object, task_id),
            Some((object, ObjectKey::Names)) => note_names(object),
            None => {}
        }
    }
}

/// Notes that the record of that id is gone.
pub(super) fn note_record(object: &[u8], task_id: &[u8]) {
    let mut noted = noted();
    if noted.count >= MOST {
        *noted = Noted::default();
    }
    let task_ids = &mut noted.of(object).task_ids;
    if task_ids.len() < MOST_OF_OBJECT && task_ids.insert(task_id.to_vec()) {
        noted.count += 1;
    }
}

fn note_names(object: &[u8]) {
    let mut noted = noted();
    if noted.objects.len() >= MOST {
        *noted = Noted::default();
    }
    noted.of(object).names = true;
}

/// What was removed of that object, as far as it is known. `None` where nothing was, which is told at once.
pub(super) fn of(object: &[u8]) -> Option<Removed> {
    let noted = noted();
    if noted.objects.is_empty() {
        return None;
    }
    noted.objects.get(object).cloned()
}

/// Forgets ids that are dealt with.
pub(super) fn forget_records<'i>(object: &[u8], task_ids: impl IntoIterator<Item = &'i [u8]>) {
    let mut noted = noted();
    let Some(removed) = noted.objects.get_mut(object) else { return };
    let before = removed.task_ids.len();
    for task_id in task_ids {
        removed.task_ids.remove(task_id);
    }
    let forgotten = before - removed.task_ids.len();
    let is_done = removed.task_ids.is_empty() && !removed.names;
    noted.count -= forgotten;
    if is_done {
        noted.objects.remove(object);
    }
}

/// Forgets that the index of names was removed.
pub(super) fn forget_names(object: &[u8]) {
    let mut noted = noted();
    let Some(removed) = noted.objects.get_mut(object) else { return };
    removed.names = false;
    if removed.task_ids.is_empty() {
        noted.objects.remove(object);
    }
}

fn noted() -> MutexGuard<'static, Noted> {
    REMOVALS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Noted {
    fn of(&mut self, object: &[u8]) -> &mut Removed {
        self.objects.entry(object.to_vec()).or_default()
    }
}
