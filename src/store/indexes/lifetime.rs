//! How long an index lives: as long as its records, and little longer.

use crate::model::Time;
use crate::redis::Zset;

/// Lets an index live until `end` and a little longer. A TTL that reaches so far is left alone, and one that is set
/// reaches further still, so that it is not set again with every update. Whether it was set.
pub(super) fn keep(index: &mut Zset<'_>, end: Time, now: Time) -> bool {
    let is_short = is_short(index, end, now);
    if is_short {
        index.expire_at(horizon(end, now));
    }
    is_short
}

/// Whether an index goes too soon for a record that ends at `end`.
pub(super) fn is_short(index: &Zset<'_>, end: Time, now: Time) -> bool {
    index.expires_at().is_none_or(|expires_at| expires_at < end.millis() + slack(end, now) / 2)
}

/// Lets an index live until then at the most.
pub(super) fn cap(index: &mut Zset<'_>, latest: i64) {
    if !index.is_empty() && index.expires_at().is_none_or(|expires_at| expires_at > latest) {
        index.expire_at(latest);
    }
}

/// Lets the expiry index live longer than any other: an id that stands in one of them and not in it would be taken for
/// live.
pub(super) fn outlive(expiry: &mut Zset<'_>, end: Time, now: Time) {
    if expiry.expires_at().is_none_or(|expires_at| expires_at <= horizon(end, now)) {
        expiry.expire_at(last_horizon(end, now));
    }
}

/// When an index goes whose longest living record ends at `end`.
pub(super) fn horizon(end: Time, now: Time) -> i64 {
    end.millis() + slack(end, now)
}

/// When the expiry index goes: after all others, by 2 % of the time until `end` at the most.
pub(super) fn last_horizon(end: Time, now: Time) -> i64 {
    end.millis() + (end.millis() - now.millis()).max(0) / 50
}

/// How much longer than until `end` an index may live: less than 1 % of the time until then.
pub(super) fn slack(end: Time, now: Time) -> i64 {
    (end.millis() - now.millis()).max(0) / 128
}
