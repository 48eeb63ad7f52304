use lazy_static::lazy_static;

use crate::model::{Order, SearchText, Searcher, Time, Window};
use crate::redis::{Constant, Failure, Mode, ServerString};

use super::live::Live;
use super::order::{time, LATEST_FIRST};
use super::selection::Selection;
use super::Instance;

/// How many records one search examines.
const MOST_EXAMINED: usize = 2_000;
/// How many bytes of values one search reads. That takes a few milliseconds.
const MOST_SEARCHED: usize = 8 << 20;

lazy_static! {
    /// The fields that are searched, the shortest first.
    static ref SEARCHED: [Constant; 8] =
        ["name", "worker", "exception", "error", "objects", "args", "kwargs", "result"].map(Constant::new);
}

/// How far a search came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Examined {
    /// How many records.
    pub count: usize,
    /// The latest `created_at` of the records that it did not examine. `None` if it examined all.
    pub rest: Option<Time>,
}

/// What a search has found.
pub(super) struct Found {
    /// The ids of the records that hold the text, the newest first.
    task_ids: Vec<ServerString>,
    pub(super) examined: Examined,
}

/// The state of a search before it examined the first record of a millisecond.
#[derive(Clone, Copy)]
struct Mark {
    created_at: Option<Time>,
    examined: usize,
    found: usize,
}

impl<'c> Instance<'c> {
    /// Searches the newest records of the selection for a text: at most 2,000, and fewer if their values come to more than
    /// 8 MiB. O(records + bytes).
    ///
    /// It examines all records of a millisecond or none, so that the next search can go on from a time without missing or
    /// repeating any. A single millisecond with more records than that is examined whole.
    pub(super) fn search(
        &self,
        selection: &mut Selection<'_, 'c>,
        text: &SearchText,
        live: &mut Live<'c>,
    ) -> Result<Found, Failure> {
        let mut searcher = Searcher::new(text);
        let (mut task_ids, mut gone) = (Vec::new(), Vec::new());
        let mut examined = Examined { count: 0, rest: None };
        let mut mark = Mark { created_at: None, examined: 0, found: 0 };
        for member in selection.walk(self, LATEST_FIRST, live) {
            let created_at = time(member.score);
            if created_at != mark.created_at {
                mark = Mark { created_at, examined: examined.count, found: task_ids.len() };
            }
            if mark.examined > 0 && (examined.count >= MOST_EXAMINED || searcher.effort() >= MOST_SEARCHED) {
                task_ids.truncate(mark.found);
                examined = Examined { count: mark.examined, rest: created_at };
                break;
            }
            match self.is_found(&member.id, &mut searcher)? {
                Some(is_found) => {
                    examined.count += 1;
                    if is_found {
                        task_ids.push(member.id);
                    }
                }
                None => gone.push(member.id),
            }
        }
        self.exclude(&gone, live);
        Ok(Found { task_ids, examined })
    }

    /// Whether the record of that id holds the text. `None` if there is no record.
    fn is_found(&self, task_id: &ServerString, searcher: &mut Searcher<'_>) -> Result<Option<bool>, Failure> {
        let record = match self.hash(task_id.as_ref(), Mode::Read) {
            Ok(record) if record.exists() => record,
            Ok(_) | Err(Failure::WrongType) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let is_in_id = searcher.finds(task_id.as_ref());
        let is_in = |field| record.get(field).is_some_and(|value| searcher.finds(value.as_ref()));
        Ok(Some(is_in_id || SEARCHED.iter().any(is_in)))
    }
}

impl Found {
    /// The total, and the ids in the window.
    pub(super) fn window(&self, Window { offset, size, order }: Window) -> (usize, Vec<ServerString>) {
        let ids = self.task_ids.iter().cloned();
        let window = match order {
            Order::Newest => ids.skip(offset).take(size).collect(),
            Order::Oldest => ids.rev().skip(offset).take(size).collect(),
        };
        (self.task_ids.len(), window)
    }
}
