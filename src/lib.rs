//! A Redis module that keeps what Celery tasks did for one Django model instance: one hash for each task record, sorted
//! sets of task ids as indexes, moved together in one command.
//!
//! | layer | what lives there |
//! |---|---|
//! | `commands` | one file for each command: arguments, what it does, reply |
//! | `store` | one object's records and indexes on Redis keys |
//! | `model` | states, the transition rule, names, limits: pure Rust |
//! | `redis` | the server's functions, and every `unsafe` line |

#![deny(unsafe_code)]
// Unit tests cover the model alone; what only the server calls looks dead to them.
#![cfg_attr(test, allow(dead_code))]

mod commands;
mod model;
#[allow(unsafe_code)]
mod redis;
mod store;

use redis_module::{Context, RedisString, Status};

use commands::{Del, Expire, Get, Query, Upsert};
use redis::register;

/// The version that `MODULE LIST` tells: major, minor and patch as `10000 * major + 100 * minor + patch`.
const VERSION: i32 = 100;

/// Sets the module up when the server loads it.
fn load(ctx: &Context, arguments: &[RedisString]) -> Status {
    let registered = register::<Upsert>(ctx)
        .and_then(|()| register::<Get>(ctx))
        .and_then(|()| register::<Query>(ctx))
        .and_then(|()| register::<Expire>(ctx))
        .and_then(|()| register::<Del>(ctx));
    let refused = match (registered, arguments.first()) {
        (Err(error), _) => error.to_string(),
        (_, Some(argument)) => format!("unknown load argument '{}'", argument.escape_ascii()),
        (Ok(()), None) => return Status::Ok,
    };
    ctx.log_warning(&format!("tracker: not loaded: {refused}"));
    Status::Err
}

// Unit tests run without a server, whose allocator this would make theirs.
#[cfg(not(test))]
redis_module::redis_module! {
    name: "tracker",
    version: VERSION,
    allocator: (redis_module::alloc::RedisAlloc, redis_module::alloc::RedisAlloc),
    data_types: [],
    init: load,
}
