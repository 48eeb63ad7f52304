use std::borrow::Borrow;
use std::cmp::Ordering;
use std::ffi::c_char;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::slice;

use redis_module::raw;

/// A string of the server that outlives `'a`, such as an argument of a call.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Text<'a> {
    string: NonNull<raw::RedisModuleString>,
    lifetime: PhantomData<&'a [u8]>,
}

impl<'a> Text<'a> {
    /// The strings of an array of pointers.
    ///
    /// # Safety
    /// All of them are valid and unchanged for `'a`.
    pub(super) unsafe fn of_all(strings: &'a [*mut raw::RedisModuleString]) -> &'a [Self] {
        slice::from_raw_parts(strings.as_ptr().cast::<Self>(), strings.len())
    }

    /// # Safety
    /// The string is valid and unchanged for `'a`.
    pub(super) unsafe fn of(string: *mut raw::RedisModuleString) -> Self {
        Self { string: NonNull::new_unchecked(string), lifetime: PhantomData }
    }

    pub(super) fn as_ptr(self) -> *mut raw::RedisModuleString {
        self.string.as_ptr()
    }

    /// A reference to the same string that may be kept longer.
    pub fn retain(self) -> ServerString {
        // SAFETY: the string is valid; no context means that the reference is given back by Drop.
        unsafe { raw::RedisModule_RetainString.unwrap()(ptr::null_mut(), self.string.as_ptr()) };
        ServerString(self.string)
    }

    /// Its bytes.
    pub fn as_bytes(self) -> &'a [u8] {
        // SAFETY: the string is valid and unchanged for 'a.
        unsafe { bytes_of(self.string.as_ptr()) }
    }
}

/// A string of the server that is passed on as it stands, or a copy made for the purpose.
pub enum Piece<'t> {
    /// Of an argument, or a constant.
    Lent(Text<'t>),
    /// Of anything else.
    Copied(ServerString),
}

impl Piece<'_> {
    pub(super) fn as_ptr(&self) -> *mut raw::RedisModuleString {
        match self {
            Self::Lent(text) => text.as_ptr(),
            Self::Copied(string) => string.as_ptr(),
        }
    }
}

impl<'t> From<Text<'t>> for Piece<'t> {
    fn from(text: Text<'t>) -> Self {
        Self::Lent(text)
    }
}

impl<'t> From<&'t Constant> for Piece<'t> {
    fn from(constant: &'t Constant) -> Self {
        Self::Lent(constant.text())
    }
}

impl From<ServerString> for Piece<'_> {
    fn from(string: ServerString) -> Self {
        Self::Copied(string)
    }
}

impl From<&[u8]> for Piece<'_> {
    fn from(bytes: &[u8]) -> Self {
        Self::Copied(ServerString::new(bytes))
    }
}

impl From<i64> for Piece<'_> {
    fn from(number: i64) -> Self {
        itoa::Buffer::new().format(number).as_bytes().into()
    }
}

/// What the server's functions take as a string. The server's own strings are passed on as they are, anything else is copied
/// first.
pub trait AsText {
    /// Runs a function of the server on it.
    #[doc(hidden)]
    fn with_text<R>(&self, run: impl FnOnce(*mut raw::RedisModuleString) -> R) -> R;

    /// Runs a function on its bytes.
    fn with_bytes<R>(&self, run: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: the string is valid and unchanged while with_text() runs.
        self.with_text(|string| run(unsafe { bytes_of(string) }))
    }
}

impl AsText for Text<'_> {
    fn with_text<R>(&self, run: impl FnOnce(*mut raw::RedisModuleString) -> R) -> R {
        run(self.string.as_ptr())
    }
}

impl AsText for [u8] {
    fn with_text<R>(&self, run: impl FnOnce(*mut raw::RedisModuleString) -> R) -> R {
        run(ServerString::new(self).as_ptr())
    }
}

impl AsText for Vec<u8> {
    fn with_text<R>(&self, run: impl FnOnce(*mut raw::RedisModuleString) -> R) -> R {
        self.as_slice().with_text(run)
    }
}

impl AsText for str {
    fn with_text<R>(&self, run: impl FnOnce(*mut raw::RedisModuleString) -> R) -> R {
        self.as_bytes().with_text(run)
    }
}

impl AsText for i64 {
    fn with_text<R>(&self, run: impl FnOnce(*mut raw::RedisModuleString) -> R) -> R {
        itoa::Buffer::new().format(*self).with_text(run)
    }
}

/// A constant text, made a string of the server once.
pub struct Constant(ServerString);

impl Constant {
    /// Of that text.
    pub fn new(text: &str) -> Self {
        Self(ServerString::new(text.as_bytes()))
    }

    /// The string.
    pub fn text(&self) -> Text<'_> {
        Text { string: self.0 .0, lifetime: PhantomData }
    }
}

// SAFETY: only commands use it, and the server runs one at a time.
unsafe impl Send for Constant {}
// SAFETY: as above.
unsafe impl Sync for Constant {}

impl AsText for Constant {
    fn with_text<R>(&self, run: impl FnOnce(*mut raw::RedisModuleString) -> R) -> R {
        run(self.0.as_ptr())
    }
}

/// A string of the server that the module holds a reference to. It compares and hashes as its bytes.
pub struct ServerString(NonNull<raw::RedisModuleString>);

impl ServerString {
    /// A copy of the bytes.
    pub fn new(bytes: &[u8]) -> Self {
        // SAFETY: the pointer and the length are those of a slice; no context means that the string is freed by Drop.
        let string = unsafe {
            raw::RedisModule_CreateString.unwrap()(ptr::null_mut(), bytes.as_ptr().cast::<c_char>(), bytes.len())
        };
        Self::owned(string).expect("the server aborts rather than return no string")
    }

    /// Takes over a string that the server handed out; `None` if it handed out none.
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

impl Clone for ServerString {
    fn clone(&self) -> Self {
        // SAFETY: self holds a reference, and no context means that Drop gives the new one back.
        unsafe { raw::RedisModule_RetainString.unwrap()(ptr::null_mut(), self.as_ptr()) };
        Self(self.0)
    }
}

impl AsText for ServerString {
    fn with_text<R>(&self, run: impl FnOnce(*mut raw::RedisModuleString) -> R) -> R {
        run(self.as_ptr())
    }
}

impl Borrow<[u8]> for ServerString {
    fn borrow(&self) -> &[u8] {
        self.as_ref()
    }
}

impl Hash for ServerString {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

impl PartialEq for ServerString {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for ServerString {}

impl PartialOrd for ServerString {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ServerString {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_ref().cmp(other.as_ref())
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
