use serde::Serialize;
use std::collections::BTreeMap;

use super::arguments::{once, Arguments};
use super::format::Format;
use super::row::{self, Json};
use super::syntax::{FIELDS_TO_READ, FORMAT, ID, MODEL, SINCE, STATE};
use crate::counters::COUNTERS;
use crate::model::{Filter, Invalid, Order, PageRequest, SearchText, Span, States, TaskName, Time};
use crate::redis::{Argument, Call, Command, Documentation, Failure, Keys, Reply};
use crate::store::{Columns, Examined, Instance, Page, StateCounts};

const OPTIONS: &str = "STATE, TASK, SINCE, UNTIL, MATCH, PAGE, SIZE, ORDER, FIELDS, WITHCOUNTS and FORMAT";

/// Reads one page of an object's live records, the newest first.
///
/// ```text
/// TRACKER.QUERY model id [STATE state ...] [TASK name ...] [SINCE time] [UNTIL time] [MATCH text] [PAGE n] [SIZE n]
///               [ORDER NEWEST|OLDEST] [FIELDS numfields field ...] [WITHCOUNTS] [FORMAT RESP|JSON]
/// ```
///
/// `STATE` and `TASK` may be repeated, each followed by one value, at most 64 times together. A record has to be in any of
/// the states, and of any of the names. `SINCE` and `UNTIL` bound `created_at`, both included. `SIZE` is capped. A page past
/// the end is empty, with the right total.
///
/// `MATCH` keeps the records that hold the text, in upper or lower case, in `id`, `name`, `error`, `exception`, `args`,
/// `kwargs`, `result`, `worker` or `objects`. It examines the newest 2,000 records that the other options let through, fewer
/// where their values are long. `ORDER` orders what it finds. If it could not examine all, `until` says where
/// to continue: the same query with `UNTIL until` examines exactly the remaining records.
///
/// Without `FIELDS` a row leaves out `args`, `kwargs`, `result`, `traceback` and `log`, and cuts every value at 1,024 bytes.
/// With `FIELDS` it does so once the longer values of the page come to 1 MiB. `<field>_bytes` is the length of the whole
/// value.
///
/// Replies a map of `total page size pages tasks`; with `WITHCOUNTS` also `states`, the live count per state, unfiltered,
/// states without any left out; with `MATCH` also `examined` (how many records), `complete` (1 or 0) and `until` (nil where
/// it is complete), and `total` and `pages` are of those examined. With `FORMAT JSON` the same as JSON text, times in RFC
/// 3339, `complete` as a boolean.
///
/// O(log n + rows) for n records of the object and at most one `STATE` or `TASK`; with several O(offset + rows); with
/// both O(m) for the m records on the smaller side, or O(offset + m) for the m in the other states, if those are fewer; with
/// `MATCH` O(examined).
pub struct Query;

impl Command for Query {
    const NAME: &'static str = "tracker.query";
    const FLAGS: &'static str = "readonly";
    const DOCUMENTATION: Documentation = Documentation {
        summary: c"Reads one page of an object's live task records, the newest first.",
        complexity: c"O(log(N)+M) with N being the number of records of the object and M that of rows; with several \
            STATE or TASK O(K+M) for the K rows before the page; with both O(L) for the L records on the smaller side, or \
            O(K+L) for those in the other states, if they are fewer; with MATCH O(L) for the L records examined, at most 2000.",
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
            Argument::text(c"text").after(c"MATCH").optional(),
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
        let mut live = instance.live(now)?;
        let page = instance.page(&request.filter, &request.page, &request.columns, &mut live)?;
        let counts = request.with_counts.then(|| instance.state_counts(Span::default(), &mut live)).transpose()?;
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
        let mut indexes = 0..Filter::MOST_INDEXES;
        let mut index = || {
            let too_many = Invalid::new("STATE and TASK", format!("given at most {} times", Filter::MOST_INDEXES));
            indexes.next().ok_or_else(|| Failure::error(too_many))
        };
        while let Some(option) = arguments.option() {
            match option.upper() {
                b"STATE" => {
                    index()?;
                    let state = arguments.state()?;
                    *filter.states.get_or_insert(States::empty()) |= state.into();
                }
                b"TASK" => {
                    index()?;
                    let name = TaskName::new("TASK", arguments.required("TASK")?).map_err(Failure::error)?;
                    filter.tasks.push(name);
                }
                b"SINCE" => once(&mut filter.since, "SINCE", arguments.time("SINCE")?)?,
                b"UNTIL" => once(&mut filter.until, "UNTIL", arguments.time("UNTIL")?)?,
                b"MATCH" => {
                    let text = arguments.required("MATCH")?;
                    once(&mut filter.text, "MATCH", SearchText::new("MATCH", text).map_err(Failure::error)?)?;
                }
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
    reply.map(5 + usize::from(counts.is_some()) + if page.examined.is_some() { 3 } else { 0 });
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
    if let Some(Examined { count, rest }) = page.examined {
        reply.bulk("examined");
        reply.count(count);
        reply.bulk("complete");
        reply.count(usize::from(rest.is_none()));
        reply.bulk("until");
        row::reply_time(reply, rest);
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
        #[serde(flatten)]
        examined: Option<Search>,
    }

    #[derive(Serialize)]
    struct Search {
        examined: usize,
        complete: bool,
        until: Option<String>,
    }

    let answer = Answer {
        total: page.total,
        page: request.number,
        size: request.size,
        pages: request.pages(page.total),
        tasks: page.rows.iter().map(Json).collect(),
        states: counts.map(row::states_by_name),
        examined: page.examined.map(|Examined { count, rest }| Search {
            examined: count,
            complete: rest.is_none(),
            until: rest.map(Time::rfc3339),
        }),
    };
    let mut json = Vec::with_capacity(512 * (page.rows.len() + 1));
    serde_json::to_writer(&mut json, &answer).map_err(Failure::error)?;
    Ok(json)
}
