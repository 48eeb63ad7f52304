use std::ffi::{c_char, c_int, CStr};
use std::panic::catch_unwind;

use redis_module::{raw, Context};

use super::string::bytes_of;

/// Has `on_removed` told the name of every key that a command or the server's eviction removes or renames. The module's own
/// removals and those by TTL are not among them.
///
/// It runs inside whatever removes the key, so it must not touch the data
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
        raw::Status::Err => Err("the server does not tell of removed keys".into()),
    }
}

/// Who wants to know of removed keys.
pub trait Removals {
    /// The key of that name was removed. No key may be opened here.
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
        // A panic must not cross the server's own frames. It would cost a hint, and nothing else.
        let _ = catch_unwind(|| W::removed(key));
    }
    raw::REDISMODULE_OK as c_int
}
