//! Valkey 9 migrates slots atomically: the target takes what the slots hold, then what is written to them meanwhile, and
//! owns them from one moment to the next.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use redis::Value;

use crate::nodes::{run, Cluster};
use crate::server::{call, eventually, get, text, Server};

/// A cluster with that many replicas for each primary, if its server can migrate slots atomically; else `None`.
fn cluster(replicas: usize, options: &[&str]) -> Option<Cluster> {
    let help = Server::start_with(&["--cluster-enabled", "yes"]).list("CLUSTER HELP");
    let knows = help.iter().any(|line| line.starts_with("MIGRATESLOTS"));
    knows.then(|| Cluster::start_with(replicas, options))
}

/// Begins to migrate the slots from one node to another.
fn begin(cluster: &Cluster, slots: (u16, u16), from: usize, to: usize) {
    let (first, last) = slots;
    cluster.nodes[from].run(&format!("CLUSTER MIGRATESLOTS SLOTSRANGE {first} {last} NODE {}", cluster.id(to)));
}

/// The state of the node's latest migration.
fn latest_state(cluster: &Cluster, node: usize) -> String {
    let Value::Array(migrations) = cluster.nodes[node].run("CLUSTER GETSLOTMIGRATIONS") else { panic!("no list") };
    text(&get(&migrations[0], "state"))
}

fn migrate(cluster: &Cluster, slots: (u16, u16), from: usize, to: usize) {
    begin(cluster, slots, from, to);
    eventually("the migration", || match &*latest_state(cluster, from) {
        "success" => true,
        "failed" | "cancelled" => panic!("{}", cluster.nodes[from].log()),
        _ => false,
    });
    eventually("all nodes to know of it", || {
        cluster.nodes.iter().all(|node| cluster.serves(node, slots.0) == (node.port() == cluster.nodes[to].port()))
    });
}

#[test]
fn atomic_slot_migrations_under_load_lose_nothing_and_keep_nothing_twice() {
    const WRITERS: usize = 4;
    const OBJECTS: usize = 40;
    let Some(cluster) = cluster(0, &[]) else { return };
    let value = "x".repeat(300);
    let done = AtomicBool::new(false);
    let written: Vec<Vec<usize>> = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (mut client, done, value) = (cluster.client(), &done, &value);
                scope.spawn(move || {
                    let mut written = vec![0; OBJECTS];
                    let objects = (0..OBJECTS).cycle().take_while(|_| !done.load(Ordering::Relaxed));
                    for object in objects {
                        let task = format!("w{writer}-{}", written[object]);
                        for state in ["PENDING", "STARTED", "SUCCESS"] {
                            let update = format!(
                                "TRACKER.UPSERT m {object} {task} STATE {state} NAME n{} FIELDS 1 args {value}",
                                object % 3
                            );
                            run(&mut client, &update).unwrap_or_else(|error| panic!("{update}: {error}"));
                        }
                        written[object] += 1;
                    }
                    written
                })
            })
            .collect();
        let mover = scope.spawn(|| {
            let half = (0, 2_730);
            for round in 0..3 {
                migrate(&cluster, half, 0, 2);
                begin(&cluster, (2_731, 5_460), 0, 2);
                let _ = cluster.nodes[0].try_run("CLUSTER CANCELSLOTMIGRATIONS");
                eventually("the migration to end", || {
                    ["success", "cancelled", "failed"].contains(&&*latest_state(&cluster, 0))
                });
                if cluster.owner(2_731) == 2 {
                    migrate(&cluster, (2_731, 5_460), 2, 0);
                }
                migrate(&cluster, half, 2, 0);
                assert_eq!(cluster.owner(0), 0, "round {round}");
            }
        });
        let moved = mover.join();
        done.store(true, Ordering::Relaxed);
        moved.expect("every migration succeeds");
        writers.into_iter().map(|writer| writer.join().expect("no client sees an error")).collect()
    });
    let mut client = cluster.client();
    for object in 0..OBJECTS {
        let stats = run(&mut client, &format!("TRACKER.STATS m {object}")).unwrap();
        let expected: usize = written.iter().map(|written| written[object]).sum();
        assert_eq!(get(&stats, "total"), Value::Int(expected as i64), "object {object}");
        assert_eq!(get(&get(&stats, "states"), "SUCCESS"), Value::Int(expected as i64), "object {object}");
    }
    cluster.assert_every_key_is_where_it_belongs();
}

#[test]
fn a_source_that_is_killed_while_it_migrates_slots_loses_nothing_and_leaves_nothing_twice() {
    const OBJECTS: usize = 60;
    // The replicas are read in the end too, after their primaries have ended.
    let options = ["--cluster-node-timeout", "2000", "--cluster-allow-reads-when-down", "yes"];
    let Some(mut cluster) = cluster(1, &options) else { return };
    let served = cluster.served(&cluster.nodes[0]);
    let is_of_source = |object: &String| served.iter().any(|slots| slots.contains(&cluster.slot(object)));
    let objects = (0..).map(|object: usize| object.to_string()).filter(is_of_source);
    let objects: Vec<_> = objects.take(OBJECTS).collect();
    let (slot, mut source) = (cluster.slot(&objects[0]), cluster.nodes[0].connect());
    let writer = thread::spawn({
        let objects = objects.clone();
        move || {
            let (value, mut kept) = ("x".repeat(300), vec![0; OBJECTS]);
            for at in (0..OBJECTS).cycle() {
                let (object, task) = (&objects[at], format!("t{}", kept[at]));
                let update = ["TRACKER.UPSERT", "m", object, &task, "STATE", "SUCCESS", "NAME", "n"];
                let fields = ["FIELDS", "1", "args", &value];
                let words: Vec<_> = update.iter().chain(&fields).map(|word| word.as_bytes()).collect();
                let is_done = call(&mut source, &words).is_ok();
                let is_kept = call(&mut source, &[b"WAIT", b"1", b"1000"]).is_ok_and(|count| count == Value::Int(1));
                if !is_done || !is_kept {
                    break;
                }
                kept[at] += 1;
            }
            kept
        }
    });
    eventually("some records", || cluster.nodes[0].keys().len() > 2_000);
    begin(&cluster, (0, 2_730), 0, 1);
    cluster.nodes[0].kill();
    let kept = writer.join().expect("the writer ends where its server does");
    eventually("a replica to take over", || cluster.nodes[1..].iter().any(|node| cluster.serves(node, slot)));
    cluster.nodes[0].restart();
    eventually("the source to follow", || cluster.nodes[0].info("replication").contains("master_link_status:up"));
    for (object, kept) in objects.iter().zip(kept) {
        let owner = &cluster.nodes[cluster.owner(cluster.slot(object))];
        let total: i64 = text(&get(&owner.run(&format!("TRACKER.STATS m {object}")), "total")).parse().unwrap();
        // The last update may be there although its writer was not told.
        assert!((kept..=kept + 1).contains(&total), "object {object}: {total} of {kept}");
    }
    cluster.assert_every_key_is_where_it_belongs();
}

#[test]
fn a_target_takes_the_sources_word_for_clock_and_limits() {
    let Some(cluster) = cluster(0, &[]) else { return };
    let object = (0..).map(|object: usize| object.to_string()).find(|object| cluster.slot(object) < 2_731).unwrap();
    cluster.nodes[2].run("CONFIG SET tracker.max-value-bytes 10");
    cluster.nodes[2].run("CONFIG SET tracker.max-tasks-per-object 5");
    cluster.nodes[2].run("CONFIG SET tracker.retention-window 7");
    let done = AtomicBool::new(false);
    let written = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = 0;
            // Until the target owns the slot, and the source refuses.
            while !done.load(Ordering::Relaxed) {
                let update = format!(
                    "TRACKER.UPSERT m {object} t{written} STATE SUCCESS NAME n FIELDS 1 args {}",
                    "x".repeat(100)
                );
                if cluster.nodes[0].try_run(&update).is_err() {
                    break;
                }
                written += 1;
            }
            written
        });
        let mover = scope.spawn(|| {
            eventually("some records", || cluster.nodes[0].keys().len() > 200);
            migrate(&cluster, (0, 2_730), 0, 2);
        });
        let moved = mover.join();
        done.store(true, Ordering::Relaxed);
        moved.expect("the migration succeeds");
        writer.join().unwrap()
    });
    let page = cluster.nodes[2].run(&format!("TRACKER.QUERY m {object} SIZE 200 FIELDS 2 args args_bytes"));
    assert_eq!(get(&page, "total"), Value::Int(written));
    for task in 0..written {
        let args = cluster.nodes[2].text(&format!("HGET m:{{{object}}}:record:t{task} args"));
        assert_eq!(args.len(), 100, "t{task}");
        let ttl: i64 = cluster.nodes[2].text(&format!("TTL m:{{{object}}}:record:t{task}")).parse().unwrap();
        assert!(ttl > 80_000, "t{task} ends in {ttl} s");
    }
}
