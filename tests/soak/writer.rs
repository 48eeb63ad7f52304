//! Clients that tell of tasks until a server refuses.

use std::collections::VecDeque;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;
use std::thread;

use fastrand::Rng;
use redis::{Connection, Value};

use crate::history::{history, interleaved, Told};
use crate::log::{Log, MODEL};
use crate::server::call;
use crate::shown::NAME;

/// The writers of a round.
pub const WRITERS: usize = 3;

/// What an acknowledgement promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// Nothing yet.
    Nothing,
    /// That the update survives.
    Kept,
    /// That it survives where a replica says that it has it.
    Replicated,
}

/// Where a writer sends its updates.
pub trait Target {
    /// Runs a command about the object; `Err` where the server refuses it or is gone.
    fn call(&mut self, object: &str, words: &[&[u8]]) -> Result<Value, String>;
}

impl Target for Connection {
    fn call(&mut self, _object: &str, words: &[&[u8]]) -> Result<Value, String> {
        call(self, words)
    }
}

/// The objects that writers write to.
pub fn objects() -> Vec<String> {
    (0..6).map(|object| object.to_string()).collect()
}

/// Tells of several tasks at a time, until `goes_on` says no or the target refuses, and returns the refusal. `name` begins
/// the ids of its tasks.
pub fn write(
    target: &mut impl Target,
    log: &Mutex<Log>,
    mut random: Rng,
    name: &str,
    promise: Promise,
    goes_on: impl Fn() -> bool,
) -> Result<(), String> {
    let objects = objects();
    let mut open = Vec::<((String, String), VecDeque<Told>)>::new();
    let mut begun = 0;
    while goes_on() {
        if open.len() < 5 {
            let streams = history(&mut random);
            let events = interleaved(&streams, &mut random).into();
            open.push(((random.choice(&objects).unwrap().clone(), format!("{name}-{begun}")), events));
            begun += 1;
        }
        let at = random.usize(0..open.len());
        let (task, events) = &mut open[at];
        let Some(told) = events.pop_front() else {
            open.swap_remove(at);
            continue;
        };
        log.lock().unwrap().send(task, told.clone());
        let words = words(task, &told);
        let words: Vec<_> = words.iter().map(String::as_bytes).collect();
        target.call(&task.0, &words)?;
        log.lock().unwrap().acknowledge(task);
        let is_kept = match promise {
            Promise::Nothing => false,
            Promise::Kept => true,
            Promise::Replicated => target.call(&task.0, &[b"WAIT", b"1", b"500"])? != Value::Int(0),
        };
        if is_kept {
            log.lock().unwrap().promise(task);
        }
    }
    Ok(())
}

/// Lets each client write, with a log of its own, while `fault` happens, and returns what refused those that gave up. `name`
/// begins the ids of their tasks.
pub fn under_load<T: Target + Send>(
    logs: &mut Vec<Log>,
    clients: Vec<T>,
    random: &mut Rng,
    name: &str,
    promise: Promise,
    fault: impl FnOnce(&mut Rng),
) -> Vec<String> {
    let done = AtomicBool::new(false);
    let shared: Vec<_> = logs.drain(..).map(Mutex::new).collect();
    let refusals = thread::scope(|scope| {
        let writers: Vec<_> = clients
            .into_iter()
            .zip(&shared)
            .enumerate()
            .map(|(number, (mut client, log))| {
                let (random, done, name) = (random.fork(), &done, format!("{name}w{number}"));
                scope.spawn(move || write(&mut client, log, random, &name, promise, || !done.load(Ordering::Relaxed)))
            })
            .collect();
        // A panic here would leave the writers running.
        let happened = catch_unwind(AssertUnwindSafe(|| fault(random)));
        done.store(true, Ordering::Relaxed);
        let results: Vec<_> = writers.into_iter().map(|writer| writer.join().expect("a writer")).collect();
        happened.unwrap_or_else(|panic| resume_unwind(panic));
        results.into_iter().filter_map(Result::err).collect()
    });
    logs.extend(shared.into_iter().map(|log| log.into_inner().unwrap()));
    refusals
}

/// The command that tells it.
fn words((object, task): &(String, String), told: &Told) -> Vec<String> {
    let mut words: Vec<String> = ["TRACKER.UPSERT", MODEL, object, task, "NAME", NAME].map(Into::into).into();
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    if let Some(state) = told.state {
        option("STATE", state.to_owned());
    }
    if let Some(run) = told.run {
        option("RUN", run.to_string());
    }
    option("ATTEMPT", told.attempt.to_string());
    option("AT", told.at.to_string());
    if told.tentative {
        words.push("TENTATIVE".to_owned());
    }
    if !told.fields.is_empty() {
        words.extend(["FIELDS".to_owned(), told.fields.len().to_string()]);
        words.extend(told.fields.iter().flat_map(|(name, value)| [name.clone(), value.clone()]));
    }
    words
}
