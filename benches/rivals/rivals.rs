//! The ways to carry out the same updates, all of them.

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
