//! The same update as a client makes it by plain commands: watch and read, decide, `MULTI` … `EXEC`. Two round trips.
//!
//! In a pipeline each update has its own transaction, although the first `EXEC` ends the watch of the others: a client that
//! needs them watched would have to send them one by one.
//!
//! It writes only what changes, and a TTL only if it is wrong, as the script does. It does less than the module: it removes
//! no expired records, evicts none, cuts no value, and has neither `NX`, `XX` and `RETAIN` nor a task that changes its name.

use std::time::{SystemTime, UNIX_EPOCH};

use redis::{from_redis_value_ref, Pipeline, Value};

use crate::event::{Event, State};
use crate::keys::Keys;
use crate::rival::Rival;

const WINDOW: i64 = 86_400_000;
/// How many commands the first round trip of one update has.
const READS: usize = 4;

pub struct Multi;

impl Rival for Multi {
    fn title(&self) -> &'static str {
        "WATCH, MULTI … EXEC"
    }

    fn model(&self) -> &'static str {
        "mult.order"
    }

    fn commands(&self) -> &'static [&'static str] {
        &["watch", "hmget", "pexpiretime", "multi", "exec"]
    }

    fn request(&self, events: &[Event]) -> Pipeline {
        let mut pipeline = redis::pipe();
        for event in events {
            let keys = Keys::of(self.model(), &event.object);
            let record = keys.record(&event.task_id);
            pipeline.cmd("WATCH").arg(&record);
            let read = pipeline.cmd("HMGET").arg(&record).arg("state").arg("attempt");
            read.arg("created_at").arg("updated_at").arg(event.state.timestamp());
            pipeline.cmd("PEXPIRETIME").arg(keys.expiry());
            pipeline.cmd("PEXPIRETIME").arg(keys.state(event.state.name()));
        }
        pipeline
    }

    /// A transaction for each update.
    fn follow_up(&self, events: &[Event], replies: &[Value]) -> Option<Pipeline> {
        let mut transactions = redis::pipe();
        for (event, replies) in events.iter().zip(replies.chunks(READS)) {
            let keys = Keys::of(self.model(), &event.object);
            let [horizon, state_ends] = [2, 3].map(|at| from_redis_value_ref(&replies[at]).expect("a time"));
            transactions.cmd("MULTI");
            let update = Update { event, keys, record: Record::read(&replies[1]), horizon, state_ends };
            update.write(&mut transactions);
            transactions.cmd("EXEC");
        }
        Some(transactions)
    }
}

/// What is stored of a task.
struct Record {
    state: State,
    attempt: u32,
    created_at: i64,
    updated_at: i64,
    /// When it reached the state that the event is about.
    timestamp: Option<i64>,
}

impl Record {
    fn read(reply: &Value) -> Option<Self> {
        let values: Vec<Option<String>> = from_redis_value_ref(reply).expect("a list");
        let number = |at: usize| values.get(at)?.as_ref()?.parse::<i64>().ok();
        Some(Self {
            state: State::parse(values[0].as_deref()?)?,
            attempt: u32::try_from(number(1)?).ok()?,
            created_at: number(2)?,
            updated_at: number(3)?,
            timestamp: number(4),
        })
    }
}

/// What an event does to the record.
#[derive(PartialEq)]
enum Decision {
    Replace,
    Overwrite,
    FillIn,
    Ignore,
}

struct Update<'e> {
    event: &'e Event,
    keys: Keys,
    record: Option<Record>,
    /// When the object's indexes expire, in unix milliseconds; negative if there are none yet.
    horizon: i64,
    /// The same of the index of the event's state.
    state_ends: i64,
}

impl Update<'_> {
    fn decide(&self) -> Decision {
        let (Some(record), event) = (&self.record, self.event) else { return Decision::Replace };
        match event.attempt.cmp(&record.attempt) {
            std::cmp::Ordering::Greater => Decision::Replace,
            std::cmp::Ordering::Less => Decision::Ignore,
            _ if event.state.rank() > record.state.rank() || event.state == record.state => Decision::Overwrite,
            _ => Decision::FillIn,
        }
    }

    fn write(&self, transaction: &mut Pipeline) {
        let Self { event, keys, record, .. } = self;
        let decision = self.decide();
        let key = keys.record(&event.task_id);
        let is_older = record.as_ref().is_some_and(|record| event.at < record.created_at);
        let created_at = record.as_ref().map_or(event.at, |record| record.created_at.min(event.at));
        let is_applied = matches!(decision, Decision::Replace | Decision::Overwrite);
        let state = record.as_ref().filter(|_| !is_applied).map_or(event.state, |record| record.state);

        if decision == Decision::Replace && record.is_some() {
            transaction.cmd("UNLINK").arg(&key);
        }
        let fields = self.fields(&decision, created_at);
        if !fields.is_empty() {
            transaction.cmd("HSET").arg(&key).arg(fields);
        }
        self.write_given(transaction, &key, &decision);

        let place = |transaction: &mut Pipeline, index: String| {
            transaction.cmd("ZADD").arg(index).arg(created_at).arg(&event.task_id).ignore();
        };
        let has_moved = record.as_ref().is_some_and(|record| record.state != state);
        if is_older || record.is_none() {
            place(transaction, keys.tasks());
            place(transaction, keys.task(&event.name));
        }
        if is_older || record.is_none() || has_moved {
            place(transaction, keys.state(state.name()));
        }
        if record.is_none() {
            transaction.cmd("ZADD").arg(keys.names()).arg("NX").arg(0).arg(&event.name);
        }
        if let Some(record) = record.as_ref().filter(|_| has_moved) {
            transaction.cmd("ZREM").arg(keys.state(record.state.name())).arg(&event.task_id);
        }
        if is_applied {
            self.retain(transaction);
        }
    }

    /// The fields that are set, the given ones of an applied event among them.
    fn fields(&self, decision: &Decision, created_at: i64) -> Vec<(&'static str, String)> {
        let Self { event, record, .. } = self;
        let record = record.as_ref().filter(|_| *decision != Decision::Replace);
        let mut fields = Vec::new();
        let mut set = |field, value: String, is_same: bool| {
            if !is_same {
                fields.push((field, value));
            }
        };
        let is_applied = matches!(decision, Decision::Replace | Decision::Overwrite);
        if record.is_none() {
            set("id", event.task_id.clone(), false);
            set("name", event.name.clone(), false);
            set("attempt", event.attempt.to_string(), false);
        }
        if is_applied {
            set("state", event.state.name().into(), record.is_some_and(|record| record.state == event.state));
        }
        set("created_at", created_at.to_string(), record.is_some_and(|record| record.created_at == created_at));
        if is_applied || *decision == Decision::FillIn && event.state.rank() < 4 {
            set("updated_at", event.at.to_string(), record.is_some_and(|record| record.updated_at >= event.at));
            if let Some(timestamp) = event.state.timestamp() {
                let earlier = record.and_then(|record| record.timestamp);
                set(timestamp, event.at.to_string(), earlier.is_some_and(|earlier| earlier <= event.at));
            }
        }
        if is_applied {
            fields.extend(event.fields.iter().filter(|(_, value)| !value.is_empty()).cloned());
        }
        fields
    }

    /// The given fields of a late event, and those that an event removes.
    fn write_given(&self, transaction: &mut Pipeline, key: &str, decision: &Decision) {
        for (field, value) in &self.event.fields {
            match decision {
                Decision::FillIn if !value.is_empty() => {
                    transaction.cmd("HSETNX").arg(key).arg(field).arg(value);
                }
                Decision::Overwrite if value.is_empty() => {
                    transaction.cmd("HDEL").arg(key).arg(field);
                }
                _ => {}
            }
        }
    }

    /// Starts the retention anew, and extends that of the indexes if needed.
    fn retain(&self, transaction: &mut Pipeline) {
        let Self { event, keys, horizon, state_ends, .. } = self;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_millis() as i64;
        let end = now + WINDOW;
        transaction.cmd("PEXPIREAT").arg(keys.record(&event.task_id)).arg(end);
        transaction.cmd("ZADD").arg(keys.expiry()).arg(end).arg(&event.task_id);
        let mut let_live = |index: String, until: i64| {
            transaction.cmd("PEXPIREAT").arg(index).arg(until);
        };
        if *horizon < end {
            for index in [keys.tasks(), keys.expiry(), keys.names(), keys.task(&event.name)] {
                let_live(index, end + WINDOW / 64);
            }
            for state in State::ALL {
                let_live(keys.state(state.name()), end + WINDOW / 64);
            }
            return;
        }
        if *state_ends < 0 {
            let_live(keys.state(event.state.name()), *horizon);
        }
        if self.record.is_none() {
            let_live(keys.task(&event.name), *horizon);
        }
    }
}
