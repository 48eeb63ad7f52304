use std::rc::Rc;

use super::{number, Kept, Seconds, State, Time};

/// When one attempt reached the steps of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timestamps {
    /// When it was published.
    pub published: Option<Time>,
    /// When a worker received it.
    pub received: Option<Time>,
    /// When it began to run.
    pub started: Option<Time>,
    /// When it ended.
    pub finished: Option<Time>,
}

impl Timestamps {
    /// The timestamp that events of that state are about. `RETRY` has none: the attempt before reported it.
    pub fn of(&mut self, state: State) -> Option<&mut Option<Time>> {
        match state {
            State::Pending => Some(&mut self.published),
            State::Received => Some(&mut self.received),
            State::Retry => None,
            State::Started => Some(&mut self.started),
            _ => Some(&mut self.finished),
        }
    }
}

/// What the module keeps of a task itself, beside the fields that clients give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The task's name.
    pub name: Rc<str>,
    /// The state of the attempt shown.
    pub state: State,
    /// The attempt shown, 0 for the first run.
    pub attempt: u32,
    /// The earliest event of the run shown.
    pub created_at: Time,
    /// The latest event of the attempt shown.
    pub updated_at: Time,
    /// The attempt's timestamps.
    pub timestamps: Timestamps,
    /// The run shown: when its message was first published. `None` if no event named it.
    pub run: Option<Time>,
    /// The record's own retention, if it has one.
    pub retention: Option<Seconds>,
    /// Whether the final state was reported by another process than the one that ran the task. The task's own end replaces
    /// it.
    pub tentative: bool,
}

impl Record {
    /// Whether a kept field is the same in both.
    pub fn has_same(&self, other: &Self, kept: Kept) -> bool {
        match kept {
            Kept::Id => true,
            Kept::Name => self.name == other.name,
            Kept::State => self.state == other.state,
            Kept::Attempt => self.attempt == other.attempt,
            Kept::CreatedAt => self.created_at == other.created_at,
            Kept::UpdatedAt => self.updated_at == other.updated_at,
            Kept::PublishedAt => self.timestamps.published == other.timestamps.published,
            Kept::ReceivedAt => self.timestamps.received == other.timestamps.received,
            Kept::StartedAt => self.timestamps.started == other.timestamps.started,
            Kept::FinishedAt => self.timestamps.finished == other.timestamps.finished,
            Kept::Run => self.run == other.run,
            Kept::Retention => self.retention == other.retention,
            Kept::Tentative => self.tentative == other.tentative,
        }
    }

    /// What is stored of a kept field; `None` if the record lacks it. The id is not part of a record: its key names it.
    pub fn value(&self, kept: Kept) -> Option<KeptValue<'_>> {
        let time = |time: Option<Time>| time.map(|time| KeptValue::Number(time.millis()));
        match kept {
            Kept::Id => None,
            Kept::Name => Some(KeptValue::Text(&self.name)),
            Kept::State => Some(KeptValue::Text(self.state.name())),
            Kept::Attempt => Some(KeptValue::Number(self.attempt.into())),
            Kept::CreatedAt => time(Some(self.created_at)),
            Kept::UpdatedAt => time(Some(self.updated_at)),
            Kept::PublishedAt => time(self.timestamps.published),
            Kept::ReceivedAt => time(self.timestamps.received),
            Kept::StartedAt => time(self.timestamps.started),
            Kept::FinishedAt => time(self.timestamps.finished),
            Kept::Run => time(self.run),
            Kept::Retention => self.retention.map(|retention| KeptValue::Number(retention.count().into())),
            Kept::Tentative => self.tentative.then_some(KeptValue::Number(1)),
        }
    }
}

/// The value of a kept field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptValue<'a> {
    /// A word.
    Text(&'a str),
    /// A whole number, stored in decimal digits.
    Number(i64),
}

/// Builds a record from its stored fields, given one by one in any order.
#[derive(Default)]
pub struct RecordReader {
    name: Option<Rc<str>>,
    state: Option<State>,
    attempt: Option<u32>,
    created_at: Option<Time>,
    updated_at: Option<Time>,
    timestamps: Timestamps,
    run: Option<Time>,
    retention: Option<Seconds>,
    tentative: bool,
}

impl RecordReader {
    /// Takes a field in. Whether it is one that the module keeps.
    pub fn read(&mut self, field: &[u8], value: &[u8]) -> bool {
        let kept = Kept::parse(field);
        if let Some(kept) = kept {
            self.take(kept, value);
        }
        kept.is_some()
    }

    /// Takes the value of a kept field in.
    pub fn take(&mut self, kept: Kept, value: &[u8]) {
        let time = || number(value).and_then(Time::from_millis);
        match kept {
            Kept::Id => {}
            Kept::Name => self.name = std::str::from_utf8(value).ok().map(Rc::from),
            Kept::State => self.state = State::parse(value),
            Kept::Attempt => self.attempt = number(value),
            Kept::CreatedAt => self.created_at = time(),
            Kept::UpdatedAt => self.updated_at = time(),
            Kept::PublishedAt => self.timestamps.published = time(),
            Kept::ReceivedAt => self.timestamps.received = time(),
            Kept::StartedAt => self.timestamps.started = time(),
            Kept::FinishedAt => self.timestamps.finished = time(),
            Kept::Run => self.run = time(),
            Kept::Retention => self.retention = number(value).and_then(Seconds::new),
            Kept::Tentative => self.tentative = value == b"1",
        }
    }

    /// The record. `None` if the fields are not a record's, which happens only if another program
    /// wrote to its hash.
    pub fn record(self) -> Option<Record> {
        Some(Record {
            name: self.name?,
            state: self.state?,
            attempt: self.attempt?,
            created_at: self.created_at?,
            updated_at: self.updated_at?,
            timestamps: self.timestamps,
            run: self.run,
            retention: self.retention,
            tentative: self.tentative,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            name: "shop.pay".into(),
            state: State::Started,
            attempt: 2,
            created_at: Time::from_millis(1).unwrap(),
            updated_at: Time::from_millis(3).unwrap(),
            timestamps: Timestamps { started: Time::from_millis(3), ..Timestamps::default() },
            run: Time::from_millis(1),
            retention: Seconds::new(60),
            tentative: false,
        }
    }

    fn text(value: KeptValue<'_>) -> String {
        match value {
            KeptValue::Text(text) => text.to_owned(),
            KeptValue::Number(number) => number.to_string(),
        }
    }

    /// Reads the fields of the record back, the last first, with another value for one of them, or without it.
    fn read_back(record: &Record, other: Option<(Kept, Option<&str>)>) -> Option<Record> {
        let mut reader = RecordReader::default();
        assert!(!reader.read(b"worker", b"w1") && !reader.read(b"\xff", b""));
        for kept in Kept::ALL.into_iter().rev() {
            let value = match other {
                Some((changed, value)) if changed == kept => value.map(str::to_owned),
                _ => record.value(kept).map(text),
            };
            assert!(value.is_none_or(|value| reader.read(kept.name().as_bytes(), value.as_bytes())), "{kept:?}");
        }
        reader.record()
    }

    #[test]
    fn a_record_reads_back_what_it_wrote() {
        let tentative = Record { state: State::Failure, tentative: true, ..record() };
        for record in [record(), tentative] {
            assert_eq!(read_back(&record, None), Some(record));
        }
    }

    #[test]
    fn fields_differ_where_their_texts_do() {
        let time = |millis| Time::from_millis(millis);
        let other = Record {
            name: "shop.ship".into(),
            state: State::Success,
            updated_at: time(4).unwrap(),
            timestamps: Timestamps { started: time(3), finished: time(4), ..Timestamps::default() },
            run: time(2),
            tentative: true,
            ..record()
        };
        for kept in Kept::ALL {
            assert_eq!(record().has_same(&other, kept), record().value(kept) == other.value(kept), "{kept:?}");
        }
    }

    #[test]
    fn a_hash_that_lacks_what_every_record_has_is_no_record() {
        for missing in [Kept::Name, Kept::State, Kept::Attempt, Kept::CreatedAt, Kept::UpdatedAt] {
            assert_eq!(read_back(&record(), Some((missing, None))), None, "{missing:?}");
            let read = read_back(&record(), Some((missing, Some("\u{1}"))));
            assert_eq!(read.is_some(), missing == Kept::Name, "{missing:?}");
        }
    }
}
