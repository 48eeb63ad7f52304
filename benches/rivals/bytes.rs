//! What is kept in memory, written to the append-only file and sent to replicas.

use redis::{Connection, Value};

use crate::batch::carry_out;
use crate::cost::{info, number};
use crate::event::{Event, State, Task};
use crate::goals::Goal;
use crate::plain;
use crate::progress::Progress;
use crate::report::{thousands, Cell, Report, Table};
use crate::rival::Rival;
use crate::rivals::Rivals;
use crate::samples::Samples;
use crate::server::{eventually, Server};

/// Measures them. Bytes are the same however often they are counted.
pub fn run(progress: &mut Progress, report: &mut Report) {
    progress.chapter("Bytes");
    memory(report);
    streams(report);
}

fn memory(report: &mut Report) {
    const RECORDS: usize = 10_000;
    /// What a model instance typically has.
    const TYPICAL: usize = 10;
    let server = Server::start();
    let mut connection = server.connect();
    let rivals = Rivals::on(&mut connection);
    let mut table = Table::new(
        "Memory",
        "Bytes of a finished record with its share of the indexes (`used_memory`), by how many records an object has, beside a \
         hash of the same fields under the task's id with the sets `tasks`, `state:` and `task:`.",
        ["records of the object", "this project", "plain key structure", "ratio"],
    );
    for records in [1, TYPICAL, 100, 1_000] {
        let tasks: Vec<_> = (0..RECORDS).map(|number| Task::new(number / records, number)).collect();
        let mut bytes = |write: &mut dyn FnMut(&mut Connection)| {
            server.run("FLUSHALL SYNC");
            let before = number(&info(&mut connection, "memory"), "used_memory:", "").expect("INFO has it");
            write(&mut connection);
            let after = number(&info(&mut connection, "memory"), "used_memory:", "").expect("INFO has it");
            Samples::from((after - before) / RECORDS as f64)
        };
        let module = bytes(&mut |connection| {
            for state in Task::LIFE {
                let events: Vec<_> = tasks.iter().map(|task| task.reaches(state)).collect();
                carry_out(connection, &rivals.module, &events);
            }
        });
        let plain = bytes(&mut |connection| plain::write(connection, &tasks));
        let ratio = module.over(&plain);
        table.row(thousands(records), [Cell::of(&module, 0), Cell::of(&plain, 0), Cell::of(&ratio, 2)]);
        if records == TYPICAL {
            report.measured(Goal::Memory, ratio);
        }
    }
    server.run("FLUSHALL SYNC");
    report.add(table);
}

fn streams(report: &mut Report) {
    const TASKS: usize = 500;
    let server = Server::start_with(&["--appendonly", "yes", "--appendfsync", "no"]);
    let replica = server.replica();
    let mut connection = server.connect();
    let rivals = Rivals::on(&mut connection);
    let tasks = |begin: usize| (begin..begin + TASKS).map(|number| Task::new(number % 50, number)).collect::<Vec<_>>();
    let mut table = Table::new(
        "Bytes of an update",
        "The average of a life, on objects that have some tasks already: what the client sends, what the append-only file grows \
         by, and what a replica is sent. The ratio: the file over the request.",
        ["", "request", "append-only file", "to a replica", "file / request"],
    );
    for rival in rivals.all() {
        let before: Vec<_> = tasks(0).iter().map(|task| task.reaches(State::Pending)).collect();
        carry_out(&mut connection, rival, &before);
        let (mut requests, file, stream) = (0, file_size(&mut connection), stream_size(&mut connection));
        for task in tasks(TASKS) {
            for state in Task::LIFE {
                requests += run_counting(&mut connection, rival, &[task.reaches(state)]);
            }
        }
        let grown = [requests as f64, file_size(&mut connection) - file, stream_size(&mut connection) - stream];
        let [request, file, stream] = grown.map(|bytes| Samples::from(bytes / (4 * TASKS) as f64));
        let ratio = file.over(&request);
        let cells = [Cell::of(&request, 0), Cell::of(&file, 0), Cell::of(&stream, 0), Cell::of(&ratio, 2)];
        table.row(rival.title(), cells);
        if rival.title() == rivals.module.title() {
            report.measured(Goal::AppendOnlyFile, ratio);
        }
    }
    server.run("FLUSHALL SYNC");
    server.wait_for(&replica);
    report.add(table);
}

/// Carries out updates. How many bytes the client sent.
fn run_counting(connection: &mut Connection, rival: &dyn Rival, events: &[Event]) -> usize {
    let request = rival.request(events);
    let replies: Vec<Value> = request.query(connection).expect("the commands are right");
    let mut sent = request.get_packed_pipeline().len();
    if let Some(second) = rival.follow_up(events, &replies) {
        second.exec(connection).expect("the commands are right");
        sent += second.get_packed_pipeline().len();
    }
    sent
}

fn file_size(connection: &mut Connection) -> f64 {
    eventually("the file to be written", || {
        number(&info(connection, "persistence"), "aof_buffer_length:", "") == Some(0.0)
    });
    number(&info(connection, "persistence"), "aof_current_size:", "").expect("there is a file")
}

fn stream_size(connection: &mut Connection) -> f64 {
    number(&info(connection, "replication"), "master_repl_offset:", "").expect("there is a replica")
}
