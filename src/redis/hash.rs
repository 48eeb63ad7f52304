use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use redis_module::raw;

use super::key::ServerKey;
use super::string::{bytes_of, ServerString};
use super::{Call, Failure, Mode};

/// A hash: fields of a record by name.
pub struct Hash<'c> {
    key: ServerKey<'c>,
    /// The field's name as the server wants it, ending in NUL; one buffer for all.
    field: RefCell<Vec<u8>>,
}

impl<'c> Hash<'c> {
    /// Opens the hash of that name, which may be missing. O(1).
    pub fn open(call: &'c Call<'c>, name: &[u8], mode: Mode) -> Result<Self, Failure> {
        let key = ServerKey::open(call, name, mode, raw::KeyType::Hash)?;
        Ok(Self { key, field: RefCell::default() })
    }

    /// Whether there is such a key.
    pub fn exists(&self) -> bool {
        self.key.exists()
    }

    /// Has the server remove the hash at that moment, in unix milliseconds.
    pub fn expire_at(&mut self, millis: i64) {
        self.key.expire_at(millis);
    }

    /// Removes the hash.
    pub fn delete(&mut self) {
        self.key.delete();
    }

    /// The value of a field. O(1).
    pub fn get(&self, field: &str) -> Option<impl AsRef<[u8]>> {
        if !self.exists() {
            return None;
        }
        let mut value: *mut raw::RedisModuleString = ptr::null_mut();
        self.with_field(field, |field| {
            // SAFETY: the key is open; with CFIELDS the list is a C string, where the value goes, and a null.
            unsafe {
                raw::RedisModule_HashGet.unwrap()(
                    self.key.as_ptr(),
                    raw::REDISMODULE_HASH_CFIELDS as c_int,
                    field,
                    ptr::addr_of_mut!(value),
                    ptr::null::<c_void>(),
                )
            }
        });
        ServerString::owned(value)
    }

    /// Every field with its value, in no particular order. O(fields).
    pub fn fields(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        type Fields = Vec<(Vec<u8>, Vec<u8>)>;

        extern "C" fn collect(
            _key: *mut raw::RedisModuleKey,
            field: *mut raw::RedisModuleString,
            value: *mut raw::RedisModuleString,
            fields: *mut c_void,
        ) {
            // SAFETY: the server passes on the pointer that it was given below, and valid strings of a hash.
            unsafe {
                let fields = &mut *fields.cast::<Fields>();
                fields.push((bytes_of(field).to_vec(), bytes_of(value).to_vec()));
            }
        }

        let mut fields = Fields::new();
        if !self.exists() {
            return fields;
        }
        // SAFETY: the key is open and nothing writes to it meanwhile; the cursor is destroyed after its last use, and
        // the callback gets the vector that outlives the scan.
        unsafe {
            let cursor = raw::RedisModule_ScanCursorCreate.unwrap()();
            while raw::RedisModule_ScanKey.unwrap()(
                self.key.as_ptr(),
                cursor,
                Some(collect),
                ptr::addr_of_mut!(fields).cast(),
            ) != 0
            {}
            raw::RedisModule_ScanCursorDestroy.unwrap()(cursor);
        }
        fields
    }

    /// Stores a field. Whether there was one of that name before. O(1).
    pub fn set(&mut self, field: &str, value: &[u8]) -> bool {
        self.write(field, ServerString::new(value).as_ptr(), 0) > 0
    }

    /// Stores a field unless there is one of that name. Whether it was stored. O(1).
    pub fn set_missing(&mut self, field: &str, value: &[u8]) -> bool {
        let value = ServerString::new(value);
        let flags = raw::REDISMODULE_HASH_NX | raw::REDISMODULE_HASH_COUNT_ALL;
        self.write(field, value.as_ptr(), flags as c_int) > 0
    }

    /// Removes a field. Whether there was one. O(1).
    pub fn remove(&mut self, field: &str) -> bool {
        self.write(field, raw::REDISMODULE_HASH_DELETE.cast_mut(), 0) > 0
    }

    /// How many fields changed, by the server's rule for these flags.
    fn write(&self, field: &str, value: *mut raw::RedisModuleString, flags: c_int) -> c_int {
        self.with_field(field, |field| {
            // SAFETY: the key is open for writing; with CFIELDS the list is a C string, its value, and a null.
            unsafe {
                raw::RedisModule_HashSet.unwrap()(
                    self.key.as_ptr_to_change(),
                    flags | raw::REDISMODULE_HASH_CFIELDS as c_int,
                    field,
                    value,
                    ptr::null::<c_void>(),
                )
            }
        })
    }

    fn with_field<R>(&self, field: &str, run: impl FnOnce(*const c_char) -> R) -> R {
        let mut buffer = self.field.borrow_mut();
        buffer.clear();
        buffer.extend_from_slice(field.as_bytes());
        buffer.push(0);
        run(buffer.as_ptr().cast())
    }
}
