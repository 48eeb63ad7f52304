use crate::model::{number, Terms, Time};
use crate::redis::{Failure, Mode, StringKey};

use super::Instance;

impl<'c> Instance<'c> {
    /// When the whole object was deleted, where that is still known. Fails where the key is no string or not the user's
    /// to write. O(1).
    pub(super) fn deleted_at(&self, now: Time) -> Result<Option<Time>, Failure> {
        let deletion = Deletion::open(self)?;
        // A replica and the AOF run an update again while the key may still be there past its TTL.
        let is_known = deletion.key.expires_at().is_some_and(|end| end > now.millis());
        Ok(deletion.key.get().filter(|_| is_known).and_then(|at| Time::from_millis(number(&at)?)))
    }
}

/// The key that remembers the deletion of a whole object, so that nothing of a run from before it is recorded again: a task
/// may still be waiting or running.
pub(super) struct Deletion<'c> {
    key: StringKey<'c>,
}

impl<'c> Deletion<'c> {
    /// Opens the key. Fails where it is no string or not the user's to write.
    pub(super) fn open(instance: &Instance<'c>) -> Result<Self, Failure> {
        Ok(Self { key: StringKey::open(instance.call, &instance.keys.deleted(), Mode::Write)? })
    }

    /// Remembers a deletion that happens now, for a retention window.
    pub(super) fn remember(mut self, terms: &Terms) {
        let end = terms.now.after(terms.retention_window);
        self.key.set_until(&terms.now.millis(), end.millis());
    }
}
