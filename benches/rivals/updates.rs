//! What an update costs the server, by rival and by what it does.

use redis::Connection;

use crate::batch::{carry_out, Batch};
use crate::cost::{Cost, Meter};
use crate::event::{Event, State, Task};
use crate::goals::Goal;
use crate::progress::Progress;
use crate::report::{update_row, Cell, Report, Table};
use crate::rival::Rival;
use crate::rivals::Rivals;
use crate::samples::Samples;
use crate::scale::Scale;
use crate::server::Server;

/// How many updates are sent together, so that the commands are measured and not the network.
const PIPELINE: usize = 50;
const TASKS_PER_OBJECT: usize = 10;

/// What is measured one after the other: the life of tasks, then an event that comes too late to change anything.
const STEPS: [(State, &str); 5] = [
    (State::Pending, "creates (PENDING)"),
    (State::Received, "moves (RECEIVED)"),
    (State::Started, "moves (STARTED)"),
    (State::Success, "moves (SUCCESS)"),
    (State::Started, "stale (STARTED again)"),
];
const CREATES: usize = 0;
const MOVES: usize = 2;
const STALE: usize = 4;

/// The figures of one rival, by step.
#[derive(Default)]
struct Figures {
    commands: [Samples; STEPS.len()],
    processor: [Samples; STEPS.len()],
}

impl Figures {
    fn life(samples: &[Samples; STEPS.len()]) -> Samples {
        samples[..STALE].iter().skip(1).fold(samples[0].clone(), |sum, step| sum.plus(step))
    }
}

/// Measures them.
pub fn run(server: &Server, scale: &Scale, progress: &mut Progress, report: &mut Report) {
    progress.chapter("Server time of updates");
    let (mut connection, mut meter) = (server.connect(), Meter::new(server.connect()));
    let rivals = Rivals::on(&mut connection);
    let mut figures: [Figures; 5] = Default::default();
    for round in progress.rounds(scale.rounds) {
        server.run("FLUSHALL SYNC");
        let objects = scale.tasks / TASKS_PER_OBJECT;
        let task = |number: usize| Task::new(1_000 + number % objects, number);
        // Objects that have some tasks already get some more.
        let before: Vec<_> = (0..objects * 5).map(|number| task(number).reaches(State::Pending)).collect();
        let tasks: Vec<_> = (objects * 5..objects * 5 + scale.tasks).map(task).collect();
        for rival in rivals.of_a_life() {
            carry_out(&mut connection, rival, &before);
        }
        for (step, (state, _)) in STEPS.into_iter().enumerate() {
            let events: Vec<_> = tasks.iter().map(|task| task.reaches(state)).collect();
            for turn in 0..figures.len() {
                let at = (round + turn) % figures.len();
                let rival = rivals.of_a_life()[at];
                if step == STALE && [rivals.floor.title(), rivals.blind.title()].contains(&rival.title()) {
                    continue;
                }
                let cost = cost(&mut meter, &mut connection, rival, &events);
                figures[at].commands[step].push(cost.commands);
                figures[at].processor[step].push(cost.processor);
            }
        }
    }
    add_tables(&rivals, &figures, report);
}

fn cost(meter: &mut Meter, connection: &mut Connection, rival: &dyn Rival, events: &[Event]) -> Cost {
    let batches = Batch::all_of(rival, events, PIPELINE);
    let cost = meter.cost(rival.commands(), || {
        for batch in &batches {
            batch.run(connection);
        }
    });
    cost.each_of(events.len())
}

/// The figures of all, then the ratios.
fn row([module, floor, lua, multi, blind]: [Option<&Samples>; 5]) -> impl Iterator<Item = Cell> {
    let cell = |samples: Option<Samples>| samples.map_or(Cell::Nothing, |samples| Cell::of(&samples, 2));
    let mut cells: Vec<_> = update_row([module, floor, lua, multi]).collect();
    cells.insert(4, cell(blind.cloned()));
    cells.push(cell(module.zip(blind).map(|(module, blind)| module.over(blind))));
    cells.into_iter()
}

fn add_tables(rivals: &Rivals, figures: &[Figures; 5], report: &mut Report) {
    let [module, floor, lua, _, blind] = figures;
    report.measured(Goal::MoveOverBlind, module.commands[MOVES].over(&blind.commands[MOVES]));
    report.measured(Goal::MoveOverFloor, module.commands[MOVES].over(&floor.commands[MOVES]));
    report.measured(Goal::CreateOverFloor, module.commands[CREATES].over(&floor.commands[CREATES]));
    let life = Figures::life(&module.commands);
    report.measured(Goal::LuaOverUpsert, Figures::life(&lua.commands).over(&life));

    let columns = || {
        [""].into_iter().chain(rivals.of_a_life().map(Rival::title)).chain([
            "/ floor",
            "Lua /",
            "MULTI /",
            "/ blind MULTI",
        ])
    };
    let mut commands = Table::new(
        "Server time of an update",
        "Microseconds in the commands by `INFO commandstats`; of `MULTI` those of `WATCH`, `HMGET`, `PEXPIRETIME`, `MULTI` and \
         `EXEC`. The ratios: UPSERT over the floor, Lua and MULTI over UPSERT, UPSERT over the blind MULTI. The floor is one HSET of the whole record as it \
         then stands. The blind MULTI is the same changes as native commands, by a client that knows what to change.",
        columns(),
    );
    let mut processor = Table::new(
        "Processor time of an update",
        "Microseconds of the server's main thread by `INFO cpu`, in pipelines of 50: with reading, parsing and answering.",
        columns(),
    );
    for (table, of) in [
        (&mut commands, (|figures: &Figures| &figures.commands) as fn(&Figures) -> &[Samples; STEPS.len()]),
        (&mut processor, |figures| &figures.processor),
    ] {
        for (step, (_, title)) in STEPS.into_iter().enumerate() {
            let [module, floor, lua, multi, blind] = figures.each_ref().map(|figures| &of(figures)[step]);
            let [floor, blind] = [floor, blind].map(|samples| (step != STALE).then_some(samples));
            table.row(title, row([Some(module), floor, Some(lua), Some(multi), blind]));
        }
        let lives = figures.each_ref().map(|figures| Figures::life(of(figures)));
        table.row("a life of four", row(lives.each_ref().map(Some)));
    }
    report.add(commands);
    report.add(processor);
}
