use std::fmt;

use chrono::{DateTime, Datelike, Timelike};

use super::{number, Invalid};

/// A moment, in whole milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(i64);

impl Time {
    /// The last moment, 9999-12-31T23:59:59.999Z: RFC 3339 has four digits for the year, and a sorted set's score holds
    /// it without loss.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// A moment from unix milliseconds. `None` before 1970 and after [`Time::MAX`].
    pub fn from_millis(millis: i64) -> Option<Self> {
        (0..=Self::MAX.0).contains(&millis).then_some(Self(millis))
    }

    /// Reads unix milliseconds or RFC 3339, from the option named by `argument`. Unix milliseconds past
    /// [`Time::MAX`] are read as that, since a time in the future means now.
    pub fn parse(argument: &'static str, bytes: &[u8]) -> Result<Self, Invalid> {
        let rfc3339 = || {
            let text = std::str::from_utf8(bytes).ok()?;
            Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis())
        };
        number(bytes)
            .or_else(rfc3339)
            .filter(|millis| *millis >= 0)
            .map(|millis| Self(millis.min(Self::MAX.0)))
            .ok_or_else(|| Invalid::new(argument, "unix milliseconds or an RFC 3339 time, not before 1970"))
    }

    /// Unix milliseconds.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// RFC 3339 in UTC with milliseconds, such as `2026-03-04T05:06:07.089Z`.
    pub fn rfc3339(self) -> String {
        let moment = DateTime::from_timestamp_millis(self.0).expect("every Time is within chrono's range").naive_utc();
        let year = moment.year().unsigned_abs();
        let mut text = *b"0000-00-00T00:00:00.000Z";
        for (end, mut number) in [
            (4, year),
            (7, moment.month()),
            (10, moment.day()),
            (13, moment.hour()),
            (16, moment.minute()),
            (19, moment.second()),
            (23, moment.and_utc().timestamp_subsec_millis()),
        ] {
            let mut at = end;
            while number > 0 {
                at -= 1;
                text[at] += (number % 10) as u8;
                number /= 10;
            }
        }
        text.iter().copied().map(char::from).collect()
    }

    /// The moment that many seconds later, at most [`Time::MAX`].
    pub fn after(self, seconds: Seconds) -> Self {
        Self((self.0 + i64::from(seconds.0) * 1000).min(Self::MAX.0))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A span of whole seconds, at most a hundred years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(u32);

impl Seconds {
    /// The longest span: a hundred years of 365 days.
    pub const MAX: u32 = 100 * 365 * 86_400;

    /// The same as a span.
    pub const LONGEST: Self = Self(Self::MAX);

    /// A span of that many seconds. `None` if it is longer than [`Seconds::MAX`].
    pub const fn new(seconds: u32) -> Option<Self> {
        if seconds <= Self::MAX {
            Some(Self(seconds))
        } else {
            None
        }
    }

    /// How many.
    pub const fn count(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<i64, Invalid> {
        Time::parse("AT", text.as_bytes()).map(Time::millis)
    }

    #[test]
    fn a_time_is_unix_milliseconds_or_rfc3339_with_any_offset() {
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse("1700000000123"), Ok(1_700_000_000_123));
        assert_eq!(parse("1970-01-01T00:00:01Z"), Ok(1000));
        assert_eq!(parse("1970-01-01T02:00:01.5+02:00"), Ok(1500));
        assert_eq!(parse("9223372036854775807"), Ok(Time::MAX.millis()));
    }

    #[test]
    fn what_is_no_time_is_refused_by_the_name_of_its_option() {
        for text in ["", "-1", "+1", "now", "1.5", "1e3", "1969-12-31T23:59:59Z", "2026-01-01", "9223372036854775808"] {
            assert!(parse(text).unwrap_err().to_string().starts_with("AT must be "), "{text:?}");
        }
        assert!(Time::parse("SINCE", b"\xff").is_err());
    }

    #[test]
    fn a_time_is_told_in_utc_with_milliseconds() {
        assert_eq!(Time::from_millis(1_772_600_767_089).unwrap().rfc3339(), "2026-03-04T05:06:07.089Z");
        assert_eq!(Time::MAX.rfc3339(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn no_span_leads_past_the_last_moment() {
        let longest = Seconds::new(Seconds::MAX).unwrap();
        assert_eq!(Time::MAX.after(longest), Time::MAX);
        assert_eq!(Seconds::new(Seconds::MAX + 1), None);
    }
}
