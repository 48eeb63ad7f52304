use std::any::Any;
use std::ffi::{c_int, c_void, CStr};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::ptr;

use redis_module::raw;

use super::call::strings;
use super::key::ServerKey;
use super::{AsText, Call, Failure, Mode, ServerString, Text};

/// A hash: fields of a record by name.
pub struct Hash<'c> {
    key: ServerKey<'c>,
}

impl<'c> Hash<'c> {
    /// Opens the hash of that name, which may be missing. O(1).
    pub fn open(call: &'c Call<'c>, name: &[u8], mode: Mode) -> Result<Self, Failure> {
        Ok(Self { key: ServerKey::open(call, name, mode, raw::KeyType::Hash)? })
    }

    /// Whether there is such a key.
    pub fn exists(&self) -> bool {
        self.key.exists()
    }

    /// When the server removes the hash, in unix milliseconds. `None` without a TTL.
    pub fn expires_at(&self) -> Option<i64> {
        self.key.expires_at()
    }

    /// How many fields there are. O(1).
    pub fn len(&self) -> usize {
        self.key.len()
    }

    /// Sets when the server removes the hash, in unix milliseconds.
    pub fn expire_at(&mut self, millis: i64) {
        self.key.expire_at(millis);
    }

    /// Removes the hash, if there is one.
    pub fn delete(&mut self) {
        self.key.delete();
    }

    /// Removes the hash, if there is one. A thread of the server frees a large one.
    pub fn unlink(&mut self) {
        self.key.unlink();
    }

    /// Publishes a keyspace event of the module for the hash
    /// (<https://redis.io/docs/latest/develop/use/keyspace-notifications/>).
    pub fn notify(&self, event: &CStr) {
        self.key.call().notify(event, self.key.name());
    }

    /// The value of a field. O(1).
    pub fn get(&self, field: &(impl AsText + ?Sized)) -> Option<ServerString> {
        if !self.exists() {
            return None;
        }
        let mut value: *mut raw::RedisModuleString = ptr::null_mut();
        // SAFETY: the key is open; the list is a field, where its value goes, and a null.
        field.with_text(|field| unsafe {
            raw::RedisModule_HashGet.unwrap()(
                self.key.as_ptr(),
                raw::REDISMODULE_HASH_NONE as c_int,
                field,
                ptr::addr_of_mut!(value),
                ptr::null::<c_void>(),
            )
        });
        ServerString::owned(value)
    }

    /// Calls `show` with each field and its value, in no particular order. O(fields), and far cheaper than reading them one by
    /// one.
    pub fn each<F: FnMut(Text<'_>, Text<'_>)>(&self, show: F) {
        self.scan(show, usize::MAX);
    }

    /// Every field with its value, in no particular order. O(fields).
    pub fn all(&self) -> Vec<(ServerString, ServerString)> {
        let mut fields = Vec::with_capacity(self.len());
        self.each(|field, value| fields.push((field.retain(), value.retain())));
        fields
    }

    /// The wanted fields with their values, in no particular order. O(fields). It does not copy long values of other fields.
    pub fn select(&self, is_wanted: impl Fn(&[u8]) -> bool) -> Vec<(ServerString, ServerString)> {
        let mut fields = Vec::with_capacity(self.len());
        let mut keep = |field: Text<'_>, value: Text<'_>| {
            if is_wanted(field.as_bytes()) {
                fields.push((field.retain(), value.retain()));
            }
        };
        // A scan copies every value. A hash of short values is complete after one step; any other is read field by field.
        if self.scan(&mut keep, 1) {
            return fields;
        }
        let names = self.key.call().ask(c"HKEYS", &[self.key.name()], strings);
        let wanted = names.into_iter().filter(|name| is_wanted(name.as_ref()));
        wanted.filter_map(|name| self.get(&name).map(|value| (name, value))).collect()
    }

    /// Calls `show` with fields and their values, in at most so many steps of the server's scan. Whether those were all.
    fn scan<F: FnMut(Text<'_>, Text<'_>)>(&self, show: F, steps: usize) -> bool {
        struct Scan<F> {
            show: F,
            panic: Option<Box<dyn Any + Send>>,
        }

        extern "C" fn shown<F: FnMut(Text<'_>, Text<'_>)>(
            _key: *mut raw::RedisModuleKey,
            field: *mut raw::RedisModuleString,
            value: *mut raw::RedisModuleString,
            scan: *mut c_void,
        ) {
            // SAFETY: the server passes on the pointer that it was given below, and valid strings of a hash.
            let (scan, field, value) = unsafe { (&mut *scan.cast::<Scan<F>>(), Text::of(field), Text::of(value)) };
            // A panic must not unwind through the server's frames. It is resumed below.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (scan.show)(field, value))) {
                scan.panic = Some(panic);
            }
        }

        if !self.exists() {
            return true;
        }
        let mut scan = Scan { show, panic: None };
        // SAFETY: the key is open and nothing writes to it meanwhile; the cursor is destroyed after its last use, and
        // the callback gets what outlives the scan.
        let is_done = unsafe {
            let cursor = raw::RedisModule_ScanCursorCreate.unwrap()();
            let mut step = || {
                let scan = ptr::addr_of_mut!(scan).cast();
                raw::RedisModule_ScanKey.unwrap()(self.key.as_ptr(), cursor, Some(shown::<F>), scan) == 0
            };
            let is_done = (0..steps).any(|_| step());
            raw::RedisModule_ScanCursorDestroy.unwrap()(cursor);
            is_done
        };
        if let Some(panic) = scan.panic {
            resume_unwind(panic);
        }
        is_done
    }

    /// Stores a field. O(1).
    pub fn set(&mut self, field: &(impl AsText + ?Sized), value: &(impl AsText + ?Sized)) {
        value.with_text(|value| self.write(field, value));
    }

    /// Removes a field. Whether there was one. O(1).
    pub fn remove(&mut self, field: &(impl AsText + ?Sized)) -> bool {
        self.exists() && self.write(field, raw::REDISMODULE_HASH_DELETE.cast_mut()) > 0
    }

    /// Returns how many fields of that name there were.
    fn write(&mut self, field: &(impl AsText + ?Sized), value: *mut raw::RedisModuleString) -> c_int {
        self.key.mark_changed();
        // SAFETY: the key is open for writing; the list is a field, its value, and a null.
        field.with_text(|field| unsafe {
            raw::RedisModule_HashSet.unwrap()(
                self.key.as_ptr(),
                raw::REDISMODULE_HASH_NONE as c_int,
                field,
                value,
                ptr::null::<c_void>(),
            )
        })
    }
}
