use std::thread;

use crate::server::{call, get, Server};

const CLIENTS: usize = 16;
/// Of each client: tasks with four events each, and updates of the one task. 20,000 and more in all.
const TASKS: usize = 313;
const UPDATES: usize = 1_250;

#[test]
fn sixteen_clients_on_one_object_lose_no_update() {
    let server = Server::start();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let server = &server;
            scope.spawn(move || {
                let mut connection = server.connect();
                for n in 0..TASKS {
                    let id = format!("c{client}-{n}");
                    for state in ["PENDING", "RECEIVED", "STARTED", "SUCCESS"] {
                        let words = ["TRACKER.UPSERT", "shop.order", "1042", &id, "STATE", state, "NAME", "shop.pay"];
                        call(&mut connection, &words.map(str::as_bytes)).unwrap();
                    }
                }
            });
        }
    });
    let page = server.run("TRACKER.QUERY shop.order 1042 STATE SUCCESS WITHCOUNTS");
    assert_eq!(get(&page, "total"), redis::Value::Int((CLIENTS * TASKS) as i64));
    assert_eq!(get(&get(&page, "states"), "SUCCESS"), redis::Value::Int((CLIENTS * TASKS) as i64));
}

#[test]
fn sixteen_clients_on_one_task_end_in_its_last_state() {
    let server = Server::start();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let server = &server;
            scope.spawn(move || {
                let mut connection = server.connect();
                let mut random = fastrand::Rng::with_seed(client as u64);
                for n in 0..UPDATES {
                    let attempt = random.u32(0..50).to_string();
                    let state = random.choice(["PENDING", "RECEIVED", "RETRY", "STARTED", "SUCCESS"]).unwrap();
                    let (field, value) = (format!("client_{client}"), n.to_string());
                    let words = ["TRACKER.UPSERT", "shop.order", "1042", "one", "STATE", state, "NAME", "n"];
                    let fields = ["ATTEMPT", &attempt, "FIELDS", "1", &field, &value];
                    let words: Vec<_> = words.into_iter().chain(fields).map(str::as_bytes).collect();
                    call(&mut connection, &words).unwrap();
                }
            });
        }
    });
    server.run("TRACKER.UPSERT shop.order 1042 one STATE SUCCESS NAME n ATTEMPT 50");
    assert_eq!(server.list("ZRANGE shop.order:{1042}:state:SUCCESS 0 -1"), ["one"]);
    assert_eq!(server.keys().len(), 6);
}
