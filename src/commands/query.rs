use serde::Serialize;
use std::collections::BTreeMap;

use super::arguments::{once, Arguments};
use super::format::Format;
use super::row::{self, Json};
use super::syntax::{FIELDS_TO_READ, FORMAT, ID, MODEL, SINCE, STATE};
use crate::counters::COUNTERS;
use crate::model::{Filter, Order, PageRequest, States, TaskName};
use crate::redis::{Argument, Call, Command, Documentation, Failure, Keys, Reply};
use crate::store::{Columns, Instance, Page, StateCounts};

const OPTIONS: &str = "STATE, TASK, SINCE, UNTIL, PAGE, SIZE, ORDER, FIELDS, WITHCOUNTS and FORMAT";

/// Reads one page of an object's live records, the newest first.
///
/// ```text
/// TRACKER.QUERY model id [STATE state ...] [TASK name ...] [SINCE time] [UNTIL time] [PAGE n] [SIZE n]
///               [ORDER NEWEST|OLDEST] [FIELDS numfields field ...] [WITHCOUNTS] [FORMAT RESP|JSON]
/// ```
///
/// `STATE` and `TASK` may be repeated, each followed by one value; any of the states will do, and any of the names;
/// together they narrow. `SINCE` and `UNTIL` bound `created_at`, both included. Without `FIELDS` a row leaves out
/// `args`, `kwargs`, `result` and `traceback`. `SIZE` is capped. A page past the end is empty, with the right total.
///
/// Replies a map of `total page size pages tasks`, and `states` with `WITHCOUNTS`: the live count per state,
/// unfiltered, states without any left out. With `FORMAT JSON` the same as JSON text, times in RFC 3339.
///
/// O(log n + rows) for n records of the object and at most one `STATE` or `TASK`; with several O(offset + rows); with
/// both O(m) for the m records on the smaller side.
pub struct Query;

impl Command for Query {
    const NAME: &'static str = "tracker.query";
    const FLAGS: &'static str = "readonly";
    const DOCUMENTATION: Documentation = Documentation {
        summary: c"Reads one page of an object's live task records, the newest first.",
        complexity: c"O(log(N)+M) with N being the number of records of the object and M that of rows; with several \
            STATE or TASK O(K+M) for the K rows before the page; with both O(L) for the L records on the smaller side.",
        since: SINCE,
        arity: -3,
        keys: Some(Keys::Read),
        arguments: &[
            MODEL,
            ID,
            STATE.any_number(),
            Argument::text(c"name").after(c"TASK").any_number(),
            Argument::text(c"time").after(c"SINCE").optional(),
            Argument::text(c"time").after(c"UNTIL").optional(),
            Argument::integer(c"n").after(c"PAGE").optional(),
            Argument::integer(c"n").after(c"SIZE").optional(),
            Argument::one_of(c"order", &[Argument::word(c"newest", c"NEWEST"), Argument::word(c"oldest", c"OLDEST")])
                .after(c"ORDER")
                .optional(),
            FIELDS_TO_READ,
            Argument::word(c"withcounts", c"WITHCOUNTS").optional(),
            FORMAT,
        ],
    };

    fn run(call: &Call<'_>) -> Result<(), Failure> {
        let mut arguments = Arguments::of(call);
        let now = arguments.terms().now;
        let object = arguments.object()?;
        let request = Request::parse(&mut arguments)?;
        let instance = Instance::of(call, &object)?;
        let expired = instance.expired(now)?;
        let page = instance.page(&request.filter, &request.page, &request.columns, &expired)?;
        let counts = request.with_counts.then(|| instance.state_counts(&expired)).transpose()?;
        COUNTERS.queries.add(1);
        match request.format {
            Format::Resp => reply_resp(&call.reply(), &request.page, &page, counts.as_ref()),
            Format::Json => call.reply().bulk(json(&request.page, &page, counts.as_ref())?),
        }
        Ok(())
    }
}

struct Request<'a> {
    filter: Filter<'a>,
    page: PageRequest,
    columns: Columns<'a>,
    with_counts: bool,
    format: Format,
}

impl<'a> Request<'a> {
    fn parse(arguments: &mut Arguments<'a>) -> Result<Self, Failure> {
        let limits = arguments.limits();
        let mut filter = Filter::default();
        let (mut number, mut size, mut order, mut fields) = (None, None, None, None);
        let (mut with_counts, mut format) = (None, None);
        while let Some(option) = arguments.option() {
            match option.upper() {
                b"STATE" => {
                    let state = arguments.state()?;
                    *filter.states.get_or_insert(States::empty()) |= state.into();
                }
                b"TASK" => {
                    let name = TaskName::new("TASK", arguments.required("TASK")?).map_err(Failure::error)?;
                    filter.tasks.push(name);
                }
                b"SINCE" => once(&mut filter.since, "SINCE", arguments.time("SINCE")?)?,
                b"UNTIL" => once(&mut filter.until, "UNTIL", arguments.time("UNTIL")?)?,
                b"PAGE" => once(&mut number, "PAGE", count(arguments, "PAGE")?)?,
                b"SIZE" => once(&mut size, "SIZE", count(arguments, "SIZE")?)?,
                b"ORDER" => {
                    let choices = [("NEWEST", Order::Newest), ("OLDEST", Order::Oldest)];
                    once(&mut order, "ORDER", arguments.choice("ORDER", choices)?)?;
                }
                b"FIELDS" => once(&mut fields, "FIELDS", arguments.fields_to_read()?)?,
                b"WITHCOUNTS" => once(&mut with_counts, "WITHCOUNTS", true)?,
                b"FORMAT" => {
                    once(&mut format, "FORMAT", Format::parse(arguments)?)?;
                }
                _ => return Err(option.unexpected(OPTIONS)),
            }
        }
        Ok(Self {
            filter,
            page: PageRequest {
                number: number.unwrap_or(1),
                size: size.unwrap_or(limits.page_size).min(limits.max_page_size),
                order: order.unwrap_or_default(),
            },
            columns: fields.map_or(Columns::Short, Columns::Named),
            with_counts: with_counts.unwrap_or(false),
            format: format.unwrap_or_default(),
        })
    }
}

fn count(arguments: &mut Arguments<'_>, option: &'static str) -> Result<usize, Failure> {
    let number = arguments.number(option, 1..=i64::MAX as u64)?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

fn reply_resp(reply: &Reply<'_>, request: &PageRequest, page: &Page, counts: Option<&StateCounts>) {
    reply.map(if counts.is_some() { 6 } else { 5 });
    for (name, number) in
        [("total", page.total), ("page", request.number), ("size", request.size), ("pages", request.pages(page.total))]
    {
        reply.bulk(name);
        reply.count(number);
    }
    reply.bulk("tasks");
    reply.array(page.rows.len());
    for task in &page.rows {
        row::reply(reply, task);
    }
    if let Some(counts) = counts {
        reply.bulk("states");
        row::reply_states(reply, counts);
    }
}

fn json(request: &PageRequest, page: &Page, counts: Option<&StateCounts>) -> Result<Vec<u8>, Failure> {
    #[derive(Serialize)]
    struct Answer<'a> {
        total: usize,
        page: usize,
        size: usize,
        pages: usize,
        tasks: Vec<Json<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        states: Option<BTreeMap<&'static str, usize>>,
    }

    let answer = Answer {
        total: page.total,
        page: request.number,
        size: request.size,
        pages: request.pages(page.total),
        tasks: page.rows.iter().map(Json).collect(),
        states: counts.map(row::states_by_name),
    };
    let mut json = Vec::with_capacity(512 * (page.rows.len() + 1));
    serde_json::to_writer(&mut json, &answer).map_err(Failure::error)?;
    Ok(json)
}
