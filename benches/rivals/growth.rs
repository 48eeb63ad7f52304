//! Whether an update costs the same however much there is already.

use redis::{Connection, Pipeline};

use crate::batch::{carry_out, Batch};
use crate::cost::Meter;
use crate::event::{Event, State, Task};
use crate::goals::Goal;
use crate::keys::Keys;
use crate::progress::Progress;
use crate::report::{thousands, Cell, Report, Table};
use crate::rival::Rival;
use crate::rivals::Rivals;
use crate::samples::Samples;
use crate::scale::Scale;
use crate::server::Server;

const ROUNDS: usize = 30;

/// Measures both ways to grow.
pub fn run(scale: &Scale, progress: &mut Progress, report: &mut Report) {
    progress.chapter("Growing histories");
    histories(scale, progress, report);
    progress.chapter("More and more objects");
    objects(scale, progress, report);
}

/// More records in one object.
fn histories(scale: &Scale, progress: &Progress, report: &mut Report) {
    /// Tasks that live in a round.
    const TASKS: usize = 100;
    /// Tasks that live at the same time. They are removed before the next ones, so that the object keeps its size.
    const AT_ONCE: usize = 2;
    let server = Server::start();
    server.run("CONFIG SET tracker.max-tasks-per-object 0");
    let mut connection = server.connect();
    let mut meter = Meter::new(server.connect());
    let rivals = Rivals::on(&mut connection);
    for &records in scale.histories {
        let tasks = (0..records).map(|number| Task::new(records, number));
        let events: Vec<_> = tasks.map(|task| task.reaches(State::Success)).collect();
        carry_out(&mut connection, &rivals.module, &events);
    }
    let mut figures = vec![Samples::default(); scale.histories.len()];
    for _ in progress.rounds(ROUNDS.min(scale.rounds)) {
        for (&records, figures) in scale.histories.iter().zip(&mut figures) {
            let tasks: Vec<_> = (records..records + TASKS).map(|number| Task::new(records, number)).collect();
            let mut pipeline = redis::pipe();
            for tasks in tasks.chunks(AT_ONCE) {
                for command in
                    rivals.module.request(&lives(tasks)).cmd_iter().chain(removal(&rivals.module, tasks).cmd_iter())
                {
                    pipeline.add_command(command.clone());
                }
            }
            let commands = rivals.module.commands();
            let cost = meter.cost(commands, || pipeline.exec(&mut connection).expect("the commands are right"));
            figures.push(cost.each_of(TASKS * Task::LIFE.len()).commands);
        }
    }
    server.run("FLUSHALL SYNC");

    report.measured(Goal::LongHistory, figures[figures.len() - 1].over(&figures[0]));
    let mut table = Table::new(
        "Growing histories",
        "Microseconds of server time of an UPSERT, a life's average, by how many records the object has. An index of up to 128 ids \
         is a list that the server searches from end to end (`zset-max-listpack-entries`), hence the most at 100.",
        ["records of the object", "TRACKER.UPSERT", "over the first"],
    );
    for (records, samples) in scale.histories.iter().zip(&figures) {
        let cells = [Cell::of(samples, 2), Cell::of(&samples.over(&figures[0]), 2)];
        table.row(thousands(records), cells);
    }
    report.add(table);
}

/// More objects on one server, beside a second server that stays small.
fn objects(scale: &Scale, progress: &Progress, report: &mut Report) {
    /// Tasks that live in a round, each of a random object: enough that none is still in a processor's cache.
    const TASKS: usize = 500;
    let mut small = Store::start();
    let mut growing = Store::start();
    small.grow(scale.objects[0], progress);
    let mut table = Table::new(
        "More and more objects",
        "Microseconds of server time of an update, a life's average, for objects of one record taken at random, beside those of \
         another server that keeps the first number of objects; so the first row shows how much is noise. The last column: the \
         same for one HSET of the whole record.",
        ["objects", "TRACKER.UPSERT", "over the first", "HSET over the first"],
    );
    let mut random = fastrand::Rng::with_seed(1042);
    let mut last = Samples::default();
    for &count in scale.objects {
        growing.grow(count, progress);
        let [mut module, mut module_small, mut floor, mut floor_small]: [Samples; 4] = Default::default();
        for round in progress.rounds(ROUNDS.min(scale.rounds)) {
            let mut tasks = |objects: usize| {
                let task = |number| Task::new(random.usize(0..objects), 1_000_000 + number);
                (0..TASKS).map(task).collect::<Vec<_>>()
            };
            let (in_growing, in_small) = (tasks(count), tasks(scale.objects[0]));
            let mut stores = [
                (&mut growing, &in_growing, &mut module, &mut floor),
                (&mut small, &in_small, &mut module_small, &mut floor_small),
            ];
            if round % 2 == 1 {
                stores.reverse();
            }
            for (store, tasks, module, floor) in stores {
                module.push(store.life(tasks, |rivals| &rivals.module));
                floor.push(store.life(tasks, |rivals| &rivals.floor));
            }
        }
        last = module.over(&module_small);
        let cells = [Cell::of(&module, 2), Cell::of(&last, 2), Cell::of(&floor.over(&floor_small), 2)];
        table.row(thousands(count), cells);
    }
    report.measured(Goal::ManyObjects, last);
    report.add(table);
}

/// A server with objects of one record each.
struct Store {
    server: Server,
    connection: Connection,
    meter: Meter,
    rivals: Rivals,
    objects: usize,
}

impl Store {
    fn start() -> Self {
        let server = Server::start();
        let mut connection = server.connect();
        let rivals = Rivals::on(&mut connection);
        Self { meter: Meter::new(server.connect()), rivals, connection, server, objects: 0 }
    }

    fn grow(&mut self, objects: usize, progress: &Progress) {
        const AT_ONCE: usize = 10_000;
        for begin in (self.objects..objects).step_by(AT_ONCE) {
            progress.say(&format!(", object {begin} of {objects}"));
            let tasks = (begin..objects.min(begin + AT_ONCE)).map(|object| Task::new(object, 0));
            let events: Vec<_> = tasks.map(|task| task.reaches(State::Success)).collect();
            carry_out(&mut self.connection, &self.rivals.module, &events);
            carry_out(&mut self.connection, &self.rivals.floor, &events);
        }
        self.objects = objects;
    }

    fn life(&mut self, tasks: &[Task], rival: fn(&Rivals) -> &dyn Rival) -> f64 {
        let rival = rival(&self.rivals);
        // The server has been idle while the other one was busy.
        let (warming_up, tasks) = tasks.split_at(tasks.len() / 5);
        carry_out(&mut self.connection, rival, &lives(warming_up));
        removal(rival, warming_up).exec(&mut self.connection).expect("the commands are right");
        let micros = life(&mut self.meter, &mut self.connection, rival, tasks);
        removal(rival, tasks).exec(&mut self.connection).expect("the commands are right");
        micros
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.server.run("FLUSHALL SYNC");
    }
}

/// The average server time of the updates of these tasks' lives.
fn life(meter: &mut Meter, connection: &mut Connection, rival: &dyn Rival, tasks: &[Task]) -> f64 {
    let events = lives(tasks);
    let batches = Batch::all_of(rival, &events, 50);
    let cost = meter.cost(rival.commands(), || batches.iter().for_each(|batch| batch.run(connection)));
    cost.each_of(events.len()).commands
}

/// The lives of these tasks, side by side.
fn lives(tasks: &[Task]) -> Vec<Event> {
    Task::LIFE.into_iter().flat_map(|state| tasks.iter().map(move |task| task.reaches(state))).collect()
}

/// What removes the tasks.
fn removal(rival: &dyn Rival, tasks: &[Task]) -> Pipeline {
    let mut pipeline = redis::pipe();
    for task in tasks {
        if rival.commands() == ["hset"] {
            pipeline.cmd("DEL").arg(Keys::of(rival.model(), &task.object).record(&task.id));
        } else {
            pipeline.cmd("TRACKER.DEL").arg(rival.model()).arg(&task.object).arg(&task.id);
        }
    }
    pipeline
}
