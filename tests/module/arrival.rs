//! Events of one task in every order of arrival, against the server.

use crate::history::{history, history_of_single_deliveries, interleaved, overlapping_deliveries, Told};
use crate::server::{call, Server};

/// What is kept of task `a` of an object: the fields of the module, and the indexes that hold it, without the end of its
/// retention, which depends on the server's clock.
fn kept(server: &Server, object: usize) -> Vec<String> {
    let mut fields = server.list(&format!("HGETALL m:{{{object}}}:record:a"));
    fields = fields.chunks(2).map(|pair| pair.join("=")).filter(|field| !field.starts_with("given")).collect();
    fields.sort();
    for key in server.list(&format!("KEYS m:{{{object}}}:*")) {
        if key.contains(":record:") || key.ends_with(":expiry") {
            continue;
        }
        let members = server.list(&format!("ZRANGE {key} 0 -1 WITHSCORES")).join(" ");
        fields.push(format!("{} {members}", key.split_once('}').unwrap().1));
    }
    fields.sort();
    fields
}

#[test]
fn every_order_of_arrival_ends_in_the_same_record_and_indexes() {
    let server = Server::start();
    let mut connection = server.connect();
    let mut random = fastrand::Rng::with_seed(5);
    let mut object = 0;
    for _ in 0..60 {
        let finals: Vec<_> =
            (0..3).map(|_| random.choice(["SUCCESS", "FAILURE", "REVOKED", "REJECTED", "IGNORED"]).unwrap()).collect();
        let mut events: Vec<_> = (0..random.usize(2..8))
            .map(|n| {
                let attempt = random.usize(0..3);
                let states = ["PENDING", "RECEIVED", "RETRY", "STARTED", finals[attempt]];
                (
                    attempt.to_string(),
                    random.choice(states).unwrap(),
                    random.u32(1..100).to_string(),
                    format!("given{n}"),
                )
            })
            .collect();
        let mut first = None;
        for _ in 0..8 {
            object += 1;
            for (attempt, state, at, field) in &events {
                let id = object.to_string();
                let words = [
                    "TRACKER.UPSERT",
                    "m",
                    &id,
                    "a",
                    "STATE",
                    state,
                    "NAME",
                    "n",
                    "ATTEMPT",
                    attempt,
                    "AT",
                    at,
                    "FIELDS",
                    "1",
                    field,
                    "x",
                ];
                call(&mut connection, &words.map(str::as_bytes)).unwrap();
            }
            let kept = kept(&server, object);
            assert_eq!(first.get_or_insert_with(|| kept.clone()), &kept, "{events:?}");
            random.shuffle(&mut events);
        }
    }
}

fn tell(connection: &mut redis::Connection, object: usize, told: &Told) {
    let mut words: Vec<String> = ["TRACKER.UPSERT", "m"].map(str::to_owned).into();
    let mut add = |option: &str, value: String| words.extend([option.to_owned(), value]);
    add(&object.to_string(), "a".into());
    add("NAME", "n".into());
    add("ATTEMPT", told.attempt.to_string());
    add("AT", told.at.to_string());
    if let Some(state) = told.state {
        add("STATE", state.into());
    }
    if let Some(run) = told.run {
        add("RUN", run.to_string());
    }
    if told.tentative {
        words.push("TENTATIVE".into());
    }
    if !told.fields.is_empty() {
        words.extend(["FIELDS".into(), told.fields.len().to_string()]);
    }
    for (name, value) in &told.fields {
        words.extend([name.clone(), value.clone()]);
    }
    let words: Vec<_> = words.iter().map(String::as_bytes).collect();
    call(connection, &words).unwrap_or_else(|error| panic!("{told:?}: {error}"));
}

#[test]
fn every_interleaving_of_the_processes_of_a_task_ends_in_the_same_record_fields_and_indexes() {
    let server = Server::start();
    let mut connection = server.connect();
    let mut random = fastrand::Rng::with_seed(17);
    let mut object = 0;
    for _ in 0..200 {
        let streams = history(&mut random);
        let mut first = None;
        for _ in 0..4 {
            object += 1;
            let events = interleaved(&streams, &mut random);
            for told in &events {
                tell(&mut connection, object, told);
            }
            let kept = kept(&server, object);
            assert_eq!(first.get_or_insert_with(|| kept.clone()), &kept, "{events:#?}");
        }
    }
}

#[test]
fn two_ends_of_one_attempt_never_mix() {
    let server = Server::start();
    let mut connection = server.connect();
    let mut random = fastrand::Rng::with_seed(23);
    for object in 0..400 {
        let streams = overlapping_deliveries(&mut random);
        for told in interleaved(&streams, &mut random) {
            tell(&mut connection, object, &told);
        }
        let stored = |field: &str| server.text(&format!("HGET m:{{{object}}}:record:a {field}"));
        let ends: Vec<_> = streams.iter().filter_map(|stream| stream.get(1)).collect();
        let is_shown = |end: &&Told| {
            let given =
                |field: &str| end.fields.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str());
            let fields = ["error", "exception", "traceback", "result"];
            end.state == Some(&stored("state"))
                && stored("finished_at") == end.at.to_string()
                && fields.iter().all(|field| stored(field) == given(field).unwrap_or("nil"))
        };
        assert!(ends.iter().any(is_shown), "object {object}: {ends:#?}");
    }
}

#[test]
fn telling_everything_again_changes_nothing_but_the_retention() {
    let server = Server::start();
    let mut connection = server.connect();
    let mut random = fastrand::Rng::with_seed(29);
    for object in 0..200 {
        let streams = history_of_single_deliveries(&mut random);
        for told in interleaved(&streams, &mut random) {
            tell(&mut connection, object, &told);
        }
        let before = kept(&server, object);
        for told in interleaved(&streams, &mut random) {
            tell(&mut connection, object, &told);
        }
        assert_eq!(kept(&server, object), before);
    }
}
