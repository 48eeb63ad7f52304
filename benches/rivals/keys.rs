//! The names of the keys that every rival keeps.

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
