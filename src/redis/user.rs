use std::ffi::c_int;
use std::io;
use std::ptr::NonNull;

use redis_module::raw;

use super::string::ServerString;
use super::{Call, Failure, Mode};

/// The user that a call runs for.
pub(super) enum User {
    /// The server itself: the replication link, the AOF, another module. It may do everything.
    Server,
    /// A user of the server's ACL.
    Named(NonNull<raw::RedisModuleUser>),
    /// A user that was deleted. It may do nothing.
    Unknown,
}

impl User {
    /// The user of the client that the call came from, or that runs the script it stands in.
    ///
    /// # Safety
    /// The call has not returned yet.
    pub(super) unsafe fn of(call: &Call<'_>) -> Self {
        if call.is_replayed() {
            return Self::Server;
        }
        let ctx = call.ctx();
        // A script runs as a client that the server does not list, with the user of the one that called it. Any other
        // client that is not listed is another module's, and has no user.
        let name = if call.has_flag(raw::REDISMODULE_CTX_FLAGS_LUA) {
            if !has_user(ctx) {
                return Self::Server;
            }
            raw::RedisModule_GetCurrentUserName.unwrap()(ctx)
        } else {
            let client = raw::RedisModule_GetClientId.unwrap()(ctx);
            raw::RedisModule_GetClientUserNameById.unwrap()(ctx, client)
        };
        let Some(name) = ServerString::owned(name) else {
            return Self::Server;
        };
        let user = raw::RedisModule_GetModuleUserFromUserName.unwrap()(name.as_ptr());
        NonNull::new(user).map_or(Self::Unknown, Self::Named)
    }

    /// Fails if the user's key patterns do not allow that mode.
    pub(super) fn check(&self, key: &ServerString, mode: Mode) -> Result<(), Failure> {
        let access = match mode {
            Mode::Read => raw::REDISMODULE_CMD_KEY_ACCESS,
            Mode::Write => {
                raw::REDISMODULE_CMD_KEY_INSERT | raw::REDISMODULE_CMD_KEY_UPDATE | raw::REDISMODULE_CMD_KEY_DELETE
            }
            Mode::Peek | Mode::Maintain => return Ok(()),
        };
        match self {
            Self::Server => Ok(()),
            Self::Unknown => Err(Failure::NoPermission),
            Self::Named(user) => {
                // SAFETY: self owns the user, and the key's name is valid.
                let status = unsafe {
                    raw::RedisModule_ACLCheckKeyPermissions.unwrap()(user.as_ptr(), key.as_ptr(), access as c_int)
                };
                match raw::Status::from(status) {
                    raw::Status::Ok => Ok(()),
                    raw::Status::Err => Err(Failure::NoPermission),
                }
            }
        }
    }
}

/// Whether the call's client has a user. A module may call a command under a script too, and Redis 7.0 would crash when
/// asked for the name of a user that is not there; a call on behalf of the user fails with an error instead.
unsafe fn has_user(ctx: *mut raw::RedisModuleCtx) -> bool {
    let reply = raw::RedisModule_Call.unwrap()(ctx, c"PING".as_ptr(), c"C".as_ptr());
    if reply.is_null() {
        return io::Error::last_os_error().raw_os_error() != Some(ENOTSUP);
    }
    raw::RedisModule_FreeCallReply.unwrap()(reply);
    true
}

/// The server's error if there is no user to act for.
const ENOTSUP: i32 = 95;

impl Drop for User {
    fn drop(&mut self) {
        if let Self::Named(user) = self {
            // SAFETY: self owns the user.
            unsafe { raw::RedisModule_FreeModuleUser.unwrap()(user.as_ptr()) };
        }
    }
}
