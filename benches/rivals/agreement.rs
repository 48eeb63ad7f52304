//! Checks before anything is timed that all rivals come to the same state. Otherwise their times would mean nothing.

use std::collections::BTreeMap;

use redis::Connection;

use crate::batch::{carry_out, Batch};
use crate::event::{Event, State, Task, TASK_NAME};
use crate::invariant;
use crate::keys::Keys;
use crate::progress::Progress;
use crate::rival::Rival;
use crate::rivals::Rivals;
use crate::scale::Scale;
use crate::server::Server;

/// How many milliseconds the ends of retention may differ, since the rivals run one after the other.
const CLOCK: f64 = 20_000.0;

/// Panics where two rivals do not agree.
pub fn check(server: &Server, scale: &Scale, progress: &mut Progress) {
    progress.chapter("Whether all rivals come to the same state");
    let mut connection = server.connect();
    let rivals = Rivals::on(&mut connection);
    a_life(server, &mut connection, &rivals);
    let updates = random_updates(scale.random_updates);
    assert_agreed(server, &mut connection, &rivals.module, &[&rivals.lua, &rivals.multi], &updates);
    let updates = with_all_options(updates);
    assert_agreed(server, &mut connection, &rivals.module, &[&rivals.lua], &updates);
}

/// After each step of a life, every record has the fields that the floor writes at once.
fn a_life(server: &Server, connection: &mut Connection, rivals: &Rivals) {
    let task = Task::new(1042, 1);
    let lua: &dyn Rival = &rivals.lua;
    for state in Task::LIFE {
        for rival in rivals.all() {
            carry_out(connection, rival, &[task.reaches(state)]);
            let key = Keys::of(rival.model(), &task.object).record(&task.id);
            let found: BTreeMap<String, String> = redis::cmd("HGETALL").arg(key).query(connection).expect("a hash");
            let wanted = task.record(state).into_iter().map(|(field, value)| (field.to_owned(), value));
            assert_eq!(found, wanted.collect(), "{} after {}", rival.title(), state.name());
        }
        for rival in [lua, &rivals.multi] {
            assert_same(connection, &rivals.module, rival, &task.object);
        }
    }
    server.run("FLUSHALL SYNC");
}

const OBJECTS: usize = 20;

/// Any updates, many of them late, repeated or of another attempt, in any order. An attempt has one end.
fn random_updates(count: usize) -> Vec<Event> {
    let mut random = fastrand::Rng::with_seed(1042);
    let mut update = || {
        let (object, number, attempt) = (random.usize(0..OBJECTS), random.usize(0..60), random.u32(0..3));
        let end = if number % 2 == 0 { State::Success } else { State::Failure };
        let states = [State::Pending, State::Received, State::Retry, State::Started, end];
        let state = random.choice(states).expect("there are states");
        let mut event = Task::new(object, number).reaches(state);
        event.attempt = attempt;
        let at = if state == end { 1_000 * number as i64 + i64::from(attempt) } else { random.i64(0..100_000) };
        event.at = 1_700_000_000_000 + at;
        for (_, value) in &mut event.fields {
            match random.u8(0..8) {
                0 => value.clear(),
                1 => *value = random.u32(..).to_string(),
                _ => {}
            }
        }
        event
    };
    (0..count).map(|_| update()).collect()
}

/// The same updates, some of them with what plain commands cannot do: another task name, a condition, a retention of the
/// record's own.
fn with_all_options(mut updates: Vec<Event>) -> Vec<Event> {
    for (at, update) in updates.iter_mut().enumerate() {
        match at % 11 {
            1 => update.name = format!("{TASK_NAME}_{}", at % 3),
            3 => update.option = Some("NX"),
            5 => update.option = Some("XX"),
            7 => update.retention = Some(50_000 + 10_000 * (at % 7) as u32),
            _ => {}
        }
    }
    updates
}

/// Panics where a rival comes to another state than the module by the same updates, one by one.
fn assert_agreed(
    server: &Server,
    connection: &mut Connection,
    module: &dyn Rival,
    rivals: &[&dyn Rival],
    updates: &[Event],
) {
    for rival in [&[module], rivals].concat() {
        for batch in Batch::all_of(rival, updates, 1) {
            batch.run(connection);
        }
    }
    for rival in rivals {
        for object in 0..OBJECTS {
            assert_same(connection, module, *rival, &object.to_string());
        }
    }
    invariant::check(&mut server.connect());
    server.run("FLUSHALL SYNC");
}

/// Panics where a rival's object is not the module's.
fn assert_same(connection: &mut Connection, module: &dyn Rival, rival: &dyn Rival, object: &str) {
    let (wanted, found) = (read(connection, module, object), read(connection, rival, object));
    let keys = |kept: &Kept| [kept.hashes.keys().cloned().collect::<Vec<_>>(), kept.sets.keys().cloned().collect()];
    assert_eq!(keys(&found), keys(&wanted), "{}: the keys of {object}", rival.title());
    for (key, fields) in &wanted.hashes {
        assert_eq!(&found.hashes[key], fields, "{}: {key} of {object}", rival.title());
    }
    for (key, members) in &wanted.sets {
        let found = &found.sets[key];
        let ids = |members: &BTreeMap<String, f64>| members.keys().cloned().collect::<Vec<_>>();
        assert_eq!(ids(found), ids(members), "{}: {key} of {object}", rival.title());
        for (id, score) in members {
            let apart = (found[id] - score).abs();
            let may_be = if key == "expiry" { CLOCK } else { 0.0 };
            assert!(apart <= may_be, "{}: {id} in {key} of {object} is {apart} off", rival.title());
        }
    }
}

/// What a rival keeps of an object, by the rest of the key's name.
struct Kept {
    hashes: BTreeMap<String, BTreeMap<String, String>>,
    sets: BTreeMap<String, BTreeMap<String, f64>>,
}

fn read(connection: &mut Connection, rival: &dyn Rival, object: &str) -> Kept {
    let keys = Keys::of(rival.model(), object);
    let names: Vec<String> = redis::cmd("KEYS").arg(format!("{}*", keys.prefix())).query(connection).expect("names");
    let mut kept = Kept { hashes: BTreeMap::new(), sets: BTreeMap::new() };
    for name in names {
        let rest = name[keys.prefix().len()..].to_owned();
        if rest.starts_with("record:") {
            kept.hashes.insert(rest, redis::cmd("HGETALL").arg(&name).query(connection).expect("a hash"));
        } else {
            let mut read = redis::cmd("ZRANGE");
            read.arg(&name).arg(0).arg(-1).arg("WITHSCORES");
            kept.sets.insert(rest, read.query(connection).expect("a sorted set"));
        }
    }
    kept
}
