use crate::model::{Filter, PageRequest, Span, State};
use crate::redis::{Failure, ServerString};

use super::live::Live;
use super::order::between;
use super::row::Allowance;
use super::search::Examined;
use super::selection::Selection;
use super::{Columns, Instance, Row};

/// One page of an object's live records.
pub struct Page {
    /// How many live records match the filter, on all pages. With a text, only the examined records count.
    pub total: usize,
    /// The rows of this page.
    pub rows: Vec<Row>,
    /// How far the search for a text came.
    pub examined: Option<Examined>,
}

/// How many live records are in each state, without states that have none.
pub struct StateCounts(pub Vec<(State, usize)>);

/// How many ids are checked when a page is read again because some of its records are gone. Doubled with each reading.
const LOOK_AHEAD: usize = 32;
/// How often a page is read again.
const REREADS: usize = 8;

impl<'c> Instance<'c> {
    /// Reads one page.
    ///
    /// O(log n + rows) if the filter names at most one index; for several states or several names O(offset + rows); for
    /// states together with names O(m), m being the smaller of the two sides, or O(offset + m) for the m in the other states,
    /// if those are fewer; with a text see [`Instance::search`]. Ids that are not live add O(1) each, or O(1) for each id of
    /// the index if those are fewer.
    ///
    /// A record that turns out to be gone is neither shown nor counted, and `live` excludes it from then on. If thousands are
    /// gone that were not known to be, the page may have fewer rows than its total promises.
    pub fn page(
        &self,
        filter: &Filter<'_>,
        request: &PageRequest,
        columns: &Columns<'_>,
        live: &mut Live<'c>,
    ) -> Result<Page, Failure> {
        let mut selection = Selection::of(self, filter, live)?;
        if let Some(text) = &filter.text {
            let found = self.search(&mut selection, text, live)?;
            let (total, task_ids) = found.window(request.window());
            let (rows, _) = self.rows(&task_ids, columns)?;
            return Ok(Page { total, rows, examined: Some(found.examined) });
        }
        let mut window = request.window();
        for reread in 0.. {
            let (total, task_ids) = selection.window(self, window, live);
            let (page, ahead) = task_ids.split_at(task_ids.len().min(request.size));
            let (rows, mut gone) = self.rows(page, columns)?;
            if gone.is_empty() || reread == REREADS {
                return Ok(Page { total: total - gone.len(), rows, examined: None });
            }
            gone.extend(ahead.iter().filter(|task_id| !self.has_record(task_id.as_ref())).cloned());
            self.exclude(&gone, live);
            window.size = request.size.max(LOOK_AHEAD << reread);
        }
        unreachable!("the last reading returns")
    }

    /// The rows of ids, and the ids that have no record.
    fn rows(&self, task_ids: &[ServerString], columns: &Columns<'_>) -> Result<(Vec<Row>, Vec<ServerString>), Failure> {
        let mut rows = Vec::with_capacity(task_ids.len());
        let mut gone = Vec::new();
        let mut allowance = Allowance::of_page(columns);
        for task_id in task_ids {
            match self.row(task_id.as_ref(), columns, &mut allowance)? {
                Some(row) => rows.push(row),
                None => gone.push(task_id.clone()),
            }
        }
        Ok((rows, gone))
    }

    /// Counts the live records in each state, of those created in the span. O(states log n), and O(m) for each state
    /// for m ids that are not live.
    pub fn state_counts(&self, span: Span, live: &mut Live<'c>) -> Result<StateCounts, Failure> {
        let range = between(span.since, span.until);
        let mut counts = Vec::new();
        for state in State::ALL {
            let mut index = self.ids(&self.keys.state(state), live)?;
            let count = live.count(&mut index, range);
            if count > 0 {
                counts.push((state, count));
            }
        }
        Ok(StateCounts(counts))
    }
}
