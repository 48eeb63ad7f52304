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
//! Beside them stand `settings`, what an administrator may set, and `counters`, what `INFO tracker` shows.

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

use redis_module::{Context, RedisString};

use commands::COMMANDS;
use counters::Counters;
use redis::Identity;
use settings::SETTINGS;
use store::RemovedByOthers;

/// The version of `Cargo.toml` as `MODULE LIST` shows it: `10000 * major + 100 * minor + patch`.
const VERSION: i32 = 10_000 * number(env!("CARGO_PKG_VERSION_MAJOR"))
    + 100 * number(env!("CARGO_PKG_VERSION_MINOR"))
    + number(env!("CARGO_PKG_VERSION_PATCH"));

const fn number(digits: &str) -> i32 {
    match i32::from_str_radix(digits, 10) {
        Ok(number) if number < 100 => number,
        _ => panic!("a part of the version must be a number below 100"),
    }
}

const IDENTITY: Identity = Identity { name: c"tracker", version: VERSION };

/// Registers the settings, the commands and the section of `INFO` with the server that loads the module. Fails with the
/// reason to refuse to load.
fn register(ctx: &Context, arguments: &[RedisString]) -> Result<(), String> {
    redis::configure(ctx, &SETTINGS.all(), arguments)?;
    redis::add_category(ctx)?;
    COMMANDS.iter().try_for_each(|command| command.register(ctx))?;
    redis::declare_options(ctx);
    redis::inform::<Counters>(ctx);
    redis::watch_removals::<RemovedByOthers>(ctx)
}

redis::on_load!(IDENTITY, register);
