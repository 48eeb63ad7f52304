use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use redis::Value;

use crate::nodes::{run, Cluster};
use crate::server::{call, get, text};

#[test]
fn commands_go_to_the_node_that_serves_the_object() {
    let cluster = Cluster::start();
    let mut client = cluster.client();
    for object in 0..50 {
        run(&mut client, &format!("TRACKER.UPSERT shop.order {object} a STATE PENDING NAME n")).unwrap();
        run(&mut client, &format!("TRACKER.UPSERT shop.order {object} a STATE SUCCESS")).unwrap();
    }
    for object in 0..50 {
        let page = run(&mut client, &format!("TRACKER.QUERY shop.order {object} STATE SUCCESS")).unwrap();
        assert_eq!(get(&page, "total"), Value::Int(1));
    }
    assert!(cluster.nodes.iter().all(|node| !node.keys().is_empty()));
    cluster.assert_every_key_is_where_it_belongs();

    let slot = cluster.slot("7");
    let (owner, other) = (cluster.owner(slot), (cluster.owner(slot) + 1) % 3);
    let error = cluster.nodes[other].error("TRACKER.GET shop.order 7 a");
    assert_eq!(error, format!("MOVED {slot} 127.0.0.1:{}", cluster.nodes[owner].port()));
    let cli = Command::new("redis-cli")
        .args(["-c", "-p", &cluster.nodes[other].port().to_string()])
        .args(["TRACKER.GET", "shop.order", "7", "a", "FIELDS", "1", "state"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&cli.stdout).trim(), "state\nSUCCESS");
}

#[test]
fn while_a_slot_moves_nothing_is_written_to_half_an_object() {
    let cluster = Cluster::start();
    let mut client = cluster.client();
    run(&mut client, "TRACKER.UPSERT shop.order 7 a STATE PENDING NAME n").unwrap();
    let slot = cluster.slot("7");
    let to = (cluster.owner(slot) + 1) % 3;
    let from = cluster.begin_move(slot, to);

    let asked = cluster.nodes[from].error("TRACKER.UPSERT shop.order 7 a STATE STARTED");
    assert_eq!(asked, format!("ASK {slot} 127.0.0.1:{}", cluster.nodes[to].port()));
    for command in [
        "UPSERT shop.order 7 a STATE STARTED",
        "UPSERT shop.order 7 new STATE PENDING NAME n",
        "GET shop.order 7 a",
        "QUERY shop.order 7",
        "STATS shop.order 7",
        "RETAIN shop.order 7 a 5",
        "EXPIRE shop.order 7",
        "DEL shop.order 7",
    ] {
        let mut connection = cluster.nodes[to].connect();
        redis::cmd("ASKING").exec(&mut connection).unwrap();
        let words: Vec<_> = command.split(' ').map(str::as_bytes).collect();
        let name = format!("TRACKER.{}", command.split(' ').next().unwrap());
        let error = call(&mut connection, &[&[name.as_bytes()], &words[1..]].concat()).unwrap_err();
        assert!(error.starts_with("TRYAGAIN"), "{command}: {error}");
    }
    assert!(cluster.nodes[to].keys().iter().all(|key| cluster.slot(key) != slot));
    let refused = cluster.nodes[to].info("tracker");
    assert!(refused.contains("tracker_try_again:8"), "{refused}");

    cluster.move_keys(slot, from, to);
    cluster.end_move(slot, from, to);
    run(&mut client, "TRACKER.UPSERT shop.order 7 a STATE STARTED").unwrap();
    cluster.assert_every_key_is_where_it_belongs();

    run(&mut client, "TRACKER.DEL shop.order 7").unwrap();
    let back = cluster.begin_move(slot, from);
    cluster.move_keys(slot, back, from);
    cluster.end_move(slot, back, from);
    let gone = run(&mut client, "TRACKER.UPSERT shop.order 7 a STATE SUCCESS NAME n RUN 1").unwrap();
    assert_eq!(text(&gone), "GONE");
    cluster.assert_every_key_is_where_it_belongs();
}

#[test]
fn slots_that_move_back_and_forth_under_load_lose_nothing_and_keep_nothing_twice() {
    const OBJECTS: usize = 4;
    const TASKS: usize = 120;
    let cluster = Cluster::start();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..OBJECTS)
            .map(|object| {
                let mut client = cluster.client();
                scope.spawn(move || {
                    for task in 0..TASKS {
                        for state in ["PENDING", "STARTED", "SUCCESS"] {
                            let update =
                                format!("TRACKER.UPSERT shop.order {object} t{task} STATE {state} NAME n{}", task % 3);
                            run(&mut client, &update).unwrap_or_else(|error| panic!("{update}: {error}"));
                        }
                        let query = format!("TRACKER.QUERY shop.order {object} STATE SUCCESS");
                        let page = run(&mut client, &query).unwrap_or_else(|error| panic!("{query}: {error}"));
                        assert_eq!(get(&page, "total"), Value::Int(task as i64 + 1));
                    }
                })
            })
            .collect();
        let mover = scope.spawn(|| {
            let mut moves = 0;
            while !done.load(Ordering::Relaxed) {
                for object in 0..OBJECTS {
                    let slot = cluster.slot(&object.to_string());
                    let to = (cluster.owner(slot) + 1) % 3;
                    let from = cluster.begin_move(slot, to);
                    cluster.move_keys(slot, from, to);
                    cluster.end_move(slot, from, to);
                    moves += 1;
                    thread::sleep(Duration::from_millis(20));
                }
            }
            moves
        });
        let results: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        done.store(true, Ordering::Relaxed);
        let moves = mover.join().expect("every slot moves without an error");
        results.into_iter().for_each(|result| result.expect("no client sees an error"));
        assert!(moves >= OBJECTS, "{moves} moves");
    });
    let mut client = cluster.client();
    for object in 0..OBJECTS {
        let stats = run(&mut client, &format!("TRACKER.STATS shop.order {object}")).unwrap();
        assert_eq!(get(&stats, "total"), Value::Int(TASKS as i64));
        assert_eq!(get(&get(&stats, "states"), "SUCCESS"), Value::Int(TASKS as i64));
    }
    cluster.assert_every_key_is_where_it_belongs();
}
