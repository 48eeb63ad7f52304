use std::ffi::c_char;
use std::ptr::{self, NonNull};
use std::slice;

use redis_module::raw;

/// A string owned by the module, in the form in which the server's functions take and return one.
pub(super) struct ServerString(NonNull<raw::RedisModuleString>);

impl ServerString {
    /// A copy of the bytes.
    pub(super) fn new(bytes: &[u8]) -> Self {
        // SAFETY: the pointer and the length are those of a slice; no context means that the string is freed by Drop.
        let string = unsafe {
            raw::RedisModule_CreateString.unwrap()(ptr::null_mut(), bytes.as_ptr().cast::<c_char>(), bytes.len())
        };
        Self::owned(string).expect("the server aborts rather than return no string")
    }

    /// Takes over a string that the server handed out; `None` where it handed out none.
    pub(super) fn owned(string: *mut raw::RedisModuleString) -> Option<Self> {
        NonNull::new(string).map(Self)
    }

    pub(super) fn as_ptr(&self) -> *mut raw::RedisModuleString {
        self.0.as_ptr()
    }
}

impl AsRef<[u8]> for ServerString {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the string lives as long as self, and nothing changes it.
        unsafe { bytes_of(self.0.as_ptr()) }
    }
}

impl Drop for ServerString {
    fn drop(&mut self) {
        // SAFETY: self owns one reference, and this gives it back.
        unsafe { raw::RedisModule_FreeString.unwrap()(ptr::null_mut(), self.0.as_ptr()) }
    }
}

/// The bytes of a string that the server owns.
///
/// # Safety
/// `string` is valid and unchanged for `'a`.
pub(super) unsafe fn bytes_of<'a>(string: *const raw::RedisModuleString) -> &'a [u8] {
    let mut length = 0;
    let bytes = raw::RedisModule_StringPtrLen.unwrap()(string, &mut length);
    slice::from_raw_parts(bytes.cast::<u8>(), length)
}
