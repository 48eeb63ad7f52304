//! Several servers that share the slots of one cluster.

use std::ops::RangeInclusive;
use std::process::Command;
use std::thread;
use std::time::Duration;

use redis::cluster::{ClusterClient, ClusterConnection};
use redis::Value;

use crate::server::{eventually, free_port, Server};

/// Three primaries that share the slots, with or without a replica each.
pub struct Cluster {
    /// The primaries, then their replicas, in the order in which they were started.
    pub nodes: Vec<Server>,
}

impl Cluster {
    /// Three primaries without replicas.
    pub fn start() -> Self {
        Self::start_with(0, &[])
    }

    /// Three primaries with that many replicas each, and with more options than the usual.
    pub fn start_with(replicas: usize, options: &[&str]) -> Self {
        let count = 3 * (1 + replicas);
        let nodes: Vec<_> = (0..count).map(|_| Self::node(options)).collect();
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port()));
        let created = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(addresses)
            .args(["--cluster-replicas", &replicas.to_string(), "--cluster-yes"])
            .output()
            .expect("redis-cli is installed with the server");
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stdout));
        let cluster = Self { nodes };
        let known = format!("cluster_known_nodes:{count}");
        eventually("the cluster to form", || {
            cluster.nodes.iter().all(|node| {
                let info = node.text("CLUSTER INFO");
                info.contains("cluster_state:ok") && info.contains(&known)
            })
        });
        cluster
    }

    /// A node that belongs to no cluster yet.
    pub fn node(options: &[&str]) -> Server {
        let bus = free_port().to_string();
        let cluster = ["--cluster-enabled", "yes", "--cluster-node-timeout", "15000", "--cluster-port", &bus];
        // What is given later counts.
        Server::start_with(&[&cluster[..], options].concat())
    }

    /// A client of the whole cluster, which follows redirections.
    pub fn client(&self) -> ClusterConnection {
        let addresses = self.nodes.iter().map(|node| format!("redis://127.0.0.1:{}/", node.port()));
        ClusterClient::builder(addresses).retries(60).build().unwrap().get_connection().unwrap()
    }

    /// The slot of an object.
    pub fn slot(&self, object: &str) -> u16 {
        self.nodes[0].text(&format!("CLUSTER KEYSLOT {object}")).parse().unwrap()
    }

    /// The node that serves the slot.
    pub fn owner(&self, slot: u16) -> usize {
        self.nodes.iter().position(|node| self.serves(node, slot)).expect("every slot is served")
    }

    /// Whether the node takes itself for the one that serves the slot.
    pub fn serves(&self, node: &Server, slot: u16) -> bool {
        self.served(node).iter().any(|slots| slots.contains(&slot))
    }

    /// The slots that the node takes itself for the one to serve.
    pub fn served(&self, node: &Server) -> Vec<RangeInclusive<u16>> {
        let info = node.text("CLUSTER NODES");
        let myself = info.lines().find(|line| line.contains("myself")).unwrap();
        if !myself.contains("master") {
            return Vec::new();
        }
        let ranges = myself.split(' ').skip(8).filter(|range| !range.starts_with('['));
        ranges
            .map(|range| {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                first.parse().unwrap()..=last.parse().unwrap()
            })
            .collect()
    }

    /// The id under which the other nodes know a node.
    pub fn id(&self, node: usize) -> String {
        self.nodes[node].text("CLUSTER MYID")
    }

    /// Begins to move a slot; keys are still where they were.
    pub fn begin_move(&self, slot: u16, to: usize) -> usize {
        let from = self.owner(slot);
        self.nodes[to].run(&format!("CLUSTER SETSLOT {slot} IMPORTING {}", self.id(from)));
        self.nodes[from].run(&format!("CLUSTER SETSLOT {slot} MIGRATING {}", self.id(to)));
        from
    }

    /// Moves the keys of a slot one by one, slowly enough for other commands to come between.
    pub fn move_keys(&self, slot: u16, from: usize, to: usize) {
        let port = self.nodes[to].port();
        loop {
            let keys = self.nodes[from].list(&format!("CLUSTER GETKEYSINSLOT {slot} 1"));
            let Some(key) = keys.first() else { return };
            // NOKEY is right if a key has expired meanwhile; BUSYKEY would be an error.
            self.nodes[from].run(&format!("MIGRATE 127.0.0.1 {port} {key} 0 5000"));
            thread::sleep(Duration::from_micros(200));
        }
    }

    /// Hands a slot over whose keys have moved.
    pub fn end_move(&self, slot: u16, from: usize, to: usize) {
        let owner = self.id(to);
        self.nodes[to].run(&format!("CLUSTER SETSLOT {slot} NODE {owner}"));
        self.nodes[from].run(&format!("CLUSTER SETSLOT {slot} NODE {owner}"));
        for node in &self.nodes {
            node.run(&format!("CLUSTER SETSLOT {slot} NODE {owner}"));
        }
    }

    pub fn assert_every_key_is_where_it_belongs(&self) {
        let is_primary = |node: &&Server| node.info("replication").contains("role:master");
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| is_primary(node)) {
            for key in node.keys() {
                let slot = self.slot(&key);
                assert_eq!(self.owner(slot), at, "{key} is on a node that does not serve its slot");
            }
        }
    }
}

/// Runs a command, written as in redis-cli but without quotes, on the node that serves its object.
pub fn run(client: &mut ClusterConnection, command: &str) -> Result<Value, redis::RedisError> {
    let mut words = command.split(' ');
    let mut request = redis::cmd(words.next().unwrap());
    for word in words {
        request.arg(word);
    }
    request.query(client)
}
