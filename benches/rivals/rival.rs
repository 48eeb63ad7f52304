//! What is compared: a way to carry out updates.

use redis::{Pipeline, Value};

use crate::event::Event;

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
