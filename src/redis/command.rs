use std::any::Any;
use std::ffi::{c_int, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};

use redis_module::{raw, Context};

use super::{Call, Documentation, Failure, Keys};

/// A command of the module.
pub trait Command {
    /// The name, in lower case.
    const NAME: &'static str;
    /// The server's flags for it, separated by spaces
    /// (<https://redis.io/docs/latest/develop/reference/modules/modules-api-ref/#redismodule_createcommand>).
    const FLAGS: &'static str;
    /// What `COMMAND DOCS` shows.
    const DOCUMENTATION: Documentation;

    /// Runs one call and replies to it. Fails only before it has replied or changed anything.
    fn run(call: &Call<'_>) -> Result<(), Failure>;
}

/// An entry in the module's list of commands.
pub struct Entry {
    /// The name, in lower case.
    pub name: &'static str,
    /// What `COMMAND DOCS` shows.
    pub documentation: Documentation,
    flags: &'static str,
    function: ServerFunction,
}

type ServerFunction = extern "C" fn(*mut raw::RedisModuleCtx, *mut *mut raw::RedisModuleString, c_int) -> c_int;

/// The ACL category of every command of the module: `+@tracker` allows them all.
const CATEGORY: &str = "tracker";

/// Adds the module's ACL category, on servers that support it: Redis from 7.4 on, Valkey from 8 on. Call it before the first
/// command is registered. Fails with the reason to refuse to load.
pub fn add_category(ctx: &Context) -> Result<(), String> {
    let name = CString::new(CATEGORY).map_err(|error| error.to_string())?;
    // SAFETY: ctx is the one that the server loads the module with, and the name ends in NUL.
    let status = unsafe {
        match raw::RedisModule_AddACLCategory {
            Some(add_category) => add_category(ctx.get_raw(), name.as_ptr()),
            None => return Ok(()),
        }
    };
    match raw::Status::from(status) {
        raw::Status::Ok => Ok(()),
        raw::Status::Err => Err(format!("the server does not take the ACL category {CATEGORY}: its name may be taken")),
    }
}

impl Entry {
    /// The entry of that command.
    pub const fn of<C: Command>() -> Self {
        Self { name: C::NAME, documentation: C::DOCUMENTATION, flags: C::FLAGS, function: guarded::<C> }
    }

    /// Registers the command. Fails with the reason to refuse to load.
    pub fn register(&self, ctx: &Context) -> Result<(), String> {
        let name = CString::new(self.name).map_err(|error| error.to_string())?;
        let flags = CString::new(self.flags).map_err(|error| error.to_string())?;
        let function: unsafe extern "C" fn(_, _, _) -> _ = self.function;
        // SAFETY: ctx is the one that the server loads the module with; both strings outlive the call. It is given no
        // positions of keys: clients route by the documentation.
        let status = unsafe {
            raw::RedisModule_CreateCommand.unwrap()(
                ctx.get_raw(),
                name.as_ptr(),
                Some(function),
                flags.as_ptr(),
                0,
                0,
                0,
            )
        };
        if raw::Status::from(status) == raw::Status::Err {
            return Err(format!("the server does not take the command {}: its name may be taken", self.name));
        }
        // SAFETY: as above, and the command was just created; the categories end in NUL. Redis 7.0 has no such function.
        let status = unsafe {
            let command = raw::RedisModule_GetCommand.unwrap()(ctx.get_raw(), name.as_ptr());
            if let Some(set_categories) = raw::RedisModule_SetCommandACLCategories {
                set_categories(command, self.categories().as_ptr());
            }
            self.documentation.attach(command)
        };
        match status {
            raw::Status::Ok => Ok(()),
            raw::Status::Err => Err(format!("the server does not take the documentation of {}", self.name)),
        }
    }

    /// The ACL categories of the command: the server's own, and the module's if the server supports it.
    fn categories(&self) -> CString {
        let own = match self.documentation.keys {
            Some(Keys::Write) => "write slow",
            Some(Keys::Read) => "read slow",
            None => "fast",
        };
        // SAFETY: a pointer that the server filled in when it began to load the module.
        let add_category = unsafe { raw::RedisModule_AddACLCategory };
        let categories = if add_category.is_some() { format!("{own} {CATEGORY}") } else { own.to_owned() };
        CString::new(categories).expect("no category holds a NUL")
    }
}

/// The function that the server calls. It catches a panic and answers with an error: in the server's own frames a panic would
/// abort the server.
extern "C" fn guarded<C: Command>(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    let ran = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the server calls a command's function with these.
        let call = unsafe { Call::new(ctx, argv, argc) };
        if let Err(failure) = C::run(&call) {
            failure.count();
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
