use std::ffi::{c_char, c_int, c_longlong, c_void, CStr};
use std::ops::RangeInclusive;
use std::ptr;
use std::sync::atomic::{AtomicI64, Ordering};

use redis_module::{raw, Context, RedisString};

/// A whole number that an administrator may set: `CONFIG SET <module>.<name>`, or a load argument.
#[derive(Debug)]
pub struct Number {
    name: &'static CStr,
    default: i64,
    range: RangeInclusive<i64>,
    value: AtomicI64,
}

impl Number {
    /// A number with its default and the values that it may have.
    pub const fn new(name: &'static CStr, default: i64, range: RangeInclusive<i64>) -> Self {
        Self { name, default, range, value: AtomicI64::new(default) }
    }

    /// The value in force.
    pub fn get(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }

    fn name(&self) -> &'static str {
        self.name.to_str().unwrap_or_default()
    }

    fn parse(&self, value: &[u8]) -> Result<i64, String> {
        let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        number.filter(|number| self.range.contains(number)).ok_or_else(|| {
            let (least, most) = (self.range.start(), self.range.end());
            format!("{} must be a whole number from {least} to {most}, not '{}'", self.name(), value.escape_ascii())
        })
    }
}

/// Registers the numbers as settings, with the load arguments `name value …` as defaults, and reads their values from
/// redis.conf. Fails with the reason to refuse to load.
pub fn configure(ctx: &Context, numbers: &[&'static Number], arguments: &[RedisString]) -> Result<(), String> {
    let given = read(numbers, arguments)?;
    // SAFETY: both are pointers that the server filled in when it began to load the module.
    let (register, load) = unsafe { (raw::RedisModule_RegisterNumericConfig, raw::RedisModule_LoadConfigs) };
    let (Some(register), Some(load)) = (register, load) else {
        return Err("it needs Redis 7.0 or later".into());
    };
    for number in numbers {
        let default = given.iter().rev().find(|(name, _)| *name == number.name());
        // SAFETY: ctx is the one that the server loads the module with, the name ends in NUL, and the number that the
        // callbacks get lives as long as the process.
        let status = unsafe {
            register(
                ctx.get_raw(),
                number.name.as_ptr(),
                default.map_or(number.default, |(_, value)| *value),
                raw::REDISMODULE_CONFIG_DEFAULT,
                *number.range.start(),
                *number.range.end(),
                Some(get),
                Some(set),
                None,
                ptr::from_ref::<Number>(number).cast_mut().cast::<c_void>(),
            )
        };
        if raw::Status::from(status) == raw::Status::Err {
            return Err(format!("the server does not take the setting {}", number.name()));
        }
    }
    // SAFETY: ctx is the one that the server loads the module with.
    match raw::Status::from(unsafe { load(ctx.get_raw()) }) {
        raw::Status::Ok => Ok(()),
        raw::Status::Err => Err("the server's configuration holds a value that is out of range".into()),
    }
}

fn read(numbers: &[&'static Number], arguments: &[RedisString]) -> Result<Vec<(&'static str, i64)>, String> {
    arguments
        .chunks(2)
        .map(|argument| {
            let name = argument[0].as_slice();
            let number = numbers.iter().find(|number| number.name().as_bytes().eq_ignore_ascii_case(name));
            let number = number.ok_or_else(|| {
                let names: Vec<_> = numbers.iter().map(|number| number.name()).collect();
                format!("unknown load argument '{}': there are {}", name.escape_ascii(), names.join(", "))
            })?;
            let value = argument.get(1).ok_or_else(|| format!("{} has no value", number.name()))?;
            Ok((number.name(), number.parse(value)?))
        })
        .collect()
}

unsafe extern "C" fn get(_name: *const c_char, number: *mut c_void) -> c_longlong {
    // SAFETY: the server passes on the pointer to a Number that it was registered with.
    unsafe { (*number.cast::<Number>()).get() }
}

unsafe extern "C" fn set(
    _name: *const c_char,
    value: c_longlong,
    number: *mut c_void,
    _error: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: as above; the server has checked the range.
    unsafe { (*number.cast::<Number>()).value.store(value, Ordering::Relaxed) };
    raw::REDISMODULE_OK as c_int
}
