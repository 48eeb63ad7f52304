use super::{Limits, Seconds, Time};

/// The clock and the limits that a write runs under. It uses no other clock and no other setting, so a replica or an AOF that
/// runs it again under the same terms has the same result, whatever its own clock and settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The server's clock.
    pub now: Time,
    /// How long a record lives after its last update, unless it has a retention of its own.
    pub retention_window: Seconds,
    /// The most records per object; 0 for no limit.
    pub max_tasks_per_object: usize,
    /// The longest stored value, in bytes.
    pub max_value_bytes: usize,
}

impl Terms {
    /// The terms of a write at that moment, under those limits.
    pub fn new(now: Time, limits: &Limits) -> Self {
        Self {
            now,
            retention_window: limits.retention_window,
            max_tasks_per_object: limits.max_tasks_per_object,
            max_value_bytes: limits.max_value_bytes,
        }
    }

    /// How many of an object's `records` have to be removed so that one more fits.
    pub fn surplus(&self, records: usize) -> usize {
        match self.max_tasks_per_object {
            0 => 0,
            most => (records + 1).saturating_sub(most),
        }
    }

    /// The terms as one argument of the replicated call: `@now:window:most:longest`.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(64);
        let limits = [self.retention_window.count() as usize, self.max_tasks_per_object, self.max_value_bytes];
        text.push('@');
        text.push_str(itoa::Buffer::new().format(self.now.millis()));
        for limit in limits {
            text.push(':');
            text.push_str(itoa::Buffer::new().format(limit));
        }
        text
    }

    /// Reads what [`Terms::text`] wrote.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.strip_prefix('@')?;
        let mut parts = text.split(':');
        let terms = Self {
            now: Time::from_millis(parts.next()?.parse().ok()?)?,
            retention_window: Seconds::new(parts.next()?.parse().ok()?)?,
            max_tasks_per_object: parts.next()?.parse().ok()?,
            max_value_bytes: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(terms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(now: i64, max_tasks_per_object: usize) -> Terms {
        let (now, retention_window) = (Time::from_millis(now).unwrap(), Seconds::new(86_400).unwrap());
        Terms { now, retention_window, max_tasks_per_object, max_value_bytes: 65_536 }
    }

    #[test]
    fn terms_read_back_what_they_wrote() {
        let terms = terms(1_700_000_000_123, 10_000);
        assert_eq!(terms.text(), "@1700000000123:86400:10000:65536");
        assert_eq!(Terms::parse(terms.text().as_bytes()), Some(terms));
    }

    #[test]
    fn records_leave_only_where_one_more_would_be_too_many() {
        assert_eq!([0, 2, 3, 5].map(|records| terms(0, 3).surplus(records)), [0, 0, 1, 3]);
        assert_eq!(terms(0, 0).surplus(1_000_000), 0);
    }

    #[test]
    fn what_no_terms_wrote_is_none() {
        for text in ["", "@", "1:2:3:4", "@1:2:3", "@1:2:3:4:5", "@-1:2:3:4", "@1:x:3:4"] {
            assert_eq!(Terms::parse(text.as_bytes()), None, "{text}");
        }
    }
}
