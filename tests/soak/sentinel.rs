//! A primary with two replicas that three sentinels watch and fail over, and clients that ask a sentinel for the primary.

use std::collections::HashMap;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use redis::{Connection, ConnectionLike, Value};
use tempfile::TempDir;

use crate::crash::logs;
use crate::log::{compare, Log};
use crate::report::Part;
use crate::server::{call, eventually, free_port, Server};
use crate::writer::{objects, under_load, Promise, Target, WRITERS};

/// The name that the sentinels give to the primary.
const NAME: &str = "tracked";
/// After this time without an answer a client gives up.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    FailedOver,
    PrimaryFrozen,
    PrimaryKilled,
}

pub fn rounds(part: &mut Part) {
    let mut watched = Watched::start();
    let mut logs = logs();
    while part.goes_on() {
        let fault = [Fault::FailedOver, Fault::PrimaryFrozen, Fault::PrimaryKilled][part.round() % 3];
        let before = watched.primary();
        let clients: Vec<_> = (0..WRITERS).map(|_| watched.client()).collect();
        let name = format!("r{}", part.round());
        let refusals = under_load(&mut logs, clients, &mut part.random, &name, Promise::Kept, |random| {
            sleep(Duration::from_millis(random.u64(300..900)));
            let process = process_id(&watched.nodes[before]);
            match fault {
                Fault::PrimaryKilled => watched.nodes[before].kill(),
                Fault::FailedOver => watched.fail_over(),
                Fault::PrimaryFrozen => signal("STOP", &process),
            }
            watched.wait_for_another(before);
            if fault == Fault::PrimaryFrozen {
                signal("CONT", &process);
            }
            sleep(Duration::from_millis(500));
        });
        refusals.iter().for_each(|refusal| eprintln!("a client gave up: {refusal}"));
        if fault == Fault::PrimaryKilled {
            watched.nodes[before].restart();
        }
        let primary = watched.primary();
        follow(&watched.nodes, primary);
        let mut found = compare(&mut watched.nodes[primary].connect(), &mut logs, &objects());
        found.mismatched += watched.differences(primary) + refusals.len();
        part.end_round(&format!("{fault:?}"), logs.iter_mut().map(Log::take_count).sum(), found);
        // A node that was killed comes back at another port, which the sentinels notice some ten seconds later.
        if fault == Fault::PrimaryKilled {
            logs = crate::crash::logs();
            watched = Watched::start();
        }
    }
}

fn process_id(server: &Server) -> String {
    // The sentinels close the connections of a server whose role they change.
    let info: String = redis::cmd("INFO").arg("server").query(&mut server.connect()).expect("an answer");
    info.lines().find_map(|line| line.strip_prefix("process_id:")).expect("a process id").trim().to_owned()
}

fn signal(name: &str, process: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status().expect("a shell");
    assert!(sent.success(), "no process {process}");
}

/// The servers and their sentinels, which end first.
struct Watched {
    sentinels: Sentinels,
    nodes: Vec<Server>,
}

impl Watched {
    fn start() -> Self {
        let nodes: Vec<_> = (0..3).map(|_| Server::start()).collect();
        follow(&nodes, 0);
        let sentinels = Sentinels::start(nodes[0].port());
        let watched = Self { sentinels, nodes };
        eventually("each sentinel to know the others and both replicas", || {
            let knows = |sentinel: &u16| {
                let info = ask(*sentinel, &["INFO", "sentinel"]).unwrap_or_default().join("");
                info.contains("slaves=2,sentinels=3")
            };
            watched.sentinels.ports.iter().all(knows)
        });
        watched
    }

    /// How many nodes hold other data than that one.
    fn differences(&self, primary: usize) -> usize {
        let digest = |node: &Server| ask(node.port(), &["DEBUG", "DIGEST"]).expect("the node answers");
        let own = digest(&self.nodes[primary]);
        self.nodes.iter().filter(|node| digest(node) != own).count()
    }

    /// The node that the sentinels name.
    fn primary(&self) -> usize {
        let port = self.sentinels.primary().expect("a sentinel answers");
        self.nodes.iter().position(|node| node.port() == port).expect("a node of ours")
    }

    /// Asks for a failover, which a sentinel refuses for a while after the one before.
    fn fail_over(&self) {
        let sentinel = self.sentinels.ports[0];
        eventually("a failover to begin", || ask(sentinel, &["SENTINEL", "FAILOVER", NAME]).is_ok());
    }

    fn wait_for_another(&self, before: usize) {
        eventually("another primary", || {
            let port = self.sentinels.primary();
            let node = self.nodes.iter().position(|node| Some(node.port()) == port);
            node.is_some_and(|node| {
                node != before && line(port.expect("its port"), "role:").as_deref() == Some("role:master")
            })
        });
    }

    fn client(&self) -> Client {
        let sentinels = self.sentinels.ports.clone();
        Client { sentinels, first: self.sentinels.primary(), connections: HashMap::new() }
    }
}

/// Three sentinels, which end with this.
struct Sentinels {
    processes: Vec<Child>,
    ports: Vec<u16>,
    _directory: TempDir,
}

impl Sentinels {
    fn start(primary: u16) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let server = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
        let ports: Vec<_> = (0..3).map(|_| free_port()).collect();
        let start = |port: &u16| {
            let file = directory.path().join(format!("{port}.conf"));
            let lines = [
                format!("port {port}"),
                "bind 127.0.0.1".to_owned(),
                format!("dir {}", directory.path().display()),
                format!("logfile {port}.log"),
                format!("sentinel monitor {NAME} 127.0.0.1 {primary} 2"),
                format!("sentinel down-after-milliseconds {NAME} 800"),
                format!("sentinel failover-timeout {NAME} 2000"),
            ];
            fs::write(&file, lines.join("\n")).expect("the directory can be written");
            let process = Command::new(&server).arg(file).arg("--sentinel").stdout(Stdio::null()).spawn();
            process.unwrap_or_else(|error| panic!("cannot start {server}: {error}"))
        };
        let processes = ports.iter().map(start).collect();
        Self { processes, ports, _directory: directory }
    }

    fn primary(&self) -> Option<u16> {
        primary(&self.ports)
    }
}

impl Drop for Sentinels {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Makes the others replicas of that node, and waits until they have what it has.
fn follow(nodes: &[Server], primary: usize) {
    let port = nodes[primary].port();
    let address = format!("master_port:{port}");
    eventually("the others to follow the primary", || {
        let Some(offset) = line(port, "master_repl_offset:") else { return false };
        let others = nodes.iter().map(Server::port).filter(|other| *other != port);
        let follows = |replica: u16| {
            let Some(told) = line(replica, "master_port:").or_else(|| line(replica, "role:")) else { return false };
            if told != address {
                // The sentinels would do it too, some ten seconds later.
                let _ = ask(replica, &["REPLICAOF", "127.0.0.1", &port.to_string()]);
            }
            line(replica, "slave_repl_offset:").is_some_and(|own| own.ends_with(&offset["master".len()..]))
                && line(replica, "master_link_status:").as_deref() == Some("master_link_status:up")
        };
        // Each of them is asked, and told.
        others.filter(|other| !follows(*other)).count() == 0
    });
}

/// The primary's port, by the first sentinel that answers.
fn primary(sentinels: &[u16]) -> Option<u16> {
    let address = |sentinel: &u16| ask(*sentinel, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME]).ok();
    sentinels.iter().find_map(address)?.get(1)?.parse().ok()
}

/// The line of a node's replication status that begins so. Sentinels cut off the clients of a node that they fail over, so
/// each question has a connection of its own.
fn line(node: u16, beginning: &str) -> Option<String> {
    let info = ask(node, &["INFO", "replication"]).ok()?.concat();
    info.lines().find(|line| line.starts_with(beginning)).map(str::to_owned)
}

/// What a sentinel or a node answers, as texts.
fn ask(port: u16, words: &[&str]) -> Result<Vec<String>, String> {
    let mut connection = connect(port)?;
    let words: Vec<_> = words.iter().map(|word| word.as_bytes()).collect();
    match call(&mut connection, &words)? {
        Value::Array(items) => Ok(items.iter().map(crate::server::text).collect()),
        reply => Ok(vec![crate::server::text(&reply)]),
    }
}

fn connect(port: u16) -> Result<Connection, String> {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}/")).map_err(|error| error.to_string())?;
    let connection = client.get_connection_with_timeout(Duration::from_secs(1)).map_err(|error| error.to_string())?;
    connection.set_read_timeout(Some(Duration::from_secs(2))).map_err(|error| error.to_string())?;
    Ok(connection)
}

/// A client that asks the sentinels for the primary, and sends an update again until it cannot be lost.
struct Client {
    sentinels: Vec<u16>,
    /// The primary before the fault.
    first: Option<u16>,
    connections: HashMap<u16, Connection>,
}

impl Client {
    /// Sends the update to the primary. `Err` where it does not survive for sure: the sentinels may choose either of two
    /// replicas, so both need it. After the fault one is enough.
    fn send(&mut self, words: &[&[u8]]) -> Result<Value, String> {
        let primary = primary(&self.sentinels).ok_or("GONE no sentinel")?;
        if !self.connections.get(&primary).is_some_and(ConnectionLike::is_open) {
            self.connections.insert(primary, connect(primary)?);
        }
        let connection = self.connections.get_mut(&primary).expect("just made");
        let reply = call(connection, words)?;
        let needed = if self.first == Some(primary) { 2 } else { 1 };
        match call(connection, &[b"WAIT", needed.to_string().as_bytes(), b"1000"])? {
            Value::Int(replicas) if replicas >= needed => Ok(reply),
            replicas => Err(format!("NOREPLICAS {replicas:?} of {needed}")),
        }
    }
}

impl Target for Client {
    fn call(&mut self, _object: &str, words: &[&[u8]]) -> Result<Value, String> {
        let begun = Instant::now();
        loop {
            let refusal = match self.send(words) {
                Ok(reply) => return Ok(reply),
                Err(refusal) => refusal,
            };
            if begun.elapsed() > PATIENCE || refusal.starts_with("ERR ") || refusal.starts_with("WRONGTYPE ") {
                return Err(refusal);
            }
            sleep(Duration::from_millis(50));
        }
    }
}
