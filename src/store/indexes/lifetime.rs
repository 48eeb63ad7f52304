//! The TTLs of indexes: an index lives slightly longer than its records.

use crate::model::Time;
use crate::redis::Zset;

/// Extends the TTL of an index that would expire too soon for a record that ends at `end`. Returns whether it did. The new
/// TTL has some reserve, so that the next updates need not change it.
pub(super) fn extend(index: &mut Zset<'_>, end: Time, now: Time) -> bool {
    let is_short = is_short(index, end, now);
    if is_short {
        index.expire_at(horizon(end, now));
    }
    is_short
}

/// Whether an index expires too soon for a record that ends at `end`.
pub(super) fn is_short(index: &Zset<'_>, end: Time, now: Time) -> bool {
    index.expires_at().is_none_or(|expires_at| expires_at < end.millis() + slack(end, now) / 2)
}

/// Shortens the TTL of an index that would expire after `latest`, in unix milliseconds.
pub(super) fn limit(index: &mut Zset<'_>, latest: i64) {
    if !index.is_empty() && index.expires_at().is_none_or(|expires_at| expires_at > latest) {
        index.expire_at(latest);
    }
}

/// Extends the TTL of the expiry index beyond that of all others: an id that stands in another index and not in this one
/// would count as live.
pub(super) fn extend_beyond(expiry: &mut Zset<'_>, end: Time, now: Time) {
    if expiry.expires_at().is_none_or(|expires_at| expires_at <= horizon(end, now)) {
        expiry.expire_at(last_horizon(end, now));
    }
}

/// When an index expires whose last record ends at `end`, in unix milliseconds.
pub(super) fn horizon(end: Time, now: Time) -> i64 {
    end.millis() + slack(end, now)
}

/// When the expiry index expires, in unix milliseconds: after all others, by at most 2 % of the time until `end`.
pub(super) fn last_horizon(end: Time, now: Time) -> i64 {
    end.millis() + (end.millis() - now.millis()).max(0) / 50
}

/// The milliseconds that an index may live beyond `end`: less than 1 % of the time until then.
pub(super) fn slack(end: Time, now: Time) -> i64 {
    (end.millis() - now.millis()).max(0) / 128
}
