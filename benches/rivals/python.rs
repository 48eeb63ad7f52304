//! What tracking costs a Python process: the Django package compared with the tracker that one would write first. Measured by a program in
//! Python, `benches/python/main.py`, which calls both by Celery's own code.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::goals::Goal;
use crate::progress::Progress;
use crate::report::{Cell, Report, Table};
use crate::samples::Samples;
use crate::scale::Scale;
use crate::server::Server;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/python/main.py");

/// Measures it with an interpreter that has the package installed.
pub fn run(python: &str, scale: &Scale, progress: &mut Progress, report: &mut Report) {
    progress.chapter("The life of a task, seen from Python");
    let server = Server::start();
    let url = format!("redis://127.0.0.1:{}/0", server.port());
    let rounds = scale.rounds.min(40).to_string();
    let figures = figures_of(python, &[PROGRAM, &url, "--rounds", &rounds]);
    server.run("FLUSHALL SYNC");

    let [package, plain, pipelined] =
        ["package", "plain", "plain_pipelined"].map(|name| samples(&figures["life"][name]));
    report.measured(Goal::LifeFromPython, plain.over(&package));
    let mut life = Table::new(
        "A life of four events, from Python",
        "Microseconds that tracking takes of a process for one task that is sent, received, run and done, Celery's own time taken \
         off. The others are redis-py on the plain key structure: the hash in a transaction, then its indexes one command at a \
         time, or in one pipeline. The ratio: over this package.",
        ["", "for a life", "/ this package"],
    );
    for (title, samples) in [
        ("this package", &package),
        ("plain key structure", &plain),
        ("plain key structure, indexes in a pipeline", &pipelined),
    ] {
        life.row(title, [Cell::of(samples, 0), Cell::of(&samples.over(&package), 2)]);
    }
    report.add(life);

    let [tracked, untracked, ping] = ["tracked", "untracked", "ping"].map(|name| samples(&figures["delay"][name]));
    let overhead = tracked.minus(&untracked);
    report.measured(Goal::DelayOverPing, overhead.over(&ping));
    let mut delay = Table::new(
        "`.delay()`, from Python",
        "Microseconds of one call, with a broker in memory.",
        ["", "a call", "/ PING"],
    );
    for (title, samples) in [
        ("`.delay()` of a tracked task", &tracked),
        ("`.delay()` of the same task, not tracked", &untracked),
        ("what tracking adds", &overhead),
        ("PING", &ping),
    ] {
        delay.row(title, [Cell::of(samples, 0), Cell::of(&samples.over(&ping), 2)]);
    }
    report.add(delay);
}

/// The JSON that a program in Python prints.
pub fn figures_of(python: &str, arguments: &[&str]) -> Value {
    let output = Command::new(python)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("{python}: {error}"));
    assert!(output.status.success(), "{} fails", arguments[0]);
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// A figure of each round.
pub fn samples(figures: &Value) -> Samples {
    figures.as_array().expect("a list").iter().map(|figure| figure.as_f64().expect("a number")).collect()
}
