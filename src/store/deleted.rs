use crate::model::{number, Terms, Time};
use crate::redis::{Failure, Mode, StringKey};

use super::Instance;

impl<'c> Instance<'c> {
    /// When the whole object was deleted, if that is still known. Fails if the key is no string or the user may not
    /// write it. O(1).
    pub(super) fn deleted_at(&self, now: Time) -> Result<Option<Time>, Failure> {
        let deletion = Deletion::open(self)?;
        // A replica, or the server while it loads the AOF, may still hold the key past its TTL.
        let is_known = deletion.key.expires_at().is_some_and(|end| end > now.millis());
        Ok(deletion.key.get().filter(|_| is_known).and_then(|at| Time::from_millis(number(&at)?)))
    }
}

/// The key that remembers the deletion of a whole object. Tasks published before it may still wait or run, and their events
/// must not create records again.
pub(super) struct Deletion<'c> {
    key: StringKey<'c>,
}

impl<'c> Deletion<'c> {
    /// Opens the key. Fails if it is no string or the user may not write it.
    pub(super) fn open(instance: &Instance<'c>) -> Result<Self, Failure> {
        Ok(Self { key: StringKey::open(instance.call, &instance.keys.deleted(), Mode::Write)? })
    }

    /// Remembers for one retention window that the object is deleted now.
    pub(super) fn remember(mut self, terms: &Terms) {
        let end = terms.now.after(terms.retention_window);
        self.key.set_until(&terms.now.millis(), end.millis());
    }
}
