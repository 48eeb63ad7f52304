//! What an administrator may set, at load or at run time.

use lazy_static::lazy_static;

use crate::model::{Limits, Seconds};
use crate::redis::Number;

lazy_static! {
    /// The settings in force.
    pub static ref SETTINGS: Settings = Settings::default();
}

/// One number for each limit; `redis.conf` and `CONFIG SET` name them with `tracker.` in front.
pub struct Settings {
    retention_window: Number,
    page_size: Number,
    max_page_size: Number,
    max_value_bytes: Number,
    max_tasks_per_object: Number,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retention_window: Number::new(c"retention-window", 86_400, 1..=i64::from(Seconds::MAX)),
            page_size: Number::new(c"page-size", 10, 1..=10_000),
            max_page_size: Number::new(c"max-page-size", 200, 1..=10_000),
            max_value_bytes: Number::new(c"max-value-bytes", 65_536, 1..=512 << 20),
            max_tasks_per_object: Number::new(c"max-tasks-per-object", 10_000, 0..=i64::from(u32::MAX)),
        }
    }
}

impl Settings {
    /// All settings, in the order of the documentation.
    pub fn all(&self) -> [&Number; 5] {
        [
            &self.retention_window,
            &self.page_size,
            &self.max_page_size,
            &self.max_value_bytes,
            &self.max_tasks_per_object,
        ]
    }

    /// The current values as limits.
    pub fn limits(&self) -> Limits {
        let size = |number: &Number| usize::try_from(number.get()).unwrap_or(usize::MAX);
        let seconds = u32::try_from(self.retention_window.get()).ok().and_then(Seconds::new);
        Limits {
            retention_window: seconds.expect("the setting's range is that of Seconds"),
            page_size: size(&self.page_size),
            max_page_size: size(&self.max_page_size),
            max_value_bytes: size(&self.max_value_bytes),
            max_tasks_per_object: size(&self.max_tasks_per_object),
        }
    }
}
