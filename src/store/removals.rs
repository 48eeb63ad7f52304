//! Keys that were removed by others: evicted by the server, or deleted by hand. The ids of such records are still in the
//! indexes. These notes only say where to look, and are lost when the server stops.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lazy_static::lazy_static;

use crate::model::{KeyNames, ObjectKey};
use crate::redis::Removals;

lazy_static! {
    static ref REMOVALS: Mutex<Noted> = Mutex::default();
}

/// The most ids noted of one object: every reader checks all of them. Others are found when their page is read.
const MOST_OF_OBJECT: usize = 2_000;
/// The most ids noted of all objects together. One more, and all notes are dropped.
const MOST: usize = 20_000;

#[derive(Default)]
struct Noted {
    objects: HashMap<Vec<u8>, Removed>,
    count: usize,
}

/// What others have removed of one object.
#[derive(Default, Clone)]
pub(super) struct Removed {
    /// The ids whose record was removed.
    pub(super) task_ids: HashSet<Vec<u8>>,
    /// Whether the index of names was removed.
    pub(super) names: bool,
}

/// Takes notes of what others remove.
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

/// Notes that the record of that id was removed.
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

/// What is known to have been removed of that object. O(1) if nothing was.
pub(super) fn of(object: &[u8]) -> Option<Removed> {
    let noted = noted();
    if noted.objects.is_empty() {
        return None;
    }
    noted.objects.get(object).cloned()
}

/// Drops the notes of ids that no longer need attention.
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

/// Drops the note that the index of names was removed.
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
