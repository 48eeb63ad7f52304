use super::{Record, Seconds, State, TaskName, Time};

/// What a client tells of a task, apart from the fields that are only stored.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// The state reached; `None` where the event only sets fields.
    pub state: Option<State>,
    /// The task's name.
    pub name: Option<TaskName<'a>>,
    /// The run that the event is about: when its message was first published. It only tells runs apart, so it is never
    /// compared with a clock. Without one, the event is about the run shown.
    pub run: Option<Time>,
    /// The attempt that the event is about. Without one, an event with a state is about the first attempt, and one
    /// that only sets fields is about the attempt shown.
    pub attempt: Option<u32>,
    /// When it happened, where the client says so.
    pub at: Option<Time>,
    /// The server's clock, which counts where the client does not say.
    pub now: Time,
    /// A retention of the record's own.
    pub retention: Option<Seconds>,
    /// Whether a final state is told by somebody else than who ran the task, for example of a worker that is lost.
    pub tentative: bool,
}

impl Event<'_> {
    /// When it happened.
    pub fn time(&self) -> Time {
        self.at.unwrap_or(self.now)
    }

    /// When the run was published, as far as the client says: the earliest that it can have been told of.
    pub fn published_at(&self) -> Option<Time> {
        self.run.or(self.at)
    }
}

/// Whether an update asks for a record to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Condition {
    /// It does not.
    #[default]
    Any,
    /// Only where there is none (`NX`).
    Missing,
    /// Only where there is one (`XX`).
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
