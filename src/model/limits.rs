use super::Seconds;

/// The limits that an administrator has set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a record lives after its last update, unless it has a retention of its own.
    pub retention_window: Seconds,
    /// Rows per page, if a query does not say.
    pub page_size: usize,
    /// The most rows per page that a query may ask for.
    pub max_page_size: usize,
    /// The longest stored value, in bytes.
    pub max_value_bytes: usize,
    /// The most records per object; 0 for no limit.
    pub max_tasks_per_object: usize,
}

impl Limits {
    /// The most fields that one command may name.
    pub const MAX_FIELDS: usize = 128;
    /// The most records past their retention that one write removes, and the most that it evicts.
    pub const REMOVED_PER_WRITE: usize = 100;
    /// How far ahead of the server's clock a publisher's may be, so that the deletion of an object still counts for what it
    /// had published.
    pub const FASTEST_CLOCK: Seconds = match Seconds::new(3_600) {
        Some(seconds) => seconds,
        None => Seconds::LONGEST,
    };
    /// The most records whose run the deletion of an object looks at.
    pub const RUNS_PER_DELETION: usize = 1_000;
    /// How many more records past their retention one write removes if the object is at its limit of records.
    pub const REMOVED_TO_MAKE_ROOM: usize = 500;
}
