use super::{Record, Seconds, State, TaskName, Time};

/// What a client reports of a task, apart from the fields that are only stored.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// The state reached; `None` if the event only sets fields.
    pub state: Option<State>,
    /// The task's name.
    pub name: Option<TaskName<'a>>,
    /// The run that the event is about: when its message was first published. It only distinguishes runs, so it
    /// is never compared with a clock. Without one, the event is about the run shown.
    pub run: Option<Time>,
    /// The attempt that the event is about. Without one, an event with a state is about the first attempt, and one
    /// that only sets fields is about the attempt shown.
    pub attempt: Option<u32>,
    /// When it happened, if the client says so.
    pub at: Option<Time>,
    /// The server's clock, which counts if the client does not say.
    pub now: Time,
    /// A retention of the record's own.
    pub retention: Option<Seconds>,
    /// Whether a final state is reported by another process than the one that ran the task: a worker that is lost, for
    /// example, cannot report it.
    pub tentative: bool,
}

impl Event<'_> {
    /// When it happened.
    pub fn time(&self) -> Time {
        self.at.unwrap_or(self.now)
    }

    /// When the run was published. If the client does not say, the time that it gave for the event; `None` without either.
    pub fn published_at(&self) -> Option<Time> {
        self.run.or(self.at)
    }
}

/// Whether an update requires that there is a record, or that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Condition {
    /// It requires neither.
    #[default]
    Any,
    /// Only if there is none (`NX`).
    Missing,
    /// Only if there is one (`XX`).
    Present,
}

impl Condition {
    /// Whether the update may go on, given the record that was found.
    pub fn allows(self, record: Option<&Record>) -> bool {
        match self {
            Self::Any => true,
            Self::Missing => record.is_none(),
            Self::Present => record.is_some(),
        }
    }
}
