//! What it costs to remove many records at once.

use std::thread::sleep;
use std::time::Duration;

use redis::Connection;

use crate::batch::carry_out;
use crate::cost::Meter;
use crate::event::{State, Task};
use crate::goals::Goal;
use crate::keys::Keys;
use crate::progress::Progress;
use crate::report::{Cell, Report, Table};
use crate::rival::Rival;
use crate::rivals::Rivals;
use crate::samples::Samples;
use crate::scale::Scale;
use crate::server::Server;

const ROUNDS: usize = 4;
const OBJECT: &str = "1042";
/// The retention of a record that is to expire, in seconds.
const WINDOW: u64 = 2;

/// Measures it.
pub fn run(scale: &Scale, progress: &mut Progress, report: &mut Report) {
    progress.chapter("Removing many records");
    let server = Server::start();
    server.run("CONFIG SET tracker.max-tasks-per-object 0");
    // Expired records wait for EXPIRE.
    server.run("DEBUG SET-ACTIVE-EXPIRE 0");
    let mut connection = server.connect();
    let mut meter = Meter::new(server.connect());
    let rivals = Rivals::on(&mut connection);
    let [mut run_out, mut cut_short, mut whole, mut plain]: [Samples; 4] = Default::default();
    for _ in progress.rounds(ROUNDS.min(scale.rounds)) {
        let mut remove = |connection: &mut Connection, command: &str, after: Duration| {
            fill(connection, &rivals.module, scale.expired);
            // One record with a longer retention keeps the indexes alive.
            server.run("TRACKER.UPSERT shop.order 1042 stays STATE PENDING NAME shop.stays RETAIN 86400");
            sleep(after);
            let words: Vec<_> = command.split_whitespace().collect();
            let mut removed = 0_usize;
            let cost = meter.cost(&["tracker.expire", "tracker.del"], || {
                removed = redis::cmd(words[0]).arg(&words[1..]).query(connection).expect("a number");
            });
            assert!(removed >= scale.expired, "{command} removes the records, and not {removed}");
            server.run("FLUSHALL SYNC");
            cost.each_of(removed).commands
        };
        server.run(&format!("CONFIG SET tracker.retention-window {WINDOW}"));
        let span = Duration::from_secs(WINDOW) + Duration::from_millis(100);
        run_out.push(remove(&mut connection, "TRACKER.EXPIRE shop.order 1042", span));
        server.run("CONFIG SET tracker.retention-window 86400");
        cut_short.push(remove(&mut connection, "TRACKER.EXPIRE shop.order 1042 0", Duration::ZERO));
        whole.push(remove(&mut connection, "TRACKER.DEL shop.order 1042", Duration::ZERO));

        fill(&mut connection, &rivals.floor, scale.expired);
        let keys = Keys::of(rivals.floor.model(), OBJECT);
        let mut pipeline = redis::pipe();
        for number in 0..scale.expired {
            pipeline.cmd("DEL").arg(keys.record(&Task::new(OBJECT, number).id));
        }
        let cost = meter.cost(&["del"], || pipeline.exec(&mut connection).expect("the commands are right"));
        plain.push(cost.each_of(scale.expired).commands);
    }
    report.measured(Goal::RemoveObject, whole.over(&plain));
    let mut table = Table::new(
        "Server time of removing an object of 10,000 records",
        "Microseconds in the command for each record. The ratio: over one DEL of its hash alone.",
        ["", "for each record", "/ DEL"],
    );
    for (title, samples) in [
        ("EXPIRE of expired records", &run_out),
        ("EXPIRE 0", &cut_short),
        ("TRACKER.DEL of the object", &whole),
        ("DEL of a hash", &plain),
    ] {
        table.row(title, [Cell::of(samples, 2), Cell::of(&samples.over(&plain), 2)]);
    }
    report.add(table);
}

fn fill(connection: &mut Connection, rival: &dyn Rival, records: usize) {
    let events: Vec<_> = (0..records).map(|number| Task::new(OBJECT, number).reaches(State::Success)).collect();
    carry_out(connection, rival, &events);
}
