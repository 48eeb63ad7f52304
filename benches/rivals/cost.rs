//! What a piece of work costs the server, by the server's own statistics.

use redis::Connection;

use crate::samples::Samples;

/// What work cost the server.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Microseconds spent in the commands (`INFO commandstats`).
    pub commands: f64,
    /// Microseconds of processor time of the main thread (`INFO cpu`): the commands, and what it takes to read, parse and
    /// answer them.
    pub processor: f64,
}

impl Cost {
    /// The cost of one of `count`.
    pub fn each_of(self, count: usize) -> Self {
        Self { commands: self.commands / count as f64, processor: self.processor / count as f64 }
    }
}

/// Asks a server what work costs it, over a connection of its own.
pub struct Meter {
    connection: Connection,
    /// What the measurement itself costs.
    idle: f64,
}

impl Meter {
    pub fn new(connection: Connection) -> Self {
        let mut meter = Self { connection, idle: 0.0 };
        let nothing: Samples = (0..50).map(|_| meter.cost(&[], || ()).processor).collect();
        Self { idle: nothing.median(), ..meter }
    }

    /// What `work` costs, with the time in these commands.
    pub fn cost(&mut self, commands: &[&str], work: impl FnOnce()) -> Cost {
        redis::cmd("CONFIG").arg("RESETSTAT").exec(&mut self.connection).expect("the statistics begin anew");
        let before = processor(&mut self.connection);
        work();
        let after = processor(&mut self.connection);
        Cost { commands: spent_in(&mut self.connection, commands), processor: after - before - self.idle }
    }
}

/// The microseconds that were spent in these commands since the statistics began.
fn spent_in(connection: &mut Connection, commands: &[&str]) -> f64 {
    let stats = info(connection, "commandstats");
    commands.iter().filter_map(|command| number(&stats, &format!("cmdstat_{command}:"), "usec=")).sum()
}

fn processor(connection: &mut Connection) -> f64 {
    let info = info(connection, "cpu");
    let parts = ["used_cpu_user_main_thread:", "used_cpu_sys_main_thread:"];
    parts.iter().filter_map(|part| number(&info, part, "")).sum::<f64>() * 1e6
}

/// A section of `INFO`.
pub fn info(connection: &mut Connection, section: &str) -> String {
    redis::cmd("INFO").arg(section).query(connection).expect("the server answers INFO")
}

/// A number of an `INFO` section: what follows `after` in the line that begins with `line`.
pub fn number(info: &str, line: &str, after: &str) -> Option<f64> {
    let line = info.lines().find_map(|each| each.strip_prefix(line))?;
    let number = &line[line.find(after)? + after.len()..];
    number.split([',', '\r']).next()?.parse().ok()
}
