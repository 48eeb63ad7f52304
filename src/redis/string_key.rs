use std::ffi::c_char;
use std::slice;

use redis_module::raw;

use super::key::ServerKey;
use super::{AsText, Call, Failure, Mode};

/// A key that holds a plain string.
pub struct StringKey<'c> {
    key: ServerKey<'c>,
}

impl<'c> StringKey<'c> {
    /// Opens the string of that name, which may be missing. O(1).
    pub fn open(call: &'c Call<'c>, name: &[u8], mode: Mode) -> Result<Self, Failure> {
        Ok(Self { key: ServerKey::open(call, name, mode, raw::KeyType::String)? })
    }

    /// When the server removes the string, in unix milliseconds. `None` without a TTL.
    pub fn expires_at(&self) -> Option<i64> {
        self.key.expires_at()
    }

    /// The string; `None` if there is no such key. O(length).
    pub fn get(&self) -> Option<Vec<u8>> {
        if !self.key.exists() {
            return None;
        }
        let mut length = 0;
        // SAFETY: the key is open and holds a string; the bytes are copied before anything else touches the key.
        unsafe {
            let mode = raw::REDISMODULE_READ as i32;
            let bytes: *mut c_char = raw::RedisModule_StringDMA.unwrap()(self.key.as_ptr(), &mut length, mode);
            (!bytes.is_null()).then(|| slice::from_raw_parts(bytes.cast::<u8>(), length).to_vec())
        }
    }

    /// Stores a string that the server removes at that moment, in unix milliseconds.
    pub fn set_until(&mut self, value: &(impl AsText + ?Sized), millis: i64) {
        // SAFETY: the key is open for writing, and holds a string or nothing.
        value.with_text(|value| unsafe { raw::RedisModule_StringSet.unwrap()(self.key.as_ptr(), value) });
        self.key.expire_at(millis);
    }
}
