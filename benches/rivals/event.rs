//! The updates that every rival carries out: the steps of a task's life, with what the Django package sends at each.

/// The name of the task.
pub const TASK_NAME: &str = "shop.tasks.process_payment";

const QUEUE: &str = "celery";
const WORKER: &str = "celery@worker-7.example.com";
const ARGS: &str = "[1042]";
const KWARGS: &str = "{\"currency\":\"EUR\"}";
const RESULT: &str = "{\"paid\":true,\"amount\":\"129.90\"}";

/// What one update says about a task.
#[derive(Debug, Clone)]
pub struct Event {
    /// The id of the object that the task is for.
    pub object: String,
    /// The task's id.
    pub task_id: String,
    /// The task's name.
    pub name: String,
    /// The state reached.
    pub state: State,
    /// The attempt, 0 for the first run.
    pub attempt: u32,
    /// When it happened, in unix milliseconds.
    pub at: i64,
    /// `NX` or `XX`, if the update has a condition.
    pub option: Option<&'static str>,
    /// Seconds that the record lives, if it has a retention of its own.
    pub retention: Option<u32>,
    /// The given fields with their values.
    pub fields: Vec<(&'static str, String)>,
}

/// A state of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Received,
    Retry,
    Started,
    Success,
    Failure,
}

impl State {
    /// Some states of every rank.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Received, Self::Retry, Self::Started, Self::Success, Self::Failure];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Received => "RECEIVED",
            Self::Retry => "RETRY",
            Self::Started => "STARTED",
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// How far it is in a task's life.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Received => 1,
            Self::Retry => 2,
            Self::Started => 3,
            Self::Success | Self::Failure => 4,
        }
    }

    /// The field that keeps when it was reached.
    pub const fn timestamp(self) -> Option<&'static str> {
        match self {
            Self::Pending => Some("published_at"),
            Self::Received => Some("received_at"),
            Self::Retry => None,
            Self::Started => Some("started_at"),
            Self::Success | Self::Failure => Some("finished_at"),
        }
    }
}

/// One task of one object, which runs once and succeeds.
#[derive(Debug, Clone)]
pub struct Task {
    /// The id of the object that it is for.
    pub object: String,
    /// Its id.
    pub id: String,
    /// When it was published, in unix milliseconds.
    pub published_at: i64,
}

impl Task {
    /// The steps of its life.
    pub const LIFE: [State; 4] = [State::Pending, State::Received, State::Started, State::Success];

    /// The task of that number for that object.
    pub fn new(object: impl ToString, number: usize) -> Self {
        Self {
            object: object.to_string(),
            id: format!("{number:08}-6a3e-4a55-9d1c-0f6a0c1f7a51"),
            published_at: 1_700_000_000_000 + number as i64,
        }
    }

    /// When the task of an event of its life was published.
    pub fn published_at(event: &Event) -> i64 {
        event.at - 10 * i64::from(event.state.rank())
    }

    /// The event of reaching a state of its life.
    pub fn reaches(&self, state: State) -> Event {
        let mut fields = vec![("objects", format!("[[\"shop.order\",\"{}\"]]", self.object))];
        if state != State::Pending {
            fields.push(("worker", WORKER.to_owned()));
        }
        fields.push(("queue", QUEUE.to_owned()));
        fields.push(("root_id", self.id.clone()));
        fields.push(("max_retries", "3".to_owned()));
        match state {
            State::Pending | State::Started => {
                fields.push(("args", ARGS.to_owned()));
                fields.push(("kwargs", KWARGS.to_owned()));
            }
            State::Success => fields.push(("result", RESULT.to_owned())),
            _ => {}
        }
        Event {
            object: self.object.clone(),
            task_id: self.id.clone(),
            name: TASK_NAME.to_owned(),
            state,
            attempt: 0,
            at: self.published_at + 10 * i64::from(state.rank()),
            option: None,
            retention: None,
            fields,
        }
    }

    /// The fields of its record once its life has come that far.
    pub fn record(&self, reached: State) -> Vec<(&'static str, String)> {
        let steps = Self::LIFE.into_iter().filter(|state| state.rank() <= reached.rank());
        let events: Vec<_> = steps.map(|state| self.reaches(state)).collect();
        let last = events.last().expect("a life begins with its first step");
        let mut record = vec![
            ("id", self.id.clone()),
            ("name", last.name.clone()),
            ("state", reached.name().to_owned()),
            ("attempt", "0".to_owned()),
            ("created_at", self.published_at.to_string()),
            ("updated_at", last.at.to_string()),
        ];
        for event in &events {
            record.extend(event.state.timestamp().map(|field| (field, event.at.to_string())));
        }
        for (field, value) in events.iter().flat_map(|event| &event.fields) {
            if !record.iter().any(|(known, _)| known == field) {
                record.push((field, value.clone()));
            }
        }
        record
    }
}
