use std::ffi::c_int;

use redis_module::{raw, Context};

/// Valkey's `VALKEYMODULE_OPTIONS_HANDLE_ATOMIC_SLOT_MIGRATION`, which the crate does not know. Other servers ignore it.
const HANDLES_ATOMIC_SLOT_MIGRATION: c_int = 1 << 5;

/// Tells the server how the module behaves.
///
/// - The server signals no changed keys by itself: [`ServerKey`](super::key::ServerKey) signals those that did change.
/// - Valkey 9 may migrate slots atomically. While it does, it replays on the target what the module replicates, and each
///   replicated call carries the clock and the limits that it ran under. A node on which a module does not declare this
///   refuses every such migration.
pub fn declare_options(ctx: &Context) {
    let options = raw::REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED as c_int | HANDLES_ATOMIC_SLOT_MIGRATION;
    // SAFETY: ctx is the one that the server loads the module with.
    unsafe { raw::RedisModule_SetModuleOptions.unwrap()(ctx.get_raw(), options) };
}
