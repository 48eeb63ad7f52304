//! What tracking costs a system at work: workers, publishers and brokers, with this package, with what people use instead, and untracked.
//! Measured by a program in Python, `benches/python/busy.py`.

use serde_json::Value;

use crate::goals::Goal;
use crate::progress::Progress;
use crate::python::{figures_of, samples};
use crate::report::{Cell, Report, Table};
use crate::samples::Samples;
use crate::scale::Scale;
use crate::server::Server;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/python/busy.py");

/// The contestants: what the program calls each, its title, and whether the tracker's server has work with it.
const CONTESTANTS: [(&str, &str, bool); 10] = [
    ("untracked", "untracked", false),
    ("package", "this package", true),
    ("package_no_overview", "this package without its overview", true),
    ("package_no_heartbeat", "this package without signs of life", true),
    ("events", "Celery's events (`-E`, sent events)", false),
    ("results_sqlite", "django-celery-results, SQLite", false),
    ("results_postgres", "django-celery-results, PostgreSQL", false),
    ("untracked_rabbit", "RabbitMQ: untracked", false),
    ("package_rabbit", "RabbitMQ: this package", true),
    ("events_rabbit", "RabbitMQ: Celery's events", false),
];

/// Measures it with an interpreter that has the package installed.
pub fn run(python: &str, scale: &Scale, progress: &mut Progress, report: &mut Report) {
    progress.chapter("A system at work");
    let server = Server::start();
    let url = format!("redis://127.0.0.1:{}/0", server.port());
    let (rounds, tasks) = (scale.busy_rounds.to_string(), scale.busy_tasks.to_string());
    let figures = figures_of(python, &[PROGRAM, &url, "--rounds", &rounds, "--tasks", &tasks]);
    server.run("FLUSHALL SYNC");
    let measured = Measured(&figures["contestants"]);
    measured.goals(report);
    report.add(measured.workers());
    report.add(measured.redis());
    report.add(measured.delay());
    report.add(poll(&figures["poll"]));
}

/// The figures of all contestants.
struct Measured<'a>(&'a Value);

impl Measured<'_> {
    /// Those that ran here.
    fn contestants(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> + use<'_> {
        CONTESTANTS.into_iter().filter(|(name, ..)| !self.0[name].is_null())
    }

    /// A figure of the turns with tasks of this kind.
    fn turns(&self, name: &str, kind: &str, figure: &str) -> Samples {
        let turns = self.0[name][kind].as_array().expect("a list");
        turns.iter().map(|turn| turn[figure].as_f64().expect("a number")).collect()
    }

    /// The same over that of the untracked contestant of this broker.
    fn over_untracked(&self, name: &str, kind: &str, figure: &str) -> Samples {
        self.turns(name, kind, figure).over(&self.turns(untracked(name), kind, figure))
    }

    fn call(&self, name: &str, clock: &str) -> Samples {
        samples(&self.0[name][clock])
    }

    fn goals(&self, report: &mut Report) {
        report.measured(Goal::QuickTasks, self.over_untracked("package", "pay", "rate"));
        report.measured(Goal::SlowTasks, self.over_untracked("package", "pay_slowly", "rate"));
        let tracking = self.turns("package", "pay", "tracker");
        report.measured(Goal::TrackingOverBrokering, tracking.over(&self.turns("package", "pay", "broker")));
        report.measured(Goal::Delay, self.call("package", "delay").over(&self.call("untracked", "delay")));
    }

    fn workers(&self) -> Table {
        let mut table = Table::new(
            "A worker's throughput",
            "Tasks a second of a prefork worker with two processes, with Redis as broker unless stated otherwise and for results, \
             and microseconds of processor time of its three processes for one task. The ratios: over the untracked worker of the \
             same broker. The contestants take turns in every round. django-celery-results keeps its extended records, with the \
             moment of the start, instead of results in Redis. Nobody listens to Celery's events here; a monitor would cost more.",
            ["", "no-op tasks", "/ untracked", "processor", "/ untracked", "tasks of 10 ms", "/ untracked"],
        );
        for (name, title, _) in self.contestants() {
            table.row(
                title,
                [
                    Cell::of(&self.turns(name, "pay", "rate"), 0),
                    Cell::of(&self.over_untracked(name, "pay", "rate"), 2),
                    Cell::of(&self.turns(name, "pay", "worker"), 0),
                    Cell::of(&self.over_untracked(name, "pay", "worker"), 2),
                    Cell::of(&self.turns(name, "pay_slowly", "rate"), 0),
                    Cell::of(&self.over_untracked(name, "pay_slowly", "rate"), 2),
                ],
            );
        }
        table
    }

    fn redis(&self) -> Table {
        let mut table = Table::new(
            "Redis' main thread",
            "Microseconds of processor time of a server's main thread for one no-op task that is sent and run, by `INFO cpu`: of \
             the broker, which keeps the results too, and of the server with the module. The last column is the second over the \
             first.",
            ["", "broker", "tracker", "tracker / broker"],
        );
        for (name, title, is_tracked) in self.contestants().filter(|(name, ..)| !name.ends_with("rabbit")) {
            let (broker, tracker) = (self.turns(name, "pay", "broker"), self.turns(name, "pay", "tracker"));
            let tracked = if is_tracked {
                [Cell::of(&tracker, 0), Cell::of(&tracker.over(&broker), 2)]
            } else {
                [Cell::Nothing, Cell::Nothing]
            };
            table.row(title, [Cell::of(&broker, 0)].into_iter().chain(tracked));
        }
        table
    }

    fn delay(&self) -> Table {
        let mut table = Table::new(
            "`.delay()` with a real broker",
            "Microseconds of processor time of one call of many in a row: of the calling thread, and of its process, in which this \
             package has a thread that sends.",
            ["", "thread", "/ untracked", "process", "/ untracked"],
        );
        for (name, title, _) in self.contestants() {
            let cells = ["delay_thread", "delay"].into_iter().flat_map(|clock| {
                let call = self.call(name, clock);
                let ratio = call.over(&self.call(untracked(name), clock));
                [Cell::of(&call, 0), Cell::of(&ratio, 2)]
            });
            table.row(title, cells);
        }
        table
    }
}

fn untracked(name: &str) -> &'static str {
    if name.ends_with("rabbit") {
        "untracked_rabbit"
    } else {
        "untracked"
    }
}

fn poll(figures: &Value) -> Table {
    let mut table = Table::new(
        "An open page",
        "What one request of an open page costs, which it makes every 5 seconds by default, of an object with 20 tasks.",
        ["", "each"],
    );
    let number = |name: &str| Samples::from(figures[name].as_f64().expect("a number"));
    table.row("microseconds in Redis' commands", [Cell::of(&number("commands"), 0)]);
    table.row("microseconds of Redis' main thread", [Cell::of(&number("tracker"), 0)]);
    table.row("milliseconds of processor time of Django", [Cell::of(&samples(&figures["web"]), 1)]);
    table.row("bytes of the response", [Cell::of(&number("bytes"), 0)]);
    table.row("bytes of its body while nothing has changed", [Cell::of(&number("unchanged"), 0)]);
    table
}
