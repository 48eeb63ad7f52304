//! What a run was measured on.

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::process::Command;

use redis::Connection;
use serde_json::Value;

use crate::cost::info;

/// The machine and its software, without its name.
pub struct Machine(Vec<(&'static str, String)>);

impl Machine {
    /// The one that this runs on, with the server of this connection. `python` is the interpreter, where there is one.
    pub fn describe(connection: &mut Connection, python: Option<&str>) -> Self {
        let server = info(connection, "server");
        let line = |name| server.lines().find_map(|line| line.strip_prefix(name)).map(|text| text.trim().to_owned());
        let redis = line("valkey_version:").map(|version| format!("Valkey {version}"));
        let redis = redis.or_else(|| Some(format!("Redis {}", line("redis_version:")?)));
        let cores = std::thread::available_parallelism().map(|cores| format!("{cores} cores"));
        let processor = field_of("/proc/cpuinfo", "model name");
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
        let entries = [
            ("processor", processor.map(|model| format!("{model}, {}", cores.unwrap_or_default()))),
            ("memory", memory()),
            (
                "kernel",
                fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| format!("Linux {}", text.trim())),
            ),
            ("server", redis),
            ("compiler", first_line(&rustc, &["--version"])),
            ("interpreter", python.and_then(|python| first_line(python, &["--version"]))),
        ];
        Self(entries.into_iter().filter_map(|(name, text)| Some((name, text?))).collect())
    }

    /// The same for programs, as JSON.
    pub fn json(&self) -> Value {
        self.0.iter().map(|(name, text)| ((*name).to_owned(), Value::from(text.as_str()))).collect()
    }
}

impl Display for Machine {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.0.iter().map(|(_, text)| text.as_str()).collect();
        write!(f, "Measured on: {}.", texts.join("; "))
    }
}

fn field_of(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory() -> Option<String> {
    let kibibytes: f64 = field_of("/proc/meminfo", "MemTotal")?.split(' ').next()?.parse().ok()?;
    Some(format!("{:.0} GiB of memory", kibibytes / 1024.0 / 1024.0))
}

fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let words: Vec<_> = text.lines().next()?.split(' ').take(2).collect();
    Some(words.join(" "))
}
