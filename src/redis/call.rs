use std::cell::OnceCell;
use std::ffi::{c_char, c_int, CStr};
use std::marker::PhantomData;
use std::slice;

use redis_module::raw;

use super::string::ServerString;
use super::user::User;
use super::{Failure, Reply, Text};

/// One call of a command: its arguments, its reply, and what is replicated of it. Keys are opened through it.
pub struct Call<'c> {
    ctx: *mut raw::RedisModuleCtx,
    argv: &'c [*mut raw::RedisModuleString],
    flags: u32,
    user: OnceCell<User>,
}

/// What a command of the server answered.
pub(super) struct CallReply<'r>(*mut raw::RedisModuleCallReply, PhantomData<&'r ()>);

/// A reply that is a count.
pub(super) fn integer(reply: &CallReply<'_>) -> usize {
    // SAFETY: the reply is valid; for one of another type the server returns a negative number.
    let count = unsafe { raw::RedisModule_CallReplyInteger.unwrap()(reply.0) };
    usize::try_from(count).unwrap_or(0)
}

/// A reply that is a list of strings.
pub(super) fn strings(reply: &CallReply<'_>) -> Vec<ServerString> {
    // SAFETY: the reply is valid, and so is each of its elements; what is no string yields none.
    unsafe {
        let elements = raw::RedisModule_CallReplyLength.unwrap()(reply.0);
        (0..elements)
            .filter_map(|at| {
                let element = raw::RedisModule_CallReplyArrayElement.unwrap()(reply.0, at);
                ServerString::owned(raw::RedisModule_CreateStringFromCallReply.unwrap()(element))
            })
            .collect()
    }
}

impl<'c> Call<'c> {
    /// # Safety
    /// The pointers are those that the server gave to a command's function, which has not returned yet.
    pub(super) unsafe fn new(
        ctx: *mut raw::RedisModuleCtx,
        argv: *mut *mut raw::RedisModuleString,
        argc: c_int,
    ) -> Self {
        let argv = slice::from_raw_parts(argv, usize::try_from(argc).unwrap_or(0));
        let flags = raw::RedisModule_GetContextFlags.unwrap()(ctx) as u32;
        Self { ctx, argv, flags, user: OnceCell::new() }
    }

    /// The arguments after the command's name.
    pub fn arguments(&self) -> &'c [Text<'c>] {
        // SAFETY: new() was promised that they live as long as the call.
        unsafe { Text::of_all(&self.argv[1..]) }
    }
}

impl Call<'_> {
    /// The server's clock in unix milliseconds. From Redis 7.2 on it stands still while a command, a transaction or a
    /// script runs, like the clock of the server's own expiry. Before 7.2 it runs on, and is never behind that clock.
    pub fn clock(&self) -> i64 {
        // SAFETY: neither function takes anything; the first is there from Redis 7.2 on.
        unsafe {
            match raw::RedisModule_CachedMicroseconds {
                Some(microseconds) => microseconds() / 1000,
                None => raw::RedisModule_Milliseconds.unwrap()(),
            }
        }
    }

    /// Whether the call comes from the primary or from the AOF, and so repeats an earlier call.
    pub fn is_replayed(&self) -> bool {
        self.has_flag(raw::REDISMODULE_CTX_FLAGS_REPLICATED | raw::REDISMODULE_CTX_FLAGS_LOADING)
    }

    /// Whether the server is a node of a cluster.
    pub fn is_on_cluster(&self) -> bool {
        self.has_flag(raw::REDISMODULE_CTX_FLAGS_CLUSTER)
    }

    /// Fails while the slot of the two keys moves to another node of the cluster. Some of an object's keys may then be on
    /// one node and some on the other, and a write would split the object. Neither key has to exist.
    ///
    /// The module API does not report that a slot moves. But the server refuses a command with several keys, one of them
    /// missing, while their slot moves (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>,
    /// "Multiple keys operations"), also when a module calls it.
    pub fn refuse_while_slot_moves(&self, key: &[u8], missing: &[u8]) -> Result<(), Failure> {
        if self.is_replayed() {
            return Ok(());
        }
        let (key, missing) = (ServerString::new(key), ServerString::new(missing));
        // SAFETY: the format says what follows: two strings. The reply is freed.
        unsafe {
            let reply = raw::RedisModule_Call.unwrap()(
                self.ctx,
                c"EXISTS".as_ptr(),
                c"ss".as_ptr(),
                key.as_ptr(),
                missing.as_ptr(),
            );
            if reply.is_null() {
                return Err(Failure::TryAgain);
            }
            raw::RedisModule_FreeCallReply.unwrap()(reply);
        }
        Ok(())
    }

    /// Publishes a keyspace event of the module for a key
    /// (<https://redis.io/docs/latest/develop/use/keyspace-notifications/>).
    pub(super) fn notify(&self, event: &CStr, key: &ServerString) {
        // SAFETY: ctx is valid for this call, the event ends in NUL, and the key's name is valid.
        unsafe {
            raw::RedisModule_NotifyKeyspaceEvent.unwrap()(
                self.ctx,
                raw::REDISMODULE_NOTIFY_MODULE,
                event.as_ptr(),
                key.as_ptr(),
            )
        };
    }

    /// Replicates this call as it is.
    pub fn replicate(&self) {
        // SAFETY: ctx is valid for this call.
        unsafe { raw::RedisModule_ReplicateVerbatim.unwrap()(self.ctx) };
    }

    /// Replicates another command, ahead of this call.
    pub fn replicate_other(&self, command: &CStr, arguments: &[&[u8]]) {
        let strings: Vec<_> = arguments.iter().map(|argument| ServerString::new(argument)).collect();
        let pointers: Vec<_> = strings.iter().map(ServerString::as_ptr).collect();
        // SAFETY: ctx is valid for this call, and the format says what follows: a vector with its length.
        unsafe {
            raw::RedisModule_Replicate.unwrap()(
                self.ctx,
                command.as_ptr(),
                c"v".as_ptr(),
                pointers.as_ptr(),
                pointers.len(),
            );
        }
    }

    /// Replicates this call with one more argument at its end.
    pub fn replicate_with(&self, last: &str) {
        // SAFETY: ctx is valid for this call, argv[0] is its command's name and ends in NUL as every string of the server
        // does, and the format says what follows: a vector with its length, a buffer with its length.
        unsafe {
            raw::RedisModule_Replicate.unwrap()(
                self.ctx,
                Text::of_all(self.argv)[0].as_bytes().as_ptr().cast::<c_char>(),
                c"vb".as_ptr(),
                self.argv[1..].as_ptr(),
                self.argv.len() - 1,
                last.as_ptr().cast::<c_char>(),
                last.len(),
            );
        }
    }

    /// Runs a read-only command of the server, without checking permissions. Returns the default if the server refuses it.
    pub(super) fn ask<R: Default>(
        &self,
        command: &CStr,
        arguments: &[&ServerString],
        read: impl FnOnce(&CallReply<'_>) -> R,
    ) -> R {
        let pointers: Vec<_> = arguments.iter().map(|argument| argument.as_ptr()).collect();
        // SAFETY: the format says what follows: a vector with its length. All outlive the call, and the reply is freed after
        // it was read.
        unsafe {
            let reply = raw::RedisModule_Call.unwrap()(
                self.ctx,
                command.as_ptr(),
                c"v".as_ptr(),
                pointers.as_ptr(),
                pointers.len(),
            );
            if reply.is_null() {
                return R::default();
            }
            let result = read(&CallReply(reply, PhantomData));
            raw::RedisModule_FreeCallReply.unwrap()(reply);
            result
        }
    }

    /// Writes the reply.
    pub fn reply(&self) -> Reply<'_> {
        Reply::new(self)
    }

    /// The user that the call runs for.
    pub(super) fn user(&self) -> &User {
        // SAFETY: ctx is valid for this call.
        self.user.get_or_init(|| unsafe { User::of(self) })
    }

    pub(super) fn has_flag(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn ctx(&self) -> *mut raw::RedisModuleCtx {
        self.ctx
    }
}
