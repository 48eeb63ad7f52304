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

use crate::model::{number, Kept, KeyNames, Object, Record, RecordReader, State, Terms, Time};
use crate::redis::{Call, Failure, Hash, Mode, ServerString, Zset};
use indexes::Indexes;
use stored::kept;

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

    /// Removes records and their ids, each id once. None of the records may be open. A record's key that holds another type
    /// is not the tracker's, and stays.
    ///
    /// O(log n) for each record that is still there. Most records past their retention are gone, and every index is searched
    /// for their ids. Where all of the object's records leave, whole indexes are removed.
    fn remove(&self, indexes: &mut Indexes<'_>, task_ids: &[Vec<u8>]) {
        if task_ids.is_empty() {
            return;
        }
        indexes.restore_names();
        let records = task_ids.iter().map(|task_id| self.hash(task_id, Mode::Maintain).ok());
        if indexes.hold_no_other_than(task_ids) {
            return unlink(indexes, records.flatten());
        }
        let mut gone = Vec::new();
        for (task_id, record) in task_ids.iter().zip(records) {
            match record.as_ref().and_then(state_and_name) {
                Some((state, name)) => indexes.remove(task_id, state, name.as_ref()),
                None => gone.push(task_id.as_slice()),
            }
            if let Some(mut record) = record {
                record.unlink();
            }
        }
        if !gone.is_empty() {
            indexes.remove_everywhere(&gone);
        }
    }

    /// Replicates this call, to replicas and the AOF, together with the terms that it ran under here.
    fn replicate(&self, terms: &Terms) {
        if self.call.is_replayed() {
            self.call.replicate();
        } else {
            self.call.replicate_with(&terms.text());
        }
    }
}

/// Removes all records and indexes of an object, key by key.
fn unlink<'c>(indexes: &mut Indexes<'_>, records: impl IntoIterator<Item = Hash<'c>>) {
    records.into_iter().for_each(|mut record| record.unlink());
    indexes.unlink();
}

/// Whether a hash holds a record whose retention, which ends at `end`, has not ended.
///
/// The expiry index decides: the server still holds a hash in the very millisecond of its end, and one that
/// moved to another node of a cluster a few milliseconds longer, since `MIGRATE` passes its TTL on as a span.
fn is_live(record: &Hash<'_>, end: Option<Time>, now: Time) -> bool {
    end.is_some_and(|end| end > now) && record.exists()
}

/// The live record that a hash holds.
fn live_record(record: &Hash<'_>, end: Option<Time>, now: Time) -> Option<Record> {
    is_live(record, end, now).then(|| read(record)).flatten()
}

/// The record that a hash holds, live or not. O(fields).
fn read(hash: &Hash<'_>) -> Option<Record> {
    let mut reader = RecordReader::default();
    hash.each(|field, value| _ = reader.read(field.as_bytes(), value.as_bytes()));
    reader.record()
}

/// The state and the task name of the record that a hash holds: they determine which indexes hold its id. O(1).
fn state_and_name(hash: &Hash<'_>) -> Option<(State, ServerString)> {
    let state = State::parse(kept(hash, Kept::State)?.as_ref())?;
    Some((state, kept(hash, Kept::Name)?))
}

/// The run of the record that a hash holds. O(1).
fn run(hash: &Hash<'_>) -> Option<Time> {
    Time::from_millis(number(kept(hash, Kept::Run)?.as_ref())?)
}
