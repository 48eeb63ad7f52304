//! A client of a cluster.

use std::collections::hash_map::Entry;
use std::collections::HashMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use fastrand::Rng;
use redis::{Connection, ConnectionLike, Value};

use crate::server::{call, text};
use crate::writer::Target;

/// After this time without an answer a client gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the command that it is given, for the object that is its key.
const SCRIPT: &[u8] = b"return redis.call(unpack(ARGV))";

/// How a command is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Plain,
    Script,
    Transaction,
}

/// Sends each command to the node of its object, and waits while there is none. It sends some of them from within a script or
/// a transaction.
pub struct Router {
    ports: Vec<u16>,
    connections: HashMap<u16, Connection>,
    nodes: HashMap<String, u16>,
    random: Rng,
}

impl Router {
    /// A client that knows the nodes at these ports.
    pub fn new(ports: &[u16], random: Rng) -> Self {
        Self { ports: ports.to_vec(), connections: HashMap::new(), nodes: HashMap::new(), random }
    }

    fn run_on(&mut self, port: u16, object: &str, words: &[&[u8]], way: Way, asking: bool) -> Result<Value, String> {
        if let Entry::Vacant(free) = self.connections.entry(port) {
            let client =
                redis::Client::open(format!("redis://127.0.0.1:{port}/")).map_err(|error| error.to_string())?;
            let connection = client.get_connection_with_timeout(Duration::from_secs(1));
            free.insert(connection.map_err(|error| format!("GONE {error}"))?);
        }
        let connection = self.connections.get_mut(&port).expect("just made");
        if asking {
            call(connection, &[b"ASKING"])?;
        }
        let reply = match way {
            Way::Plain => call(connection, words),
            Way::Script => call(connection, &[&[b"EVAL", SCRIPT, b"1", object.as_bytes()], words].concat()),
            Way::Transaction => transaction(connection, words),
        };
        if !connection.is_open() {
            self.connections.remove(&port);
        }
        reply
    }

    /// The node to ask after one that is gone.
    fn next(&self, port: u16) -> u16 {
        let at = self.ports.iter().position(|other| *other == port).map_or(0, |at| at + 1);
        self.ports[at % self.ports.len()]
    }
}

impl Target for Router {
    /// An update whose reply was lost is sent again, as the package does.
    fn call(&mut self, object: &str, words: &[&[u8]]) -> Result<Value, String> {
        let mut port = *self.nodes.get(object).unwrap_or(&self.ports[0]);
        if words[0] == b"WAIT" {
            // Only the connection that sent an update can wait for its replicas.
            return Ok(self.run_on(port, object, words, Way::Plain, false).unwrap_or(Value::Int(0)));
        }
        let way = match self.random.u8(0..4) {
            0 => Way::Script,
            1 => Way::Transaction,
            _ => Way::Plain,
        };
        let (begun, mut asking) = (Instant::now(), false);
        loop {
            let refusal = match self.run_on(port, object, words, way, asking) {
                Ok(reply) => {
                    self.nodes.insert(object.to_owned(), port);
                    return Ok(reply);
                }
                Err(refusal) => refusal,
            };
            if begun.elapsed() > PATIENCE {
                return Err(refusal);
            }
            let target = || refusal.rsplit(':').next().and_then(|port| port.parse().ok()).expect("an address");
            match refusal.split(' ').next() {
                Some("MOVED") => (port, asking) = (target(), false),
                // ASKING counts for one command only, so a transaction waits until the slot has moved.
                Some("ASK") if way == Way::Transaction => sleep(Duration::from_millis(10)),
                Some("ASK") => (port, asking) = (target(), true),
                // What a script is told of a cluster that is down has no code of its own.
                Some("ERR") if refusal.contains("the cluster is down") => sleep(Duration::from_millis(50)),
                Some("ERR" | "NOPERM" | "WRONGTYPE") => return Err(refusal),
                Some("TRYAGAIN") => sleep(Duration::from_millis(10)),
                _ => {
                    sleep(Duration::from_millis(50));
                    (port, asking) = (self.next(port), false);
                }
            }
        }
    }
}

/// Runs the command between two others that do not belong to it, and returns its reply.
fn transaction(connection: &mut Connection, words: &[&[u8]]) -> Result<Value, String> {
    call(connection, &[b"MULTI"])?;
    let queued = call(connection, words);
    if let Err(refusal) = queued {
        let _ = call(connection, &[b"DISCARD"]);
        return Err(refusal);
    }
    let Value::Array(mut replies) = call(connection, &[b"EXEC"])? else { return Err("ERR no transaction".to_owned()) };
    match replies.pop() {
        Some(Value::ServerError(error)) => Err(format!("{} {}", error.code(), error.details().unwrap_or_default())),
        Some(reply) => Ok(Value::SimpleString(text(&reply))),
        None => Err("ERR an empty transaction".to_owned()),
    }
}
