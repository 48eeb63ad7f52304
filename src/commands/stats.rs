use std::collections::BTreeMap;

use serde::Serialize;

use super::arguments::{once, Arguments};
use super::format::Format;
use super::row::{self, Json};
use super::syntax::{FORMAT, ID, MODEL, SINCE};
use crate::model::{Invalid, Span, Time};
use crate::redis::{Argument, Call, Command, Documentation, Failure, Keys, Reply};
use crate::store::{Bucket, Instance, Stats as Counts};

/// Counts an object's live records.
///
/// ```text
/// TRACKER.STATS model id [SINCE time] [UNTIL time] [BUCKETS n] [FORMAT RESP|JSON]
/// ```
///
/// With `SINCE` and `UNTIL`, only records with a `created_at` between the two are counted, both included.
///
/// Replies a map: `states` and `tasks`, the counts per state and per task name, without zeros; `total`;
/// `active`, how many are not finished; `oldest` and `newest`, the bounds of `created_at`, nil if there is no record;
/// `last`, the id, name, state and `updated_at` of the record that was created last, or nil.
///
/// `BUCKETS`, 1 to 200, adds `buckets`: the time from `SINCE` to `UNTIL` in that many equal parts, the earliest first. Each
/// is a map of `since`, when it begins, and `states`, the counts per state. A bucket ends where the next one begins. Without
/// `SINCE` the first one begins with the oldest record, without `UNTIL` the last one ends now.
///
/// O((states + names) log n) for n records, and O(states x buckets x log n).
pub struct Stats;

const MOST_BUCKETS: u64 = 200;

impl Command for Stats {
    const NAME: &'static str = "tracker.stats";
    const FLAGS: &'static str = "readonly";
    const DOCUMENTATION: Documentation = Documentation {
        summary: c"Counts an object's live task records per state, per task name, and over time.",
        complexity:
            c"O((S+T)*log(N)) with S being the number of states, T that of task names and N that of records of the \
            object; with BUCKETS O(S*B*log(N)) beside it for B buckets.",
        since: SINCE,
        arity: -3,
        keys: Some(Keys::Read),
        arguments: &[
            MODEL,
            ID,
            Argument::text(c"time").after(c"SINCE").optional(),
            Argument::text(c"time").after(c"UNTIL").optional(),
            Argument::integer(c"n").after(c"BUCKETS").optional(),
            FORMAT,
        ],
    };

    fn run(call: &Call<'_>) -> Result<(), Failure> {
        let mut arguments = Arguments::of(call);
        let now = arguments.terms().now;
        let object = arguments.object()?;
        let request = Request::parse(&mut arguments)?;
        let instance = Instance::of(call, &object)?;
        let mut live = instance.live(now)?;
        let counts = instance.stats(request.span, &mut live)?;
        let buckets = request.buckets.map(|count| instance.buckets(request.span, count, now, &mut live)).transpose()?;
        match request.format {
            Format::Resp => reply_resp(&call.reply(), &counts, buckets.as_deref()),
            Format::Json => call.reply().bulk(json(&counts, buckets.as_deref())?),
        }
        Ok(())
    }
}

struct Request {
    span: Span,
    buckets: Option<usize>,
    format: Format,
}

impl Request {
    fn parse(arguments: &mut Arguments<'_>) -> Result<Self, Failure> {
        let mut span = Span::default();
        let (mut buckets, mut format) = (None, None);
        while let Some(option) = arguments.option() {
            match option.upper() {
                b"SINCE" => once(&mut span.since, "SINCE", arguments.time("SINCE")?)?,
                b"UNTIL" => once(&mut span.until, "UNTIL", arguments.time("UNTIL")?)?,
                b"BUCKETS" => once(&mut buckets, "BUCKETS", arguments.number("BUCKETS", 1..=MOST_BUCKETS)?)?,
                b"FORMAT" => once(&mut format, "FORMAT", Format::parse(arguments)?)?,
                _ => return Err(option.unexpected("SINCE, UNTIL, BUCKETS and FORMAT")),
            }
        }
        let is_backwards = matches!(span, Span { since: Some(since), until: Some(until) } if since > until);
        if buckets.is_some() && is_backwards {
            return Err(Failure::error(Invalid::new("SINCE", "no later than UNTIL where BUCKETS is given")));
        }
        let buckets = buckets.and_then(|count| usize::try_from(count).ok());
        Ok(Self { span, buckets, format: format.unwrap_or_default() })
    }
}

fn reply_resp(reply: &Reply<'_>, counts: &Counts, buckets: Option<&[Bucket]>) {
    reply.map(7 + usize::from(buckets.is_some()));
    reply.bulk("states");
    row::reply_states(reply, &counts.states);
    reply.bulk("tasks");
    reply.map(counts.tasks.len());
    for (name, count) in &counts.tasks {
        reply.bulk(name);
        reply.count(*count);
    }
    for (name, count) in [("total", counts.total), ("active", counts.active)] {
        reply.bulk(name);
        reply.count(count);
    }
    for (name, time) in [("oldest", counts.oldest), ("newest", counts.newest)] {
        reply.bulk(name);
        row::reply_time(reply, time);
    }
    reply.bulk("last");
    match &counts.last {
        Some(last) => row::reply(reply, last),
        None => reply.null(),
    }
    if let Some(buckets) = buckets {
        reply.bulk("buckets");
        reply.array(buckets.len());
        for bucket in buckets {
            reply.map(2);
            reply.bulk("since");
            reply.integer(bucket.since.millis());
            reply.bulk("states");
            row::reply_states(reply, &bucket.states);
        }
    }
}

fn json(counts: &Counts, buckets: Option<&[Bucket]>) -> Result<Vec<u8>, Failure> {
    #[derive(Serialize)]
    struct Answer<'a> {
        states: BTreeMap<&'static str, usize>,
        tasks: BTreeMap<&'a str, usize>,
        total: usize,
        active: usize,
        oldest: Option<String>,
        newest: Option<String>,
        last: Option<Json<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        buckets: Option<Vec<Part>>,
    }

    #[derive(Serialize)]
    struct Part {
        since: String,
        states: BTreeMap<&'static str, usize>,
    }

    let part = |bucket: &Bucket| Part { since: bucket.since.rfc3339(), states: row::states_by_name(&bucket.states) };
    let answer = Answer {
        states: row::states_by_name(&counts.states),
        tasks: counts.tasks.iter().map(|(name, count)| (name.as_str(), *count)).collect(),
        total: counts.total,
        active: counts.active,
        oldest: counts.oldest.map(Time::rfc3339),
        newest: counts.newest.map(Time::rfc3339),
        last: counts.last.as_ref().map(Json),
        buckets: buckets.map(|buckets| buckets.iter().map(part).collect()),
    };
    serde_json::to_vec(&answer).map_err(Failure::error)
}
