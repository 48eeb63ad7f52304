//! This project: one `TRACKER.UPSERT`, with the words that the Django package sends.

use redis::Pipeline;

use crate::event::Event;
use crate::rival::Rival;

pub struct Module;

impl Rival for Module {
    fn title(&self) -> &'static str {
        "TRACKER.UPSERT"
    }

    fn model(&self) -> &'static str {
        "shop.order"
    }

    fn commands(&self) -> &'static [&'static str] {
        &["tracker.upsert"]
    }

    fn request(&self, events: &[Event]) -> Pipeline {
        let mut pipeline = redis::pipe();
        for event in events {
            let command = pipeline.cmd("TRACKER.UPSERT").arg(self.model()).arg(&event.object).arg(&event.task_id);
            command.arg("STATE").arg(event.state.name()).arg("NAME").arg(&event.name);
            command.arg("ATTEMPT").arg(event.attempt).arg("AT").arg(event.at);
            if let Some(seconds) = event.retention {
                command.arg("RETAIN").arg(seconds);
            }
            command.arg(event.option);
            command.arg("FIELDS").arg(event.fields.len());
            for (field, value) in &event.fields {
                command.arg(field).arg(value);
            }
        }
        pipeline
    }
}
