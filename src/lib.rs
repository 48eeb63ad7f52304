//! A Redis module that keeps what Celery tasks did for one Django model instance: one hash for each task record, sorted
//! sets of task ids as indexes, moved together in one command.
//!
//! | layer | what lives there |
//! |---|---|
//! | `commands` | one file for each command: arguments, what it does, reply |
//! | `store` | one object's records and indexes on Redis keys |
//! | `model` | states, the transition rule, names, limits: pure Rust |
//! | `redis` | the server's functions, and every `unsafe` line |
//!
//! Beside them stand `settings`, what an administrator may set, and `counters`, what `INFO tracker` tells.

#![deny(unsafe_code)]
// Unit tests cover the model alone; what only the server calls looks dead to them.
#![cfg_attr(test, allow(dead_code))]

mod commands;
mod counters;
mod model;
#[allow(unsafe_code)]
mod redis;
mod settings;
mod store;

use redis_module::{Context, RedisString, Status};

use commands::COMMANDS;
use counters::Counters;
use settings::SETTINGS;

/// The version of `Cargo.toml` as `MODULE LIST` tells it: `10000 * major + 100 * minor + patch`.
const VERSION: i32 = 10_000 * number(env!("CARGO_PKG_VERSION_MAJOR"))
    + 100 * number(env!("CARGO_PKG_VERSION_MINOR"))
    + number(env!("CARGO_PKG_VERSION_PATCH"));

const fn number(digits: &str) -> i32 {
    match i32::from_str_radix(digits, 10) {
        Ok(number) if number < 100 => number,
        _ => panic!("a part of the version must be a number below 100"),
    }
}

/// Makes the module known to the server that loads it: its settings, its commands, its section of `INFO`.
fn load(ctx: &Context, arguments: &[RedisString]) -> Status {
    let loaded = redis::configure(ctx, &SETTINGS.all(), arguments)
        .and_then(|()| COMMANDS.iter().try_for_each(|command| command.register(ctx)));
    if let Err(reason) = loaded {
        ctx.log_warning(&format!("tracker: not loaded: {reason}"));
        return Status::Err;
    }
    redis::signal_changes_only(ctx);
    redis::inform::<Counters>(ctx);
    Status::Ok
}

// What the module allocates lives as long as a call: the server need not keep account of it. Unit tests run without a
// server.
#[cfg(not(test))]
redis_module::redis_module! {
    name: "tracker",
    version: VERSION,
    allocator: (std::alloc::System, std::alloc::System),
    data_types: [],
    init: load,
}
