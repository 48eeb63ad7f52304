use std::ffi::{c_char, c_int, CStr};
use std::panic::catch_unwind;

use redis_module::{raw, Context};

use super::string::bytes_of;

/// Reports every key that a command or the server's eviction removes or renames to `W`. Keys that the module itself removes
/// are not reported, nor those that reach the end of their TTL.
///
/// The report comes while the key is being removed, so it must not read or write data
/// (<https://redis.io/docs/latest/develop/reference/modules/modules-api-ref/#redismodule_subscribetokeyspaceevents>).
/// Fails with the reason to refuse to load.
pub fn watch_removals<W: Removals>(ctx: &Context) -> Result<(), String> {
    let types = raw::REDISMODULE_NOTIFY_GENERIC | raw::REDISMODULE_NOTIFY_EVICTED;
    // SAFETY: ctx is the one that the server loads the module with.
    let status = unsafe {
        raw::RedisModule_SubscribeToKeyspaceEvents.unwrap()(ctx.get_raw(), types as c_int, Some(happened::<W>))
    };
    match raw::Status::from(status) {
        raw::Status::Ok => Ok(()),
        raw::Status::Err => Err("the server does not report removed keys".into()),
    }
}

/// Takes the reports of removed keys.
pub trait Removals {
    /// A key of that name was removed. This function may open no key.
    fn removed(key: &[u8]);
}

unsafe extern "C" fn happened<W: Removals>(
    _ctx: *mut raw::RedisModuleCtx,
    _type: c_int,
    event: *const c_char,
    key: *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the server passes the event's name, which ends in NUL, and the key's, both valid during this call.
    let (event, key) = unsafe { (CStr::from_ptr(event), bytes_of(key)) };
    if matches!(event.to_bytes(), b"del" | b"evicted" | b"rename_from" | b"move_from") {
        // A panic must not unwind through the server's frames. Only this report is lost.
        let _ = catch_unwind(|| W::removed(key));
    }
    raw::REDISMODULE_OK as c_int
}
