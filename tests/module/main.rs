//! The module in real redis-server processes, which the tests start themselves on free ports.
//!
//! `TRACKER_MODULE` names the module to load; without it that of `cargo build --release`. `REDIS_SERVER` names the server;
//! without it the `redis-server` that is installed.

mod acl;
mod arrival;
mod clock;
mod clocks;
mod cluster;
mod concurrency;
mod configuration;
mod damage;
mod del;
mod events;
mod expire;
mod get;
mod ghosts;
mod history;
mod hold;
mod hostile;
mod introspection;
mod invariant;
mod migration;
mod nodes;
mod query;
mod replication;
mod retain;
mod retention;
mod rows;
mod search;
mod server;
mod stats;
mod upsert;
mod watch;
