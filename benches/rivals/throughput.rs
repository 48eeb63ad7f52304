//! How many updates a second a server takes from one client and from fifty, and how long one of them waits.
//!
//! One thread serves all connections in turn, each with one batch under way, so that the server is what is measured as far as
//! a machine with few cores allows.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use redis::Connection;

use crate::batch::Batch;
use crate::cost::Meter;
use crate::event::{Event, Task};
use crate::goals::Goal;
use crate::progress::Progress;
use crate::report::{update_row, Cell, Report, Table};
use crate::rival::Rival;
use crate::rivals::Rivals;
use crate::samples::Samples;
use crate::scale::Scale;
use crate::server::Server;

const ROUNDS: usize = 30;

/// A way to put load on the server.
struct Load {
    connections: usize,
    /// How many updates go out together on one connection.
    pipeline: usize,
    /// How many tasks each connection writes the life of.
    tasks: usize,
}

const LOADS: [Load; 4] = [
    Load { connections: 1, pipeline: 1, tasks: 200 },
    Load { connections: 1, pipeline: 16, tasks: 800 },
    Load { connections: 50, pipeline: 1, tasks: 16 },
    Load { connections: 50, pipeline: 16, tasks: 32 },
];
/// The load of many workers at once: fifty connections, one update at a time.
const WORKERS: usize = 2;

#[derive(Default)]
struct Figures {
    per_second: Samples,
    /// Microseconds of the server's main thread for one update.
    processor: Samples,
    latencies: Vec<Duration>,
}

/// Measures them.
pub fn run(server: &Server, scale: &Scale, progress: &mut Progress, report: &mut Report) {
    progress.chapter("Throughput");
    let mut connections: Vec<_> = (0..50).map(|_| server.connect()).collect();
    let rivals = Rivals::on(&mut connections[0]);
    let mut meter = Meter::new(server.connect());
    let mut figures: [[Figures; 4]; LOADS.len()] = Default::default();
    for round in progress.rounds(ROUNDS.min(scale.rounds)) {
        for (load, figures) in LOADS.iter().zip(&mut figures) {
            let tasks = (load.tasks as f64 * scale.throughput).ceil() as usize;
            let events: Vec<_> = (0..load.connections).map(|of| events(of, tasks, load.pipeline)).collect();
            for turn in 0..4 {
                let at = (round + turn) % 4;
                server.run("FLUSHALL SYNC");
                let batches = events.iter().map(|events| Batch::all_of(rivals.all()[at], events, load.pipeline));
                let batches: Vec<_> = batches.collect();
                let count = batches.iter().flatten().map(Batch::len).sum();
                let mut latencies = Vec::new();
                let mut taken = Duration::ZERO;
                let cost = meter.cost(&[], || {
                    let begun = Instant::now();
                    latencies = drive(&mut connections, &batches);
                    taken = begun.elapsed();
                });
                figures[at].per_second.push(count as f64 / taken.as_secs_f64());
                figures[at].processor.push(cost.each_of(count).processor);
                figures[at].latencies.append(&mut latencies);
            }
        }
    }
    server.run("FLUSHALL SYNC");
    add_tables(&rivals, &figures, report);
}

/// The lives of a connection's tasks: always the same step of as many tasks as go out together, then their next step.
fn events(connection: usize, tasks: usize, pipeline: usize) -> Vec<Event> {
    let tasks: Vec<_> =
        (0..tasks).map(|task| Task::new(connection * 1_000 + task / 10, connection * 10_000 + task)).collect();
    let together = tasks.chunks(pipeline);
    together
        .flat_map(|tasks| Task::LIFE.into_iter().flat_map(|state| tasks.iter().map(move |task| task.reaches(state))))
        .collect()
}

/// Carries out each connection's batches. How long each batch took.
fn drive(connections: &mut [Connection], batches: &[Vec<Batch<'_>>]) -> Vec<Duration> {
    let mut latencies = Vec::new();
    let mut under_way = VecDeque::new();
    let mut waiting: Vec<_> = batches.iter().map(|batches| batches.iter()).collect();
    for (at, waiting) in waiting.iter_mut().enumerate() {
        under_way.extend(waiting.next().map(|batch| (at, Instant::now(), batch.send(&mut connections[at]))));
    }
    while let Some((at, since, sent)) = under_way.pop_front() {
        match sent.go_on(&mut connections[at]) {
            Some(second) => under_way.push_back((at, since, second)),
            None => {
                latencies.push(since.elapsed());
                let next = waiting[at].next();
                under_way.extend(next.map(|batch| (at, Instant::now(), batch.send(&mut connections[at]))));
            }
        }
    }
    latencies
}

fn add_tables(rivals: &Rivals, figures: &[[Figures; 4]; LOADS.len()], report: &mut Report) {
    let [module, _, _, multi] = &figures[WORKERS];
    report.measured(Goal::ThroughputOverMulti, module.per_second.over(&multi.per_second));
    report.measured(Goal::MultiOverUpsert, multi.processor.over(&module.processor));

    let titles = rivals.all().map(Rival::title);
    let mut throughput = Table::new(
        "Updates a second",
        "The four updates of each life. Client and server share the machine. The ratios: UPSERT over each rival.",
        [""].into_iter().chain(titles).chain(["/ floor", "/ Lua", "/ MULTI"]),
    );
    let mut processor = Table::new(
        "Processor time of an update under these loads",
        "Microseconds of the server's main thread by `INFO cpu`, the system calls of each round trip among them. The ratios: \
         UPSERT over the floor, Lua and MULTI over UPSERT.",
        [""].into_iter().chain(titles).chain(["/ floor", "Lua /", "MULTI /"]),
    );
    let mut latency = Table::new(
        "Latency of an update",
        "Microseconds that a caller waits for one update at a time.",
        ["", "p50", "p99", "p99.9"],
    );
    for (load, figures) in LOADS.iter().zip(figures) {
        let s = if load.connections == 1 { "" } else { "s" };
        let module = &figures[0].per_second;
        let per_second = figures.iter().map(|figures| Cell::of(&figures.per_second, 0));
        let ratios = figures[1..].iter().map(|figures| Cell::of(&module.over(&figures.per_second), 2));
        let title = format!("{} connection{s}, {} at a time", load.connections, load.pipeline);
        throughput.row(title.as_str(), per_second.chain(ratios));
        processor.row(title, update_row(figures.each_ref().map(|figures| Some(&figures.processor))));
        if load.pipeline > 1 {
            continue;
        }
        for (title, figures) in titles.iter().zip(figures) {
            let micros: Samples = figures.latencies.iter().map(|latency| latency.as_secs_f64() * 1e6).collect();
            let quantiles = [0.5, 0.99, 0.999].map(|share| Cell::of(&micros.quantile(share).into(), 0));
            latency.row(format!("{title}, {} connection{s}", load.connections), quantiles);
        }
    }
    report.add(throughput);
    report.add(processor);
    report.add(latency);
}
