//! The longest time that a command holds the server, on an object that is as large as the default limits allow.

use redis::Connection;

use crate::batch::carry_out;
use crate::event::{State, Task};
use crate::goals::Goal;
use crate::module::Module;
use crate::progress::Progress;
use crate::report::{Cell, Report, Table};
use crate::samples::Samples;
use crate::scale::Scale;
use crate::server::Server;

const OBJECT: &str = "1042";

/// The commands, each on the whole object. Those that remove it come last.
const COMMANDS: [&str; 10] = [
    "TRACKER.UPSERT shop.order 1042 new STATE PENDING NAME shop.tasks.new",
    "TRACKER.QUERY shop.order 1042",
    "TRACKER.QUERY shop.order 1042 STATE SUCCESS TASK shop.tasks.process_payment WITHCOUNTS",
    "TRACKER.QUERY shop.order 1042 SIZE 1000 WITHCOUNTS FORMAT JSON",
    "TRACKER.QUERY shop.order 1042 MATCH nowhere",
    "TRACKER.STATS shop.order 1042",
    "TRACKER.STATS shop.order 1042 SINCE 0 UNTIL 4102444800000 BUCKETS 60",
    "TRACKER.EXPIRE shop.order 1042",
    "TRACKER.EXPIRE shop.order 1042 0",
    "TRACKER.DEL shop.order 1042",
];

/// Measures it.
pub fn run(scale: &Scale, progress: &mut Progress, report: &mut Report) {
    progress.chapter("The longest hold of the server");
    let server = Server::start();
    let mut connection = server.connect();
    server.run("CONFIG SET slowlog-log-slower-than 0");
    let mut longest = vec![Samples::default(); COMMANDS.len()];
    for _ in progress.rounds(scale.rounds.min(5)) {
        fill(&mut connection, scale.largest_object);
        for (command, samples) in COMMANDS.iter().zip(&mut longest) {
            if server.run("EXISTS shop.order:{1042}:tasks") == redis::Value::Int(0) {
                fill(&mut connection, scale.largest_object);
            }
            samples.push(milliseconds(&server, &mut connection, command));
        }
        server.run("FLUSHALL SYNC");
    }
    let mut table = Table::new(
        "The longest hold of the server",
        "Milliseconds in one command, by the slow log, on an object with as many records as the default limits allow (10,000).",
        ["", "milliseconds"],
    );
    for (command, samples) in COMMANDS.iter().zip(&longest) {
        table.row(format!("`{command}`"), [Cell::of(samples, 2)]);
    }
    report.add(table);
    let worst = longest.into_iter().max_by(|one, other| one.median().total_cmp(&other.median()));
    report.measured(Goal::LongestHold, worst.expect("there are commands"));
}

fn fill(connection: &mut Connection, records: usize) {
    let events: Vec<_> = (0..records).map(|number| Task::new(OBJECT, number).reaches(State::Success)).collect();
    carry_out(connection, &Module, &events);
}

/// The longest that one entry of the slow log took while `command` was carried out.
fn milliseconds(server: &Server, connection: &mut Connection, command: &str) -> f64 {
    server.run("SLOWLOG RESET");
    let words: Vec<_> = command.split(' ').collect();
    redis::cmd(words[0]).arg(&words[1..]).exec(connection).unwrap_or_else(|error| panic!("{command}: {error}"));
    let entries: Vec<Vec<redis::Value>> = redis::cmd("SLOWLOG").arg("GET").query(connection).expect("the slow log");
    let durations = entries.iter().filter_map(|entry| match entry[2] {
        redis::Value::Int(microseconds) => Some(microseconds as f64 / 1e3),
        _ => None,
    });
    durations.fold(0.0, f64::max)
}
