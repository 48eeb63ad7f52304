//! The floor: one `HSET` of the record as the update leaves it. No indexes, no retention, nothing decided.

use redis::Pipeline;

use crate::event::{Event, Task};
use crate::keys::Keys;
use crate::rival::Rival;

pub struct Floor;

impl Rival for Floor {
    fn title(&self) -> &'static str {
        "HSET (the floor)"
    }

    fn model(&self) -> &'static str {
        "hset.order"
    }

    fn commands(&self) -> &'static [&'static str] {
        &["hset"]
    }

    fn request(&self, events: &[Event]) -> Pipeline {
        let mut pipeline = redis::pipe();
        for event in events {
            let published_at = Task::published_at(event);
            let task = Task { object: event.object.clone(), id: event.task_id.clone(), published_at };
            let command = pipeline.cmd("HSET").arg(Keys::of(self.model(), &event.object).record(&event.task_id));
            for (field, value) in task.record(event.state) {
                command.arg(field).arg(value);
            }
        }
        pipeline
    }
}
