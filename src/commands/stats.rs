use std::collections::BTreeMap;

use serde::Serialize;

use super::arguments::{once, Arguments};
use super::format::Format;
use super::row::{self, Json};
use super::syntax::{FORMAT, ID, MODEL, SINCE};
use crate::model::Time;
use crate::redis::{Call, Command, Documentation, Failure, Keys, Reply};
use crate::store::{self, Instance};

/// Counts an object's live records.
///
/// ```text
/// TRACKER.STATS model id [FORMAT RESP|JSON]
/// ```
///
/// Replies a map: `states` and `tasks`, the counts per state and per task name, those of none left out; `total`;
/// `active`, how many are not finished; `oldest` and `newest`, the bounds of `created_at`, nil where there is no record;
/// `last`, the id, name, state and `updated_at` of the record that was created last, or nil. O(states + names).
pub struct Stats;

impl Command for Stats {
    const NAME: &'static str = "tracker.stats";
    const FLAGS: &'static str = "readonly";
    const DOCUMENTATION: Documentation = Documentation {
        summary: c"Counts an object's live task records per state and per task name.",
        complexity: c"O(S+N) with S being the number of states and N that of task names of the object.",
        since: SINCE,
        arity: -3,
        keys: Some(Keys::Read),
        arguments: &[MODEL, ID, FORMAT],
    };

    fn run(call: &Call<'_>) -> Result<(), Failure> {
        let mut arguments = Arguments::of(call);
        let object = arguments.object()?;
        let mut format = None;
        while let Some(option) = arguments.option() {
            match option.upper() {
                b"FORMAT" => once(&mut format, "FORMAT", Format::parse(&mut arguments)?)?,
                _ => return Err(option.unexpected("FORMAT")),
            }
        }
        let stats = Instance::of(call, &object)?.stats(arguments.terms().now)?;
        match format.unwrap_or_default() {
            Format::Resp => reply_resp(&call.reply(), &stats),
            Format::Json => call.reply().bulk(json(&stats)?),
        }
        Ok(())
    }
}

fn reply_resp(reply: &Reply<'_>, stats: &store::Stats) {
    reply.map(7);
    reply.bulk("states");
    row::reply_states(reply, &stats.states);
    reply.bulk("tasks");
    reply.map(stats.tasks.len());
    for (name, count) in &stats.tasks {
        reply.bulk(name);
        reply.count(*count);
    }
    for (name, count) in [("total", stats.total), ("active", stats.active)] {
        reply.bulk(name);
        reply.count(count);
    }
    for (name, time) in [("oldest", stats.oldest), ("newest", stats.newest)] {
        reply.bulk(name);
        match time {
            Some(time) => reply.integer(time.millis()),
            None => reply.null(),
        }
    }
    reply.bulk("last");
    match &stats.last {
        Some(last) => row::reply(reply, last),
        None => reply.null(),
    }
}

fn json(stats: &store::Stats) -> Result<Vec<u8>, Failure> {
    #[derive(Serialize)]
    struct Answer<'a> {
        states: BTreeMap<&'static str, usize>,
        tasks: BTreeMap<&'a str, usize>,
        total: usize,
        active: usize,
        oldest: Option<String>,
        newest: Option<String>,
        last: Option<Json<'a>>,
    }

    let answer = Answer {
        states: row::states_by_name(&stats.states),
        tasks: stats.tasks.iter().map(|(name, count)| (name.as_str(), *count)).collect(),
        total: stats.total,
        active: stats.active,
        oldest: stats.oldest.map(Time::rfc3339),
        newest: stats.newest.map(Time::rfc3339),
        last: stats.last.as_ref().map(Json),
    };
    serde_json::to_vec(&answer).map_err(Failure::error)
}
