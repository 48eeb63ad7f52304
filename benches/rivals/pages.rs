//! What it costs to read an object's tasks: pages of a short history and of a long one, filtered, counted, as JSON.

use redis::{Cmd, Connection, Pipeline, Value};

use crate::batch::carry_out;
use crate::cost::Meter;
use crate::event::{Event, State, Task, TASK_NAME};
use crate::goals::Goal;
use crate::keys::Keys;
use crate::progress::Progress;
use crate::report::{thousands, Cell, Report, Table};
use crate::rival::Rival;
use crate::rivals::Rivals;
use crate::samples::Samples;
use crate::scale::Scale;
use crate::server::{get, pairs, text, Server};

const ROUNDS: usize = 30;
const ROWS: usize = 10;
const SHORT: Object = Object { id: "1042", records: 100 };

/// What a row of these pages has: fields that every record has.
const FIELDS: [&str; 9] =
    ["id", "name", "state", "attempt", "created_at", "updated_at", "finished_at", "worker", "queue"];

/// What the dashboard asks for.
const DASHBOARD: &str = "FIELDS 20 id name state attempt created_at updated_at published_at received_at started_at \
    finished_at worker queue error exception retry_error retry_exception max_retries eta progress revoke_requested \
    WITHCOUNTS FORMAT JSON";

struct Object {
    id: &'static str,
    records: usize,
}

/// A way to read.
struct Reading {
    title: &'static str,
    /// The commands that the server counts its work under, those within a command of the module left out.
    commands: &'static [&'static str],
    request: fn(&Object) -> Pipeline,
    /// How many of them make a figure; a slow one is measured alone.
    times: usize,
    /// By object, the short one first.
    figures: [Samples; 2],
}

const PAGE: usize = 0;
const BY_HAND: usize = 1;
const DEEP: usize = 2;
const STATE_AND_TASK: usize = 5;

fn readings() -> Vec<Reading> {
    const QUERY: &[&str] = &["tracker.query"];
    let reading =
        |title, commands, times, request| Reading { title, commands, request, times, figures: Default::default() };
    vec![
        reading("QUERY, page 1", QUERY, 20, |object| query(object, &fields())),
        reading("ZREVRANGE and 10 HMGET", &["zrevrange", "hmget"], 20, by_hand),
        reading("QUERY, page 1,000", QUERY, 20, |object| query(object, &format!("PAGE 1000 {}", fields()))),
        reading("QUERY with STATE", QUERY, 20, |object| query(object, &format!("STATE FAILURE {}", fields()))),
        reading("QUERY with two of STATE", QUERY, 20, |object| {
            query(object, &format!("STATE FAILURE STATE SUCCESS {}", fields()))
        }),
        reading("QUERY with STATE and TASK", QUERY, 2, |object| {
            query(object, &format!("STATE FAILURE TASK {TASK_NAME}_4 {}", fields()))
        }),
        reading("QUERY WITHCOUNTS", QUERY, 20, |object| query(object, &format!("WITHCOUNTS {}", fields()))),
        reading("QUERY FORMAT JSON", QUERY, 20, |object| query(object, &format!("FORMAT JSON {}", fields()))),
        reading("QUERY as the dashboard asks", QUERY, 20, |object| query(object, DASHBOARD)),
        reading("STATS", &["tracker.stats"], 20, |object| {
            one(redis::cmd("TRACKER.STATS").arg("shop.order").arg(object.id).clone())
        }),
    ]
}

/// Measures them.
pub fn run(scale: &Scale, progress: &mut Progress, report: &mut Report) {
    progress.chapter("Pages");
    let server = Server::start();
    server.run("CONFIG SET tracker.max-tasks-per-object 0");
    let mut connection = server.connect();
    let rivals = Rivals::on(&mut connection);
    let long = Object { id: "1043", records: scale.history };
    for object in [&SHORT, &long] {
        fill(&mut connection, &rivals.module, object);
        assert_same_rows(&mut connection, object);
    }
    let mut readings = readings();
    let mut meter = Meter::new(server.connect());
    for _ in progress.rounds(ROUNDS.min(scale.rounds)) {
        for (at, object) in [&SHORT, &long].into_iter().enumerate() {
            for reading in &mut readings {
                let mut pipeline = redis::pipe();
                for _ in 0..reading.times {
                    for command in (reading.request)(object).cmd_iter() {
                        pipeline.add_command(command.clone());
                    }
                }
                let work = || pipeline.exec(&mut connection).expect("the commands are right");
                let cost = meter.cost(reading.commands, work);
                reading.figures[at].push(cost.each_of(reading.times).commands);
            }
        }
    }
    server.run("FLUSHALL SYNC");
    add_tables(&readings, &long, report);
}

fn add_tables(readings: &[Reading], long: &Object, report: &mut Report) {
    let short = |reading: usize| &readings[reading].figures[0];
    let deep = |reading: usize| &readings[reading].figures[1];
    report.measured(Goal::FirstPage, short(PAGE).over(short(BY_HAND)));
    report.measured(Goal::DeepPage, deep(DEEP).over(deep(PAGE)));
    report.measured(Goal::StateAndTask, deep(STATE_AND_TASK).over(deep(PAGE)));
    let mut table = Table::new(
        "Server time of reading",
        "Microseconds in the commands for 10 rows of 9 fields, by how many records the object has. A tenth of them is in the \
         state, a tenth has the name, a hundredth both. ZREVRANGE and HMGET go out in one pipeline, as if the ids were known.",
        [String::new(), format!("{} records", thousands(SHORT.records)), format!("{} records", thousands(long.records))],
    );
    for reading in readings {
        table.row(reading.title, reading.figures.each_ref().map(|figures| Cell::of(figures, 1)));
    }
    report.add(table);
}

/// Gives an object its records: each tenth has failed, each tenth has the same name.
fn fill(connection: &mut Connection, module: &dyn Rival, object: &Object) {
    let events: Vec<_> = (0..object.records).map(|number| record(object, number)).collect();
    carry_out(connection, module, &events);
}

fn record(object: &Object, number: usize) -> Event {
    let task = Task::new(object.id, number);
    let state = if number % 10 == 3 { State::Failure } else { State::Success };
    Event { name: format!("{TASK_NAME}_{}", number / 10 % 10), ..task.reaches(state) }
}

fn query(object: &Object, options: &str) -> Pipeline {
    let mut command = redis::cmd("TRACKER.QUERY");
    command.arg("shop.order").arg(object.id).arg("SIZE").arg(ROWS);
    for option in options.split_whitespace() {
        command.arg(option);
    }
    one(command)
}

fn one(command: Cmd) -> Pipeline {
    let mut pipeline = redis::pipe();
    pipeline.add_command(command);
    pipeline
}

fn fields() -> String {
    format!("FIELDS {} {}", FIELDS.len(), FIELDS.join(" "))
}

/// The same page without the module.
fn by_hand(object: &Object) -> Pipeline {
    let keys = Keys::of("shop.order", object.id);
    let mut pipeline = redis::pipe();
    pipeline.cmd("ZREVRANGE").arg(keys.tasks()).arg(0).arg(ROWS - 1);
    for number in (object.records - ROWS..object.records).rev() {
        pipeline.cmd("HMGET").arg(keys.record(&Task::new(object.id, number).id)).arg(&FIELDS);
    }
    pipeline
}

/// Panics where the two ways to read a page come to different rows.
fn assert_same_rows(connection: &mut Connection, object: &Object) {
    let replies: Vec<Value> = query(object, &fields()).query(connection).expect("a page");
    let Value::Array(rows) = get(&replies[0], "tasks") else { panic!("a page has rows") };
    let found: Vec<Vec<String>> =
        rows.iter().map(|row| pairs(row).into_iter().map(|(_, value)| text(&value)).collect()).collect();
    let (ids, wanted) = {
        let replies: Vec<Value> = by_hand(object).query(connection).expect("ids and rows");
        let texts = |value: &Value| match value {
            Value::Array(values) => values.iter().map(text).collect::<Vec<_>>(),
            other => panic!("{other:?} is no list"),
        };
        (texts(&replies[0]), replies[1..].iter().map(texts).collect::<Vec<_>>())
    };
    assert_eq!(found, wanted, "the rows of both pages");
    assert!(ids.iter().eq(wanted.iter().map(|row| &row[0])), "the ids of both pages");
}
