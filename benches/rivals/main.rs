//! This project beside other ways to do the same, in one run: what they cost the server, how many updates a second they make,
//! what they keep in memory and on disk, and how that grows.
//!
//! ```text
//! cargo bench --bench rivals [-- [--quick] [--json FILE] [--markdown FILE]]
//! ```
//!
//! `TRACKER_MODULE`, `REDIS_SERVER`: the module and the server, as in the tests. `TRACKER_PYTHON`: an interpreter with the Django
//! package; without it that part is left out. `--quick` runs everything on a small scale:
//! it checks that all rivals agree, and its figures mean nothing.

// The tests use more of their server than the benchmarks do.
#[allow(dead_code)]
#[path = "../../tests/module/invariant.rs"]
mod invariant;
#[allow(dead_code)]
#[path = "../../tests/module/server.rs"]
mod server;

mod event;
mod keys;
mod rival;

mod blind;
mod floor;
mod lua;
mod module;
mod multi;
mod plain;
mod rivals;

mod agreement;
mod busy;
mod bytes;
mod growth;
mod hold;
mod pages;
mod python;
mod removal;
mod throughput;
mod updates;

mod batch;
mod cost;
mod goals;
mod machine;
mod progress;
mod report;
mod samples;
mod scale;

use std::fs;

use machine::Machine;
use progress::Progress;
use report::Report;
use scale::Scale;
use server::Server;

fn main() {
    let options = Options::of_command_line();
    let scale = if options.is_quick { Scale::QUICK } else { Scale::FULL };
    let mut progress = Progress::new();
    let server = Server::start();
    let python = std::env::var("TRACKER_PYTHON").ok();
    let mut report = Report::new(Machine::describe(&mut server.connect(), python.as_deref()), options.is_quick);

    agreement::check(&server, &scale, &mut progress);
    // What a user pays comes first.
    if let Some(python) = &python {
        busy::run(python, &scale, &mut progress, &mut report);
        python::run(python, &scale, &mut progress, &mut report);
    }
    hold::run(&scale, &mut progress, &mut report);
    updates::run(&server, &scale, &mut progress, &mut report);
    throughput::run(&server, &scale, &mut progress, &mut report);
    pages::run(&scale, &mut progress, &mut report);
    removal::run(&scale, &mut progress, &mut report);
    growth::run(&scale, &mut progress, &mut report);
    bytes::run(&mut progress, &mut report);

    progress.end();
    println!("{report}");
    let json = || format!("{:#}\n", report.json());
    for (file, text) in [(options.json, json()), (options.markdown, report.to_string())] {
        if let Some(file) = file {
            fs::write(&file, text).unwrap_or_else(|error| panic!("{file}: {error}"));
        }
    }
}

/// What was asked for.
#[derive(Default)]
struct Options {
    is_quick: bool,
    json: Option<String>,
    markdown: Option<String>,
}

impl Options {
    fn of_command_line() -> Self {
        let mut options = Self::default();
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut file = || Some(arguments.next().unwrap_or_else(|| panic!("{argument} needs the name of a file")));
            match argument.as_str() {
                "--quick" => options.is_quick = true,
                "--json" => options.json = file(),
                "--markdown" => options.markdown = file(),
                // What `cargo bench` gives every benchmark.
                "--bench" => {}
                _ => panic!("{argument} is none of --quick, --json FILE and --markdown FILE"),
            }
        }
        options
    }
}
