use crate::model::{number, Limits, Terms, Time};
use crate::redis::{Failure, Mode, StringKey};

use super::Instance;

impl<'c> Instance<'c> {
    /// When the whole object was deleted, if that is still known. Fails if the key is no string or the user may not
    /// write it. O(1).
    pub(super) fn deleted_at(&self, now: Time) -> Result<Option<Time>, Failure> {
        Ok(Deletion::open(self)?.at(now))
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

    /// When the object was deleted, if that is still known.
    fn at(&self, now: Time) -> Option<Time> {
        // A replica, or the server while it loads the AOF, may still hold the key past its TTL.
        let is_known = self.key.expires_at().is_some_and(|end| end > now.millis());
        self.key.get().filter(|_| is_known).and_then(|at| Time::from_millis(number(&at)?))
    }

    /// Remembers for one retention window that the object is deleted now. `latest_run` is the latest of the runs that it removes.
    ///
    /// A publisher whose clock is ahead names a run that is later than now. Such a run is gone too, up to
    /// [`Limits::FASTEST_CLOCK`] ahead: further than that, a wrong clock would keep a new object of the same key from being
    /// tracked. For the same reason an earlier deletion does not count that the server's own clock noted before it was set
    /// back.
    pub(super) fn remember(mut self, latest_run: Option<Time>, terms: &Terms) {
        let furthest = terms.now.after(Limits::FASTEST_CLOCK);
        let latest_run = latest_run.map(|run| run.min(furthest));
        let earlier = self.at(terms.now).filter(|at| *at <= furthest);
        let at = latest_run.max(earlier).map_or(terms.now, |at| at.max(terms.now));
        let end = terms.now.after(terms.retention_window);
        self.key.set_until(&at.millis(), end.millis());
    }
}
