//! The same update as one Lua script.

use redis::{Connection, Pipeline};

use crate::event::Event;
use crate::keys::Keys;
use crate::rival::Rival;

/// The script, as the server has loaded it.
pub struct Lua {
    sha: String,
}

impl Lua {
    /// Loads the script.
    pub fn load(connection: &mut Connection) -> Self {
        let script = include_str!("update.lua");
        let sha = redis::cmd("SCRIPT").arg("LOAD").arg(script).query(connection).expect("the script compiles");
        Self { sha }
    }
}

impl Rival for Lua {
    fn title(&self) -> &'static str {
        "Lua (EVALSHA)"
    }

    fn model(&self) -> &'static str {
        "luas.order"
    }

    fn commands(&self) -> &'static [&'static str] {
        &["evalsha"]
    }

    fn request(&self, events: &[Event]) -> Pipeline {
        let mut pipeline = redis::pipe();
        for event in events {
            let keys = Keys::of(self.model(), &event.object);
            let command = pipeline.cmd("EVALSHA").arg(&self.sha).arg(1).arg(keys.prefix()).arg(&event.task_id);
            command.arg(event.state.name()).arg(event.state.rank()).arg(event.state.timestamp().unwrap_or(""));
            command.arg(&event.name).arg(event.attempt).arg(event.at);
            command.arg(event.retention.map_or_else(String::new, |seconds| seconds.to_string()));
            command.arg(event.option.unwrap_or(""));
            for (field, value) in &event.fields {
                command.arg(field).arg(value);
            }
        }
        pipeline
    }
}
