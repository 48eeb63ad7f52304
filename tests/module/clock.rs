//! A clock that a test sets, for a server of its own.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

use crate::server::{Environment, Server};

/// The milliseconds of an hour.
pub const HOUR: i64 = 3_600_000;
/// The milliseconds of a day.
pub const DAY: i64 = 24 * HOUR;

/// The wall clock of the servers that are started with it. It is right until it is set.
pub struct Clock {
    offset: File,
    directory: TempDir,
}

impl Clock {
    /// Builds the library that moves a process's clock (`clock.c`) with the C compiler.
    pub fn new() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().join("offset");
        let offset = OpenOptions::new().write(true).create_new(true).open(path).expect("a new file");
        let clock = Self { offset, directory };
        clock.set(0);
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .arg(clock.library())
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/module/clock.c"))
            .status()
            .expect("a C compiler is installed");
        assert!(built.success(), "clock.c does not compile");
        clock
    }

    /// Sets the clock to that many milliseconds ahead of the right time, or behind it if negative.
    pub fn set(&self, ahead: i64) {
        self.offset.write_all_at(&ahead.to_ne_bytes(), 0).expect("the file can be written");
    }

    /// The same, and waits until a server with this clock has noticed: Valkey 9 reads the clock ten times a second, and goes on
    /// by a timer in between.
    pub fn set_on(&self, server: &Server, ahead: i64) {
        self.set(ahead);
        sleep(Duration::from_millis(150));
        // Where the server was late with reading the clock, it does so after this.
        server.run("PING");
    }

    /// A server with this clock.
    pub fn start(&self, options: &[&str]) -> Server {
        let environment =
            Environment::from([("LD_PRELOAD", self.library()), ("CLOCK_OFFSET", self.directory.path().join("offset"))]);
        Server::start_in(environment, options)
    }

    fn library(&self) -> PathBuf {
        self.directory.path().join("clock.so")
    }
}
