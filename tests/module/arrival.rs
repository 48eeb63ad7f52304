//! Events of one task in every order of arrival, against the server.

use crate::server::{call, Server};

/// What is kept of task `a` of an object: its fields apart from the given ones, and the indexes that hold it, but for the
/// moment at which its retention ends, which the server's clock decides.
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
