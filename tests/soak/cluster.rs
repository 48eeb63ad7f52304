//! A cluster of three primaries with a replica each: slots move while clients write, and primaries die.

use std::collections::HashMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use redis::{Connection, ConnectionLike, Value};

use crate::crash::logs;
use crate::log::{compare, tasks, Log};
use crate::nodes::Cluster;
use crate::report::{Found, Part};
use crate::server::{call, eventually, Server};
use crate::writer::{objects, write, Promise, Target};

#[derive(Debug, Clone, Copy)]
enum Fault {
    MovedByHand,
    Resharded,
    PrimaryKilled,
}

pub fn rounds(part: &mut Part) {
    // A primary that was killed has its data when it comes back as a replica of another.
    let disk = ["--appendonly", "yes", "--appendfsync", "always"];
    // When it all ends each node is read, also those whose primaries have ended before.
    let down = ["--cluster-node-timeout", "2000", "--cluster-allow-reads-when-down", "yes"];
    let options = [disk, down].concat();
    let mut cluster = Cluster::start_with(1, &options);
    let mut logs = logs();
    while part.goes_on() {
        let faults = [Fault::MovedByHand, Fault::PrimaryKilled, Fault::Resharded];
        let fault = faults[part.round() % faults.len()];
        let primary = cluster.owner(cluster.slot(&objects()[0]));
        let ports: Vec<_> = cluster.nodes.iter().map(Server::port).collect();
        let done = AtomicBool::new(false);
        let shared: Vec<_> = logs.drain(..).map(Mutex::new).collect();
        let refusals: Vec<String> = thread::scope(|scope| {
            let writers: Vec<_> = shared
                .iter()
                .enumerate()
                .map(|(number, log)| {
                    let (mut router, random, done) = (Router::new(&ports), part.random.fork(), &done);
                    let name = format!("r{}w{number}", part.round());
                    scope.spawn(move || {
                        write(&mut router, log, random, &name, Promise::Replicated, || !done.load(Ordering::Relaxed))
                    })
                })
                .collect();
            sleep(Duration::from_millis(500));
            // A panic here would leave the writers running.
            let mover = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                match fault {
                    Fault::MovedByHand => move_objects(&cluster),
                    Fault::Resharded => reshard(&cluster, primary),
                    Fault::PrimaryKilled => kill(&mut cluster, primary),
                }
                sleep(Duration::from_millis(500));
            }));
            done.store(true, Ordering::Relaxed);
            let results: Vec<_> = writers.into_iter().map(|writer| writer.join().expect("a writer")).collect();
            mover.expect("the cluster changes as it should");
            results.into_iter().filter_map(Result::err).collect()
        });
        logs.extend(shared.into_iter().map(|log| log.into_inner().unwrap()));
        refusals.iter().for_each(|refusal| eprintln!("a client gave up: {refusal}"));
        if matches!(fault, Fault::PrimaryKilled) {
            restart(&mut cluster.nodes[primary]);
        }
        let mut found = Found { mismatched: refusals.len(), ..Found::default() };
        for node in 0..cluster.nodes.len() {
            let objects: Vec<_> =
                objects().into_iter().filter(|object| cluster.owner(cluster.slot(object)) == node).collect();
            if !objects.is_empty() {
                found += compare(&mut cluster.nodes[node].connect(), &mut logs, &objects);
            }
        }
        let updates = logs.iter_mut().map(Log::take_count).sum();
        part.end_round(&format!("{fault:?}"), updates, found);
        if tasks(&logs) > 3_000 {
            let primaries = cluster.nodes.iter().filter(|node| node.info("replication").contains("role:master"));
            primaries.for_each(|node| drop(node.run("FLUSHALL")));
            logs = crate::crash::logs();
        }
    }
}

fn primaries(cluster: &Cluster) -> Vec<usize> {
    let is_primary = |node: &usize| cluster.nodes[*node].info("replication").contains("role:master");
    (0..cluster.nodes.len()).filter(is_primary).collect()
}

/// Each object's slot goes to another primary, key by key.
fn move_objects(cluster: &Cluster) {
    let primaries = primaries(cluster);
    for object in objects() {
        let slot = cluster.slot(&object);
        let at = primaries.iter().position(|node| *node == cluster.owner(slot)).expect("a primary");
        let to = primaries[(at + 1) % primaries.len()];
        let from = cluster.begin_move(slot, to);
        cluster.move_keys(slot, from, to);
        cluster.nodes[to].run(&format!("CLUSTER SETSLOT {slot} NODE {}", cluster.id(to)));
        cluster.nodes[from].run(&format!("CLUSTER SETSLOT {slot} NODE {}", cluster.id(to)));
        eventually("the others to know of the move", || cluster.owner(slot) == to);
    }
}

/// Many of a primary's slots go to another, those of objects among them.
fn reshard(cluster: &Cluster, from: usize) {
    let to = primaries(cluster).into_iter().find(|node| *node != from).expect("another primary");
    let done = Command::new("redis-cli")
        .args(["--cluster", "reshard", &format!("127.0.0.1:{}", cluster.nodes[from].port())])
        .args(["--cluster-from", &cluster.id(from), "--cluster-to", &cluster.id(to)])
        .args(["--cluster-slots", "1500", "--cluster-yes"])
        .output()
        .expect("redis-cli is installed with the server");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
}

/// A primary that serves an object dies; its replica is elected.
fn kill(cluster: &mut Cluster, killed: usize) {
    let slot = cluster.slot(&objects()[0]);
    cluster.nodes[killed].kill();
    let alive: Vec<_> = (0..cluster.nodes.len()).filter(|node| *node != killed).collect();
    eventually("a replica to take over", || alive.iter().any(|node| cluster.serves(&cluster.nodes[*node], slot)));
    eventually("the cluster to serve all slots", || {
        alive.iter().all(|node| cluster.nodes[*node].text("CLUSTER INFO").contains("cluster_state:ok"))
    });
}

/// A primary that died comes back as a replica.
fn restart(node: &mut Server) {
    node.restart();
    eventually("it to follow the new primary", || {
        let info = node.info("replication");
        info.contains("role:slave") && info.contains("master_link_status:up")
    });
}

/// A client that finds the node of each object, and waits while there is none.
struct Router {
    ports: Vec<u16>,
    connections: HashMap<u16, Connection>,
    nodes: HashMap<String, u16>,
}

impl Router {
    fn new(ports: &[u16]) -> Self {
        Self { ports: ports.to_vec(), connections: HashMap::new(), nodes: HashMap::new() }
    }

    fn run_on(&mut self, port: u16, words: &[&[u8]], asking: bool) -> Result<Value, String> {
        if let std::collections::hash_map::Entry::Vacant(free) = self.connections.entry(port) {
            let client =
                redis::Client::open(format!("redis://127.0.0.1:{port}/")).map_err(|error| error.to_string())?;
            let connection = client.get_connection_with_timeout(Duration::from_secs(1));
            free.insert(connection.map_err(|error| format!("GONE {error}"))?);
        }
        let connection = self.connections.get_mut(&port).expect("just made");
        if asking {
            call(connection, &[b"ASKING"])?;
        }
        let reply = call(connection, words);
        if !connection.is_open() {
            self.connections.remove(&port);
        }
        reply
    }
}

impl Target for Router {
    /// An update whose reply was lost is sent again, as the package does.
    fn call(&mut self, object: &str, words: &[&[u8]]) -> Result<Value, String> {
        let begun = Instant::now();
        let mut port = *self.nodes.get(object).unwrap_or(&self.ports[0]);
        let mut asking = false;
        loop {
            let refusal = match self.run_on(port, words, asking) {
                Ok(reply) => {
                    self.nodes.insert(object.to_owned(), port);
                    return Ok(reply);
                }
                Err(refusal) => refusal,
            };
            if begun.elapsed() > Duration::from_secs(30) {
                return Err(refusal);
            }
            let target = || refusal.rsplit(':').next().and_then(|port| port.parse().ok()).expect("an address");
            match refusal.split(' ').next() {
                Some("MOVED") => (port, asking) = (target(), false),
                Some("ASK") => (port, asking) = (target(), true),
                Some("ERR" | "NOPERM" | "WRONGTYPE") => return Err(refusal),
                Some("TRYAGAIN") => sleep(Duration::from_millis(10)),
                _ => {
                    sleep(Duration::from_millis(50));
                    port = self.ports
                        [(self.ports.iter().position(|other| *other == port).unwrap_or(0) + 1) % self.ports.len()];
                    asking = false;
                }
            }
        }
    }
}
