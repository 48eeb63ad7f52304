use std::cell::Cell;
use std::ffi::c_int;

use redis_module::raw;

use super::string::ServerString;
use super::{Call, Failure};

/// What a key is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To read what the user asks for.
    Read,
    /// To read what the module itself needs. No permission is needed.
    Peek,
    /// To read and write what the user asks for. The first write creates a missing key.
    Write,
    /// To write what follows from an allowed write or from the passing of time. No permission is needed.
    Maintain,
}

/// An open key that has one type or is missing. While one writes a key, no other may have it open.
pub(super) struct ServerKey<'c> {
    key: *mut raw::RedisModuleKey,
    name: ServerString,
    is_changed: bool,
    /// The TTL, once it was looked up.
    expires_at: Cell<Option<Option<i64>>>,
    call: &'c Call<'c>,
}

impl<'c> ServerKey<'c> {
    /// Fails if the user may not open the key in that mode, or if it holds another type than `expected`.
    pub(super) fn open(call: &'c Call<'c>, name: &[u8], mode: Mode, expected: raw::KeyType) -> Result<Self, Failure> {
        let name = ServerString::new(name);
        call.user().check(&name, mode)?;
        let mode = match mode {
            Mode::Read | Mode::Peek => raw::KeyMode::READ,
            Mode::Write | Mode::Maintain => raw::KeyMode::READ | raw::KeyMode::WRITE,
        };
        let key = raw::open_key(call.ctx(), name.as_ptr(), mode);
        let key = Self { key, name, is_changed: false, expires_at: Cell::new(None), call };
        match key.kind() {
            raw::KeyType::Empty => Ok(key),
            kind if kind == expected => Ok(key),
            _ => Err(Failure::WrongType),
        }
    }

    fn kind(&self) -> raw::KeyType {
        // SAFETY: the server takes null for a missing key; otherwise self keeps the key open.
        let kind = unsafe { raw::RedisModule_KeyType.unwrap()(self.key) };
        raw::KeyType::from(kind)
    }

    pub(super) fn as_ptr(&self) -> *mut raw::RedisModuleKey {
        self.key
    }

    /// Makes the clients that WATCH the key notice the change, once the key is closed.
    pub(super) fn mark_changed(&mut self) {
        self.is_changed = true;
    }

    pub(super) fn name(&self) -> &ServerString {
        &self.name
    }

    pub(super) fn call(&self) -> &'c Call<'c> {
        self.call
    }

    pub(super) fn exists(&self) -> bool {
        self.kind() != raw::KeyType::Empty
    }

    /// How many members or fields the key holds.
    pub(super) fn len(&self) -> usize {
        // SAFETY: the server takes null for a missing key; otherwise self keeps the key open.
        unsafe { raw::RedisModule_ValueLength.unwrap()(self.key) }
    }

    /// When the server removes the key, in unix milliseconds. `None` without a TTL or without a key.
    pub(super) fn expires_at(&self) -> Option<i64> {
        if !self.exists() {
            return None;
        }
        if let Some(known) = self.expires_at.get() {
            return known;
        }
        // SAFETY: self keeps the key open.
        let at = unsafe { raw::RedisModule_GetAbsExpire.unwrap()(self.key) };
        let expires_at = (at != i64::from(raw::REDISMODULE_NO_EXPIRE)).then_some(at);
        self.expires_at.set(Some(expires_at));
        expires_at
    }

    /// Looks the TTL up again the next time. A key loses it with its last member or field.
    pub(super) fn forget_ttl(&mut self) {
        self.expires_at.set(None);
    }

    pub(super) fn expire_at(&mut self, millis: i64) {
        // SAFETY: self keeps the key open for writing.
        unsafe { raw::RedisModule_SetAbsExpire.unwrap()(self.key, millis) };
        self.forget_ttl();
        self.mark_changed();
    }

    /// Removes the key, if there is one.
    pub(super) fn delete(&mut self) {
        if self.exists() {
            // SAFETY: self keeps the key open for writing.
            unsafe { raw::RedisModule_DeleteKey.unwrap()(self.key) };
            self.forget_ttl();
            self.mark_changed();
        }
    }

    /// Removes the key, if there is one. A thread of the server frees what is large.
    pub(super) fn unlink(&mut self) {
        if self.exists() {
            // SAFETY: self keeps the key open for writing.
            unsafe { raw::RedisModule_UnlinkKey.unwrap()(self.key) };
            self.forget_ttl();
            self.mark_changed();
        }
    }
}

impl Drop for ServerKey<'_> {
    fn drop(&mut self) {
        if !self.key.is_null() {
            raw::close_key(self.key);
        }
        // By itself the server would signal every key that was opened for writing, changed or not, and a refused update
        // would break another client's WATCH.
        if self.is_changed {
            // SAFETY: the call has not returned yet, and the name is valid.
            unsafe { raw::RedisModule_SignalModifiedKey.unwrap()(self.call.ctx(), self.name.as_ptr()) };
        }
    }
}

/// The server's code for success.
pub(super) const OK: c_int = raw::REDISMODULE_OK as c_int;
