//! One object's records and indexes on Redis keys: reading a record, updating it, paging through an index, removing what is
//! past its retention. Nothing here parses arguments or builds replies.

mod delete;
mod deleted;
mod expire;
mod expired;
mod given;
mod indexes;
mod live;
mod order;
mod page;
mod removals;
mod repair;
mod retain;
mod row;
mod search;
mod selection;
mod stats;
mod stored;
mod update;

pub use given::{Given, GivenField};
pub use page::{Page, StateCounts};
pub use removals::RemovedByOthers;
pub use row::{Columns, Field, Row};
pub use search::Examined;
pub use stats::{Bucket, Stats};
pub use update::Update;

use crate::model::{KeyNames, Object, Record, RecordReader, Terms, Time};
use crate::redis::{Call, Failure, Hash, Mode, Zset};
use indexes::Indexes;

/// The records and indexes of one object, as one call sees them.
pub struct Instance<'c> {
    call: &'c Call<'c>,
    keys: KeyNames,
}

impl<'c> Instance<'c> {
    /// The keys of `object`; none is opened yet. Fails while they move from one node of a cluster to another.
    pub fn of(call: &'c Call<'c>, object: &Object<'_>) -> Result<Self, Failure> {
        let keys = KeyNames::new(object);
        if call.is_on_cluster() {
            call.refuse_while_slot_moves(&keys.tasks(), &keys.none())?;
        }
        Ok(Self { call, keys })
    }

    fn hash(&self, task_id: &[u8], mode: Mode) -> Result<Hash<'c>, Failure> {
        Hash::open(self.call, &self.keys.record(task_id), mode)
    }

    fn index(&self, name: &[u8]) -> Result<Zset<'c>, Failure> {
        Zset::open(self.call, name, Mode::Read)
    }

    fn indexes(&self) -> Result<Indexes<'_>, Failure> {
        Indexes::open(self.call, &self.keys)
    }

    /// Removes records and their ids. None of them may be open.
    ///
    /// A record's key that holds something else is not the tracker's, and stays. O(log n) for each that is still there;
    /// most that ran out are not, and are looked for in every index.
    fn remove(&self, indexes: &mut Indexes<'_>, task_ids: &[Vec<u8>]) {
        if task_ids.is_empty() {
            return;
        }
        indexes.restore_names();
        let mut gone = Vec::new();
        for task_id in task_ids {
            let mut hash = self.hash(task_id, Mode::Maintain).ok();
            match hash.as_ref().and_then(read) {
                Some(record) => indexes.remove(task_id, &record),
                None => gone.push(task_id.clone()),
            }
            if let Some(hash) = &mut hash {
                hash.delete();
            }
        }
        if !gone.is_empty() {
            indexes.remove_everywhere(gone);
        }
    }

    /// Has replicas and the AOF run this call again under the terms that it ran under here.
    fn replicate(&self, terms: &Terms) {
        if self.call.is_replayed() {
            self.call.replicate();
        } else {
            self.call.replicate_with(&terms.text());
        }
    }
}

/// Whether a hash holds a record whose retention, which ends at `end`, has not ended.
///
/// The expiry index has the last word: the server still holds a hash in the very millisecond of its end, and one that
/// moved to another node of a cluster a few milliseconds longer, since `MIGRATE` passes its TTL on as a span.
fn is_live(record: &Hash<'_>, end: Option<Time>, now: Time) -> bool {
    end.is_some_and(|end| end > now) && record.exists()
}

/// The live record that a hash holds.
fn live_record(record: &Hash<'_>, end: Option<Time>, now: Time) -> Option<Record> {
    is_live(record, end, now).then(|| read(record)).flatten()
}

/// The record that a hash holds, live or not.
fn read(hash: &Hash<'_>) -> Option<Record> {
    let mut reader = RecordReader::default();
    hash.each(|field, value| _ = reader.read(field.as_bytes(), value.as_bytes()));
    reader.record()
}
