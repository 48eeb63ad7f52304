use std::any::Any;
use std::ffi::{c_int, c_void, CStr};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::ptr;

use redis_module::raw;

use super::call::strings;
use super::key::ServerKey;
use super::{AsText, Call, Constant, Failure, Mode, Piece, ServerString, Text};

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

    /// Whether there is such a field. O(1).
    pub fn has(&self, field: &(impl AsText + ?Sized)) -> bool {
        if !self.exists() {
            return false;
        }
        let mut has: c_int = 0;
        // SAFETY: the key is open; the list is a field, where to store whether it is there, and a null.
        field.with_text(|field| unsafe {
            raw::RedisModule_HashGet.unwrap()(
                self.key.as_ptr(),
                raw::REDISMODULE_HASH_EXISTS as c_int,
                field,
                ptr::addr_of_mut!(has),
                ptr::null::<c_void>(),
            )
        });
        has != 0
    }

    /// Calls `show` with the place and the value of each of these fields that there is. O(fields). The server is called once
    /// for several.
    pub fn get_each<'t>(&self, fields: impl IntoIterator<Item = Text<'t>>, mut show: impl FnMut(usize, ServerString)) {
        const AT_ONCE: usize = 4;
        if !self.exists() {
            return;
        }
        let mut fields = fields.into_iter().fuse();
        for first in (0..).step_by(AT_ONCE) {
            let [a, b, c, d] = std::array::from_fn(|_| fields.next().map_or(ptr::null_mut(), Text::as_ptr));
            if a.is_null() {
                return;
            }
            let mut values = [ptr::null_mut::<raw::RedisModuleString>(); AT_ONCE];
            let [of_a, of_b, of_c, of_d] = values.each_mut().map(ptr::from_mut);
            // SAFETY: the key is open; the list is fields, each with where its value goes, up to the first null.
            unsafe {
                raw::RedisModule_HashGet.unwrap()(
                    self.key.as_ptr(),
                    raw::REDISMODULE_HASH_NONE as c_int,
                    a,
                    of_a,
                    b,
                    of_b,
                    c,
                    of_c,
                    d,
                    of_d,
                    ptr::null::<c_void>(),
                )
            };
            for (at, value) in values.into_iter().enumerate() {
                if let Some(value) = ServerString::owned(value) {
                    show(first + at, value);
                }
            }
        }
    }

    /// Calls `show` with each field and its value, in no particular order. O(fields), and far cheaper than reading them one by
    /// one.
    pub fn each<F: FnMut(Text<'_>, Text<'_>)>(&self, show: F) {
        self.scan(show, usize::MAX);
    }

    /// Calls `show` as [`Hash::each`] does, if the hash is small and its values are short. Whether it is: otherwise `show` got
    /// only some fields. O(fields) if it is, else O(1).
    pub fn each_if_small<F: FnMut(Text<'_>, Text<'_>)>(&self, show: F) -> bool {
        // A scan copies every value. A hash of short values is complete after one step.
        self.scan(show, 1)
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
        if self.each_if_small(&mut keep) {
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
    pub fn set(&mut self, field: &Constant, value: i64) {
        let mut change = Changes::with_capacity(1);
        change.set(field, value);
        self.apply(&change);
    }

    /// Stores and removes fields, in order. O(changes).
    pub fn apply(&mut self, changes: &Changes<'_>) {
        const AT_ONCE: usize = 8;
        if changes.is_empty() {
            return;
        }
        self.key.mark_changed();
        for some in changes.0.chunks(AT_ONCE) {
            let mut pairs = [(ptr::null_mut(), ptr::null_mut()); AT_ONCE];
            for (pair, (field, value)) in pairs.iter_mut().zip(some) {
                let removal = raw::REDISMODULE_HASH_DELETE.cast_mut();
                *pair = (field.as_ptr(), value.as_ref().map_or(removal, Piece::as_ptr));
            }
            let [a, b, c, d, e, f, g, h] = pairs;
            // SAFETY: the key is open for writing; the list is fields with their values, up to the first null. `changes`
            // keeps all of them valid.
            unsafe {
                raw::RedisModule_HashSet.unwrap()(
                    self.key.as_ptr(),
                    raw::REDISMODULE_HASH_NONE as c_int,
                    a.0,
                    a.1,
                    b.0,
                    b.1,
                    c.0,
                    c.1,
                    d.0,
                    d.1,
                    e.0,
                    e.1,
                    f.0,
                    f.1,
                    g.0,
                    g.1,
                    h.0,
                    h.1,
                    ptr::null::<c_void>(),
                )
            };
        }
        // A hash that lost its last field is gone, and its TTL with it.
        self.key.forget_ttl();
    }
}

/// Fields to store or to remove, collected so that the server is called once for several.
pub struct Changes<'t>(Vec<(Piece<'t>, Option<Piece<'t>>)>);

impl<'t> Changes<'t> {
    /// None yet, with room for that many.
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Stores a field.
    pub fn set(&mut self, field: impl Into<Piece<'t>>, value: impl Into<Piece<'t>>) {
        self.0.push((field.into(), Some(value.into())));
    }

    /// Removes a field, if there is one.
    pub fn remove(&mut self, field: impl Into<Piece<'t>>) {
        self.0.push((field.into(), None));
    }
}
