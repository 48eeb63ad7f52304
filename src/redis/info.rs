use std::ffi::CString;
use std::ptr;

use redis_module::{raw, Context};

/// The numbers in the module's section of `INFO`.
pub trait Info {
    /// The names and values, in order.
    fn fields() -> Vec<(&'static str, u64)>;
}

/// Adds the module's section to `INFO`. The server prefixes each field with the module's name.
pub fn inform<I: Info>(ctx: &Context) {
    raw::register_info_function(ctx.get_raw(), Some(show::<I>));
}

extern "C" fn show<I: Info>(ctx: *mut raw::RedisModuleInfoCtx, _for_crash_report: i32) {
    // SAFETY: the server calls this with a context for its duration; no name means the module's own; each field's name
    // ends in NUL.
    unsafe {
        raw::RedisModule_InfoAddSection.unwrap()(ctx, ptr::null());
        for (name, number) in I::fields() {
            let name = CString::new(name).unwrap_or_default();
            raw::RedisModule_InfoAddFieldULongLong.unwrap()(ctx, name.as_ptr(), number);
        }
    }
}
