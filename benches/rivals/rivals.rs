//! The ways to carry out the same updates, all of them.

use crate::blind::Blind;
use crate::floor::Floor;
use crate::lua::Lua;
use crate::module::Module;
use crate::multi::Multi;
use crate::rival::Rival;

/// All of them.
pub struct Rivals {
    pub module: Module,
    pub floor: Floor,
    pub lua: Lua,
    pub multi: Multi,
    pub blind: Blind,
}

impl Rivals {
    /// Makes them ready on a server.
    pub fn on(connection: &mut redis::Connection) -> Self {
        Self { module: Module, floor: Floor, lua: Lua::load(connection), multi: Multi, blind: Blind }
    }

    /// Those that decide for themselves, or at least end in the same hash, the module first.
    pub fn all(&self) -> [&dyn Rival; 4] {
        [&self.module, &self.floor, &self.lua, &self.multi]
    }

    /// Those that carry out the life of a task, the module first.
    pub fn of_a_life(&self) -> [&dyn Rival; 5] {
        [&self.module, &self.floor, &self.lua, &self.multi, &self.blind]
    }
}
