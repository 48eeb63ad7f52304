use std::any::Any;
use std::ffi::{c_int, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};

use redis_module::{raw, Context, RedisError};

use super::{Call, Failure};

/// A command of the module: its face to the server, and what it does.
pub trait Command {
    /// The name, in lower case.
    const NAME: &'static str;
    /// The server's flags for it, separated by blanks
    /// (<https://redis.io/docs/latest/develop/reference/modules/modules-api-ref/#redismodule_createcommand>).
    const FLAGS: &'static str;

    /// Runs one call and replies to it, or fails before it has replied or changed anything.
    fn run(call: &Call<'_>) -> Result<(), Failure>;
}

/// Adds a command to the server.
pub fn register<C: Command>(ctx: &Context) -> Result<(), RedisError> {
    let name = CString::new(C::NAME)?;
    let flags = CString::new(C::FLAGS)?;
    // SAFETY: ctx is the one that the server loads the module with; both strings outlive the call. There are no
    // positions of keys: clients route by what the command's documentation says of `id`.
    let status = unsafe {
        raw::RedisModule_CreateCommand.unwrap()(
            ctx.get_raw(),
            name.as_ptr(),
            Some(guarded::<C>),
            flags.as_ptr(),
            0,
            0,
            0,
        )
    };
    match raw::Status::from(status) {
        raw::Status::Ok => Ok(()),
        raw::Status::Err => Err(RedisError::String(format!("{} is there already", C::NAME))),
    }
}

/// The function that the server calls. A panic ends here, as an error reply: in the server's own frames it would abort
/// the server.
extern "C" fn guarded<C: Command>(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    let ran = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the server calls a command's function with these.
        let call = unsafe { Call::new(ctx, argv, argc) };
        if let Err(failure) = C::run(&call) {
            call.reply().error(&failure.to_string());
        }
    }));
    if let Err(panic) = ran {
        let reason = format!("{}: internal error: {}", C::NAME, message(panic.as_ref()));
        Context::new(ctx).log_warning(&reason.escape_default().to_string());
        // SAFETY: as above; the message is free of line breaks and ends in NUL.
        unsafe {
            raw::RedisModule_ReplyWithError.unwrap()(
                ctx,
                c"ERR internal error in the tracker, see the server's log".as_ptr(),
            )
        };
    }
    raw::Status::Ok as c_int
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic")
}
