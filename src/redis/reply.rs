use std::ffi::{c_char, c_long, CStr, CString};

use redis_module::raw;

use super::{Call, ServerString};

/// The reply to a call, written part by part. A map or an array begins with its length, then its parts follow. The server
/// turns maps into flat arrays for clients of RESP2.
pub struct Reply<'c> {
    call: &'c Call<'c>,
}

impl<'c> Reply<'c> {
    pub(super) fn new(call: &'c Call<'c>) -> Self {
        Self { call }
    }

    /// A status such as `OK`.
    pub fn status(&self, text: &'static CStr) {
        // SAFETY: the context is valid while the call is; the text ends in NUL.
        unsafe { raw::RedisModule_ReplyWithSimpleString.unwrap()(self.call.ctx(), text.as_ptr()) };
    }

    /// Bytes of any kind.
    pub fn bulk(&self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        // SAFETY: the context is valid while the call is; pointer and length are those of a slice.
        unsafe {
            raw::RedisModule_ReplyWithStringBuffer.unwrap()(
                self.call.ctx(),
                bytes.as_ptr().cast::<c_char>(),
                bytes.len(),
            )
        };
    }

    /// A string of the server. Cheaper than [`Reply::bulk`], which copies the bytes.
    pub fn text(&self, text: &ServerString) {
        // SAFETY: the context is valid while the call is, and the string is valid.
        unsafe { raw::RedisModule_ReplyWithString.unwrap()(self.call.ctx(), text.as_ptr()) };
    }

    /// A whole number.
    pub fn integer(&self, number: i64) {
        // SAFETY: the context is valid while the call is.
        unsafe { raw::RedisModule_ReplyWithLongLong.unwrap()(self.call.ctx(), number) };
    }

    /// A count.
    pub fn count(&self, count: usize) {
        self.integer(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Null.
    pub fn null(&self) {
        // SAFETY: the context is valid while the call is.
        unsafe { raw::RedisModule_ReplyWithNull.unwrap()(self.call.ctx()) };
    }

    /// The beginning of an array of that many parts.
    pub fn array(&self, length: usize) {
        // SAFETY: the context is valid while the call is.
        unsafe { raw::RedisModule_ReplyWithArray.unwrap()(self.call.ctx(), length as c_long) };
    }

    /// The beginning of a map of that many pairs, each a key and its value.
    pub fn map(&self, pairs: usize) {
        raw::reply_with_map(self.call.ctx(), pairs as c_long);
    }

    /// An error: its prefix and reason. Line breaks and NUL, which an error reply cannot hold, become spaces.
    pub fn error(&self, text: &str) {
        let text = CString::new(text.replace(['\r', '\n', '\0'], " ")).unwrap_or_default();
        // SAFETY: the context is valid while the call is; the text ends in NUL.
        unsafe { raw::RedisModule_ReplyWithError.unwrap()(self.call.ctx(), text.as_ptr()) };
    }
}
