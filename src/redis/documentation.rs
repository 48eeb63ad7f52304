use std::ffi::{c_int, CStr};
use std::fmt;
use std::ptr;

use redis_module::raw;

/// What `COMMAND INFO`, `COMMAND DOCS` and `TRACKER.HELP` show of a command.
#[derive(Debug)]
pub struct Documentation {
    /// What it is for, in a sentence.
    pub summary: &'static CStr,
    /// What it costs.
    pub complexity: &'static CStr,
    /// The version of the module that first had it.
    pub since: &'static CStr,
    /// How many words a call has, including the command's name. Negative: at least so many.
    pub arity: c_int,
    /// How it uses the keys of the object that its second argument names. `None` if it has no such argument.
    pub keys: Option<Keys>,
    /// Its arguments.
    pub arguments: &'static [Argument],
}

/// How a command uses an object's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// Reads them.
    Read,
    /// Reads and writes them.
    Write,
}

/// One argument of a command.
#[derive(Debug)]
pub struct Argument {
    name: &'static CStr,
    kind: Kind,
    token: Option<&'static CStr>,
    occurs: Occurs,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Token,
    OneOf(&'static [Argument]),
    Block(&'static [Argument]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occurs {
    Once,
    Optional,
    /// Once or more.
    Many,
    /// Any number of times, each with its token if it has one.
    AnyNumber,
}

impl Argument {
    const fn new(name: &'static CStr, kind: Kind) -> Self {
        Self { name, kind, token: None, occurs: Occurs::Once }
    }

    /// Any text.
    pub const fn text(name: &'static CStr) -> Self {
        Self::new(name, Kind::Text)
    }

    /// A whole number.
    pub const fn integer(name: &'static CStr) -> Self {
        Self::new(name, Kind::Integer)
    }

    /// A literal word. Its name is the word in lower case.
    pub const fn word(name: &'static CStr, token: &'static CStr) -> Self {
        Self { token: Some(token), ..Self::new(name, Kind::Token) }
    }

    /// One of several.
    pub const fn one_of(name: &'static CStr, choices: &'static [Argument]) -> Self {
        Self::new(name, Kind::OneOf(choices))
    }

    /// Several in a row.
    pub const fn block(name: &'static CStr, parts: &'static [Argument]) -> Self {
        Self::new(name, Kind::Block(parts))
    }

    /// With that word before it.
    pub const fn after(self, token: &'static CStr) -> Self {
        Self { token: Some(token), ..self }
    }

    /// It may be left out.
    pub const fn optional(self) -> Self {
        Self { occurs: Occurs::Optional, ..self }
    }

    /// It may be repeated.
    pub const fn many(self) -> Self {
        Self { occurs: Occurs::Many, ..self }
    }

    /// It may be left out or repeated, each time with its token.
    pub const fn any_number(self) -> Self {
        Self { occurs: Occurs::AnyNumber, ..self }
    }

    fn write_value(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Text | Kind::Integer => f.write_str(&self.name.to_string_lossy()),
            Kind::Token => Ok(()),
            Kind::OneOf(choices) => join(f, choices, " | "),
            Kind::Block(parts) => join(f, parts, " "),
        }
    }

    fn write_once(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(token) = self.token {
            f.write_str(&token.to_string_lossy())?;
            if !matches!(self.kind, Kind::Token) {
                f.write_str(" ")?;
            }
        }
        self.write_value(f)
    }
}

/// The usage, as in the server's own documentation.
impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.occurs {
            Occurs::Once => self.write_once(f),
            Occurs::Optional => {
                f.write_str("[")?;
                self.write_once(f)?;
                f.write_str("]")
            }
            Occurs::Many => {
                self.write_once(f)?;
                f.write_str(" [")?;
                self.write_value(f)?;
                f.write_str(" ...]")
            }
            Occurs::AnyNumber => {
                f.write_str("[")?;
                self.write_once(f)?;
                f.write_str(" ...]")
            }
        }
    }
}

impl fmt::Display for Documentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(f, self.arguments, " ")
    }
}

fn join(f: &mut fmt::Formatter<'_>, arguments: &[Argument], separator: &str) -> fmt::Result {
    for (at, argument) in arguments.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{argument}")?;
    }
    Ok(())
}

impl Documentation {
    /// Registers the documentation.
    ///
    /// Clients and cluster nodes route by a key spec on the second argument that is marked as no key: the names of the
    /// keys are derived from it, with it as their hash tag, so it has their slot
    /// (<https://redis.io/docs/latest/develop/reference/key-specs/>).
    ///
    /// # Safety
    /// `command` is a command of this module that is being registered.
    pub(super) unsafe fn attach(&self, command: *mut raw::RedisModuleCommand) -> raw::Status {
        let mut memory = Vec::new();
        let arguments = server_arguments(self.arguments, &mut memory);
        let mut key_specs = [key_spec(self.keys), key_spec(None)];
        let version = raw::RedisModuleCommandInfoVersion {
            version: 1,
            sizeof_historyentry: size_of::<raw::RedisModuleCommandHistoryEntry>(),
            sizeof_keyspec: size_of::<raw::RedisModuleCommandKeySpec>(),
            sizeof_arg: size_of::<raw::RedisModuleCommandArg>(),
        };
        let info = raw::RedisModuleCommandInfo {
            version: &version,
            summary: self.summary.as_ptr(),
            complexity: self.complexity.as_ptr(),
            since: self.since.as_ptr(),
            history: ptr::null_mut(),
            tips: ptr::null(),
            arity: self.arity,
            key_specs: if self.keys.is_some() { key_specs.as_mut_ptr() } else { ptr::null_mut() },
            args: arguments,
        };
        raw::Status::from(raw::RedisModule_SetCommandInfo.unwrap()(command, &info))
    }
}

fn key_spec(keys: Option<Keys>) -> raw::RedisModuleCommandKeySpec {
    // SAFETY: a key spec is made of integers and a pointer, and all zeros mark the end of a list of them.
    let mut spec: raw::RedisModuleCommandKeySpec = unsafe { std::mem::zeroed() };
    let Some(keys) = keys else { return spec };
    let access = match keys {
        Keys::Read => raw::REDISMODULE_CMD_KEY_RO | raw::REDISMODULE_CMD_KEY_ACCESS,
        Keys::Write => raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_ACCESS | raw::REDISMODULE_CMD_KEY_UPDATE,
    };
    spec.notes = c"The object's id, the hash tag of the names of all its keys".as_ptr();
    spec.flags = u64::from(access | raw::REDISMODULE_CMD_KEY_NOT_KEY);
    spec.begin_search_type = raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INDEX;
    spec.bs.index.pos = 2;
    spec.find_keys_type = raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_RANGE;
    spec.fk.range.lastkey = 0;
    spec.fk.range.keystep = 1;
    spec.fk.range.limit = 0;
    spec
}

/// The arguments as the server takes them: a list that ends in zeros, kept in `memory` with those of its parts.
fn server_arguments(
    arguments: &[Argument],
    memory: &mut Vec<Box<[raw::RedisModuleCommandArg]>>,
) -> *mut raw::RedisModuleCommandArg {
    let mut list: Vec<_> = arguments.iter().map(|argument| server_argument(argument, memory)).collect();
    // SAFETY: an argument is made of integers and pointers, and all zeros mark the end of a list of them.
    list.push(unsafe { std::mem::zeroed() });
    memory.push(list.into_boxed_slice());
    memory.last_mut().map_or(ptr::null_mut(), |list| list.as_mut_ptr())
}

fn server_argument(
    argument: &Argument,
    memory: &mut Vec<Box<[raw::RedisModuleCommandArg]>>,
) -> raw::RedisModuleCommandArg {
    let (type_, parts) = match argument.kind {
        Kind::Text => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_STRING, None),
        Kind::Integer => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_INTEGER, None),
        Kind::Token => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PURE_TOKEN, None),
        Kind::OneOf(parts) => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_ONEOF, Some(parts)),
        Kind::Block(parts) => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_BLOCK, Some(parts)),
    };
    let flags = match argument.occurs {
        Occurs::Once => raw::REDISMODULE_CMD_ARG_NONE,
        Occurs::Optional => raw::REDISMODULE_CMD_ARG_OPTIONAL,
        Occurs::Many => raw::REDISMODULE_CMD_ARG_MULTIPLE,
        Occurs::AnyNumber if argument.token.is_some() => {
            raw::REDISMODULE_CMD_ARG_OPTIONAL
                | raw::REDISMODULE_CMD_ARG_MULTIPLE
                | raw::REDISMODULE_CMD_ARG_MULTIPLE_TOKEN
        }
        Occurs::AnyNumber => raw::REDISMODULE_CMD_ARG_OPTIONAL | raw::REDISMODULE_CMD_ARG_MULTIPLE,
    };
    raw::RedisModuleCommandArg {
        name: argument.name.as_ptr(),
        type_,
        key_spec_index: -1,
        token: argument.token.map_or(ptr::null(), CStr::as_ptr),
        summary: ptr::null(),
        since: ptr::null(),
        flags: flags as c_int,
        deprecated_since: ptr::null(),
        subargs: parts.map_or(ptr::null_mut(), |parts| server_arguments(parts, memory)),
        display_text: ptr::null(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_reads_like_the_servers_own() {
        const WAY: [Argument; 2] = [Argument::word(c"up", c"UP"), Argument::word(c"down", c"DOWN")];
        const FIELDS: [Argument; 2] = [Argument::integer(c"numfields"), Argument::text(c"field").many()];
        for (argument, usage) in [
            (Argument::text(c"id"), "id"),
            (Argument::text(c"state").after(c"STATE").any_number(), "[STATE state ...]"),
            (Argument::one_of(c"way", &WAY).after(c"ORDER").optional(), "[ORDER UP | DOWN]"),
            (Argument::block(c"fields", &FIELDS).after(c"FIELDS").optional(), "[FIELDS numfields field [field ...]]"),
            (Argument::word(c"counts", c"WITHCOUNTS").optional(), "[WITHCOUNTS]"),
            (Argument::text(c"task_id").any_number(), "[task_id ...]"),
        ] {
            assert_eq!(argument.to_string(), usage);
        }
    }
}
