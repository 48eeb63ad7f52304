use std::ffi::{c_char, c_int, CStr};
use std::panic::{catch_unwind, AssertUnwindSafe};

use redis_module::{decode_args, raw, Context, RedisString};

/// The name and version under which the module registers.
pub struct Identity {
    /// The name in `MODULE LIST`, and the prefix of its settings and of its fields in `INFO`.
    pub name: &'static CStr,
    /// The version in `MODULE LIST`: `10000 * major + 100 * minor + patch`.
    pub version: c_int,
}

/// Defines the function that the server calls when it loads the module. It takes an [`Identity`] and the function that
/// registers everything else, which fails with the reason to refuse to load.
///
/// The crate's own macro would do, but on every load it also registers callbacks for active defragmentation, of which
/// the module has none, and logs a warning if the server does not know them.
macro_rules! on_load {
    ($identity:expr, $register:expr) => {
        /// The entry point of the library.
        ///
        /// # Safety
        /// Only the server calls it, with what belongs to the module that it loads.
        #[allow(unsafe_code)]
        #[no_mangle]
        pub unsafe extern "C" fn RedisModule_OnLoad(
            ctx: *mut redis_module::raw::RedisModuleCtx,
            argv: *mut *mut redis_module::raw::RedisModuleString,
            argc: std::ffi::c_int,
        ) -> std::ffi::c_int {
            // SAFETY: the server's promise to this function is what load() asks for.
            unsafe { $crate::redis::load(ctx, argv, argc, &$identity, $register) as std::ffi::c_int }
        }
    };
}
pub(crate) use on_load;

/// Fetches the server's functions, then registers the module. A panic refuses to load.
///
/// # Safety
/// The pointers are those that the server gave to `RedisModule_OnLoad`, which has not returned yet.
pub unsafe fn load(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
    identity: &Identity,
    register: fn(&Context, &[RedisString]) -> Result<(), String>,
) -> raw::Status {
    let name = identity.name.as_ptr().cast::<c_char>();
    let version = raw::REDISMODULE_APIVER_1 as c_int;
    if raw::Export_RedisModule_Init(ctx, name, identity.version, version) == raw::Status::Err as c_int {
        return raw::Status::Err;
    }
    let context = Context::new(ctx);
    let arguments = decode_args(ctx, argv, argc);
    let registered = catch_unwind(AssertUnwindSafe(|| register(&context, &arguments)));
    match registered.unwrap_or_else(|_| Err("internal error".into())) {
        Ok(()) => raw::Status::Ok,
        Err(reason) => {
            context.log_warning(&format!("tracker: not loaded: {reason}"));
            raw::Status::Err
        }
    }
}
