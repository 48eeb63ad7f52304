//! What is compared: ways to carry out the same updates.

use redis::{Pipeline, Value};

use crate::event::Event;
use crate::floor::Floor;
use crate::lua::Lua;
use crate::module::Module;
use crate::multi::Multi;

/// One way to carry out updates.
pub trait Rival {
    /// What it is called in the tables.
    fn title(&self) -> &'static str;

    /// The model under whose name it keeps its keys. All are equally long.
    fn model(&self) -> &'static str;

    /// The commands that the server counts its work under, those within a script or a transaction left out.
    fn commands(&self) -> &'static [&'static str];

    /// The first round trip of these updates, each of another task.
    fn request(&self, events: &[Event]) -> Pipeline;

    /// The second round trip, for one that decides by what the first brought.
    fn follow_up(&self, events: &[Event], replies: &[Value]) -> Option<Pipeline> {
        let _ = (events, replies);
        None
    }
}

/// All of them.
pub struct Rivals {
    pub module: Module,
    pub floor: Floor,
    pub lua: Lua,
    pub multi: Multi,
}

impl Rivals {
    /// Makes them ready on a server.
    pub fn on(connection: &mut redis::Connection) -> Self {
        Self { module: Module, floor: Floor, lua: Lua::load(connection), multi: Multi }
    }

    /// All of them, the module first.
    pub fn all(&self) -> [&dyn Rival; 4] {
        [&self.module, &self.floor, &self.lua, &self.multi]
    }
}

/// The keys of a rival's object.
pub struct Keys(String);

impl Keys {
    pub fn of(model: &str, object: &str) -> Self {
        Self(format!("{model}:{{{object}}}:"))
    }

    /// What all their names begin with.
    pub fn prefix(&self) -> &str {
        &self.0
    }

    pub fn record(&self, task_id: &str) -> String {
        format!("{}record:{task_id}", self.0)
    }

    pub fn tasks(&self) -> String {
        format!("{}tasks", self.0)
    }

    pub fn expiry(&self) -> String {
        format!("{}expiry", self.0)
    }

    pub fn names(&self) -> String {
        format!("{}names", self.0)
    }

    pub fn state(&self, name: &str) -> String {
        format!("{}state:{name}", self.0)
    }

    pub fn task(&self, name: &str) -> String {
        format!("{}task:{name}", self.0)
    }
}
