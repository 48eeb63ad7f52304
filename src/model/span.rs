use super::Time;

/// A span of time, both ends included. `None` means that it has no bound on that side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The earliest moment.
    pub since: Option<Time>,
    /// The latest moment.
    pub until: Option<Time>,
}

/// The beginnings of `count` equal parts of the time from `since` to `until`, both included. If the span has fewer
/// milliseconds than parts, some parts are empty: they begin together with the next one.
pub fn parts(since: Time, until: Time, count: usize) -> Vec<Time> {
    let (since, until) = (i128::from(since.millis()), i128::from(until.millis()));
    let length = (until - since + 1).max(0);
    let beginning = |part: usize| since + length * part as i128 / count as i128;
    let time = |millis: i128| i64::try_from(millis).ok().and_then(Time::from_millis);
    (0..count).map(|part| time(beginning(part)).unwrap_or(Time::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beginnings(since: i64, until: i64, count: usize) -> Vec<i64> {
        let time = |millis| Time::from_millis(millis).unwrap();
        parts(time(since), time(until), count).into_iter().map(Time::millis).collect()
    }

    #[test]
    fn a_span_falls_into_equal_parts() {
        assert_eq!(beginnings(0, 99, 4), [0, 25, 50, 75]);
        assert_eq!(beginnings(1_000, 5_000, 4), [1_000, 2_000, 3_000, 4_000]);
        assert_eq!(beginnings(7, 7, 1), [7]);
    }

    #[test]
    fn a_span_shorter_than_its_parts_leaves_some_empty() {
        assert_eq!(beginnings(10, 11, 4), [10, 10, 11, 11]);
        assert_eq!(beginnings(5, 4, 2), [5, 5]);
    }

    #[test]
    fn no_part_begins_after_the_last_moment() {
        let max = Time::MAX.millis();
        assert_eq!(beginnings(max - 1, max, 2), [max - 1, max]);
        assert_eq!(beginnings(0, max, 200).len(), 200);
    }
}
