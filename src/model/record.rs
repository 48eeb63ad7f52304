use std::str::FromStr;

use super::{Kept, Seconds, State, Time};

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
    /// The timestamp that events of that state are about. `RETRY` has none: it is what the attempt before said.
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
    pub name: String,
    /// The state of the attempt shown.
    pub state: State,
    /// The attempt shown, 0 for the first run.
    pub attempt: u32,
    /// The earliest event ever seen.
    pub created_at: Time,
    /// The latest event of the attempt shown.
    pub updated_at: Time,
    /// The attempt's timestamps.
    pub timestamps: Timestamps,
    /// The record's own retention, where it has one.
    pub retention: Option<Seconds>,
}

impl Record {
    /// Reads a record through `value`, which tells a stored field's bytes. `None` where they are not a record's, which
    /// happens only if something else than the module wrote to its hash.
    pub fn read<B: AsRef<[u8]>>(value: impl Fn(Kept) -> Option<B>) -> Option<Self> {
        let time = |kept| number(&value(kept)?).and_then(Time::from_millis);
        Some(Self {
            name: std::str::from_utf8(value(Kept::Name)?.as_ref()).ok()?.to_owned(),
            state: State::parse(value(Kept::State)?.as_ref())?,
            attempt: number(&value(Kept::Attempt)?)?,
            retention: value(Kept::Retention).and_then(|seconds| Seconds::new(number(&seconds)?)),
            created_at: time(Kept::CreatedAt)?,
            updated_at: time(Kept::UpdatedAt)?,
            timestamps: Timestamps {
                published: time(Kept::PublishedAt),
                received: time(Kept::ReceivedAt),
                started: time(Kept::StartedAt),
                finished: time(Kept::FinishedAt),
            },
        })
    }

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
            Kept::Retention => self.retention == other.retention,
        }
    }

    /// The stored text of a kept field; `None` where the record lacks it. The id is not part of a record: its key names it.
    pub fn text(&self, kept: Kept) -> Option<String> {
        let time = |time: Option<Time>| time.map(|time| time.to_string());
        match kept {
            Kept::Id => None,
            Kept::Name => Some(self.name.clone()),
            Kept::State => Some(self.state.name().to_owned()),
            Kept::Attempt => Some(self.attempt.to_string()),
            Kept::CreatedAt => time(Some(self.created_at)),
            Kept::UpdatedAt => time(Some(self.updated_at)),
            Kept::PublishedAt => time(self.timestamps.published),
            Kept::ReceivedAt => time(self.timestamps.received),
            Kept::StartedAt => time(self.timestamps.started),
            Kept::FinishedAt => time(self.timestamps.finished),
            Kept::Retention => self.retention.map(|seconds| seconds.to_string()),
        }
    }
}

fn number<T: FromStr>(bytes: &impl AsRef<[u8]>) -> Option<T> {
    std::str::from_utf8(bytes.as_ref()).ok()?.parse().ok()
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
            retention: Seconds::new(60),
        }
    }

    #[test]
    fn a_record_reads_back_what_it_wrote() {
        assert_eq!(Record::read(|kept| record().text(kept)), Some(record()));
    }

    #[test]
    fn fields_differ_where_their_texts_do() {
        let time = |millis| Time::from_millis(millis);
        let other = Record {
            name: "shop.ship".into(),
            state: State::Success,
            updated_at: time(4).unwrap(),
            timestamps: Timestamps { started: time(3), finished: time(4), ..Timestamps::default() },
            ..record()
        };
        for kept in Kept::ALL {
            assert_eq!(record().has_same(&other, kept), record().text(kept) == other.text(kept), "{kept:?}");
        }
    }

    #[test]
    fn a_hash_that_lacks_what_every_record_has_is_no_record() {
        for missing in [Kept::Name, Kept::State, Kept::Attempt, Kept::CreatedAt, Kept::UpdatedAt] {
            let read = Record::read(|kept| if kept == missing { None } else { record().text(kept) });
            assert_eq!(read, None, "{missing:?}");
            let read = Record::read(|kept| if kept == missing { Some("\u{1}".into()) } else { record().text(kept) });
            assert_eq!(read.is_some(), missing == Kept::Name, "{missing:?}");
        }
    }
}
