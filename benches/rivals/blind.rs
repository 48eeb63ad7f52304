//! The changes of an update as native commands in one blind `MULTI` … `EXEC`: what any implementation on these keys has to do.
//!
//! It knows the state before, reads nothing and decides nothing. It carries out the life of a task and nothing else, on objects
//! whose indexes live long enough.

use std::time::{SystemTime, UNIX_EPOCH};

use redis::Pipeline;

use crate::event::{Event, Task};
use crate::keys::Keys;
use crate::rival::Rival;

const WINDOW: i64 = 86_400_000;

pub struct Blind;

impl Rival for Blind {
    fn title(&self) -> &'static str {
        "blind MULTI … EXEC"
    }

    fn model(&self) -> &'static str {
        "bare.order"
    }

    fn commands(&self) -> &'static [&'static str] {
        &["multi", "exec"]
    }

    fn request(&self, events: &[Event]) -> Pipeline {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_millis() as i64;
        let mut pipeline = redis::pipe();
        for event in events {
            pipeline.cmd("MULTI");
            write(&mut pipeline, event, &Keys::of(self.model(), &event.object), now + WINDOW);
            pipeline.cmd("EXEC");
        }
        pipeline
    }
}

fn write(pipeline: &mut Pipeline, event: &Event, keys: &Keys, end: i64) {
    let record = keys.record(&event.task_id);
    let before = Task::LIFE.iter().rev().find(|state| state.rank() < event.state.rank());
    let hash = pipeline.cmd("HSET").arg(&record);
    if before.is_none() {
        hash.arg("id").arg(&event.task_id).arg("name").arg(&event.name).arg("attempt").arg(event.attempt);
        hash.arg("created_at").arg(event.at);
    }
    hash.arg("state").arg(event.state.name()).arg("updated_at").arg(event.at);
    if let Some(timestamp) = event.state.timestamp() {
        hash.arg(timestamp).arg(event.at);
    }
    // Without reading it cannot tell which of these are stored already.
    hash.arg(&event.fields);
    pipeline.cmd("PEXPIREAT").arg(&record).arg(end);
    let created_at = Task::published_at(event);
    let mut place = |index: String, score: i64| {
        pipeline.cmd("ZADD").arg(index).arg(score).arg(&event.task_id);
    };
    place(keys.expiry(), end);
    place(keys.state(event.state.name()), created_at);
    match before {
        Some(before) => _ = pipeline.cmd("ZREM").arg(keys.state(before.name())).arg(&event.task_id),
        None => {
            place(keys.tasks(), created_at);
            place(keys.task(&event.name), created_at);
        }
    }
}
