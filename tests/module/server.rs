use std::net::TcpListener;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use redis::{Connection, Value};
use tempfile::TempDir;

use crate::invariant;

/// A redis-server with the module loaded. Before it goes, invariant 8.1 is checked over all its keys.
pub struct Server {
    process: Child,
    port: u16,
    control: Mutex<Connection>,
    directory: TempDir,
    environment: Environment,
    options: Vec<String>,
}

/// What a server finds in its environment beside the usual.
pub type Environment = Vec<(&'static str, PathBuf)>;

impl Server {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With more than the usual: a configuration file, then load arguments for the module such as `page-size 3`, then
    /// options such as `--appendonly yes`; each may be left out.
    pub fn start_with(options: &[&str]) -> Self {
        Self::start_in(Environment::new(), options)
    }

    /// The same with more in its environment than the usual.
    pub fn start_in(environment: Environment, options: &[&str]) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        let (process, port) = launch(directory.path(), &environment, &options);
        let control = Mutex::new(connect(port).expect("the server accepts connections"));
        Self { process, port, control, directory, environment, options }
    }

    /// What the server logs when it refuses to load the module with these arguments.
    pub fn refusal(arguments: &[&str]) -> String {
        let directory = TempDir::new().expect("a temporary directory");
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut process = spawn(directory.path(), free_port(), &Environment::new(), &arguments);
        let begun = Instant::now();
        while process.try_wait().expect("the process can be asked").is_none() {
            if begun.elapsed() > Duration::from_secs(10) {
                let _ = process.kill();
                let _ = process.wait();
                panic!("the server loads the module with {arguments:?}");
            }
            thread::sleep(Duration::from_millis(20));
        }
        std::fs::read_to_string(directory.path().join("server.log")).unwrap_or_default()
    }

    /// The port that the server listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A connection for a user of the server's ACL.
    pub fn connect_as(&self, user: &str, password: &str) -> Connection {
        let client = redis::Client::open(format!("redis://{user}:{password}@127.0.0.1:{}/", self.port)).unwrap();
        client.get_connection().expect("the user may connect")
    }

    /// A replica of this server that has caught up with it.
    pub fn replica(&self) -> Self {
        self.replica_with(&[])
    }

    /// A replica of this server that has caught up with it, with more options than the usual.
    pub fn replica_with(&self, options: &[&str]) -> Self {
        let primary = format!("127.0.0.1 {}", self.port);
        let replica = Self::start_with(&[&["--replicaof", &primary], options].concat());
        self.wait_for(&replica);
        replica
    }

    /// Waits until the replica has all that was written here.
    pub fn wait_for(&self, replica: &Self) {
        eventually("the replica to catch up", || {
            let (primary, replica) = (self.info("replication"), replica.info("replication"));
            field(&replica, "master_link_status") == Some("up")
                && field(&primary, "master_repl_offset") == field(&replica, "slave_repl_offset")
        });
    }

    /// Ends the process as a power cut would, and starts it again on what it left on disk.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.restart();
    }

    /// Ends the process as a power cut would.
    pub fn kill(&mut self) {
        self.process.kill().expect("the server can be killed");
        self.process.wait().expect("the server ends");
    }

    /// Starts a server that was killed on what it left on disk, on another port.
    pub fn restart(&mut self) {
        (self.process, self.port) = launch(self.directory.path(), &self.environment, &self.options);
        self.control = Mutex::new(self.connect());
    }

    /// Where the server keeps its files.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn connect(&self) -> Connection {
        connect(self.port).expect("the server accepts connections")
    }

    /// A connection that speaks RESP3.
    pub fn connect_resp3(&self) -> Connection {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}/?protocol=resp3", self.port)).unwrap();
        client.get_connection().expect("the server accepts connections")
    }

    /// Runs a command, written as in redis-cli but without quotes.
    pub fn run(&self, command: &str) -> Value {
        self.try_run(command).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// The text of the error that the command answers with.
    pub fn error(&self, command: &str) -> String {
        match self.try_run(command) {
            Err(error) => error,
            Ok(reply) => panic!("{command}: no error but {reply:?}"),
        }
    }

    pub fn try_run(&self, command: &str) -> Result<Value, String> {
        let words: Vec<_> = command.split_whitespace().map(str::as_bytes).collect();
        call(&mut self.control.lock().expect("no test panics in a command"), &words)
    }

    /// Runs a command whose reply is text, a number or nil, and returns it as text.
    pub fn text(&self, command: &str) -> String {
        text(&self.run(command))
    }

    /// Runs a command whose reply is a list of texts.
    pub fn list(&self, command: &str) -> Vec<String> {
        let Value::Array(items) = self.run(command) else { panic!("{command}: no list") };
        items.iter().map(text).collect()
    }

    /// The names of all keys, in order.
    pub fn keys(&self) -> Vec<String> {
        let mut keys = self.list("KEYS *");
        keys.sort();
        keys
    }

    /// Redis' own digest of all data.
    pub fn digest(&self) -> String {
        self.text("DEBUG DIGEST")
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory().join("server.log")).unwrap_or_default()
    }

    pub fn info(&self, section: &str) -> String {
        self.text(&format!("INFO {section}"))
    }

    /// The server's clock in unix milliseconds.
    pub fn clock(&self) -> i64 {
        let time = self.list("TIME");
        time[0].parse::<i64>().unwrap() * 1000 + time[1].parse::<i64>().unwrap() / 1000
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let checked = catch_unwind(AssertUnwindSafe(|| invariant::check(&mut self.connect())));
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let (Err(broken), false) = (checked, thread::panicking()) {
            resume_unwind(broken);
        }
    }
}

/// Runs a command of any bytes.
pub fn call(connection: &mut Connection, words: &[&[u8]]) -> Result<Value, String> {
    let mut command = redis::cmd(std::str::from_utf8(words[0]).expect("a command's name is text"));
    for word in &words[1..] {
        command.arg(*word);
    }
    command.query(connection).map_err(|error| match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        _ => error.to_string(),
    })
}

/// A simple reply as text.
pub fn text(value: &Value) -> String {
    match value {
        Value::Nil => "nil".into(),
        Value::Int(number) => number.to_string(),
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::SimpleString(text) => text.clone(),
        Value::VerbatimString { text, .. } => text.clone(),
        Value::Okay => "OK".into(),
        other => panic!("no simple reply: {other:?}"),
    }
}

/// The pairs of a map, or of a flat array that stands for one.
pub fn pairs(value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Map(pairs) => pairs.iter().map(|(key, value)| (text(key), value.clone())).collect(),
        Value::Array(items) => items.chunks(2).map(|pair| (text(&pair[0]), pair[1].clone())).collect(),
        other => panic!("no map: {other:?}"),
    }
}

/// The value that a map holds under that key.
pub fn get(value: &Value, key: &str) -> Value {
    let found = pairs(value).into_iter().find(|(name, _)| name == key);
    found.unwrap_or_else(|| panic!("no {key} in {value:?}")).1
}

/// Waits for a condition, failing after a time that only a broken server needs.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

fn launch(directory: &Path, environment: &Environment, options: &[String]) -> (Child, u16) {
    // Another process may take a free port before the server does.
    for _ in 0..5 {
        let port = free_port();
        if let Some(process) = answers(spawn(directory, port, environment, options), port) {
            return (process, port);
        }
    }
    let log = std::fs::read_to_string(directory.join("server.log")).unwrap_or_default();
    panic!("the server does not start:\n{log}");
}

/// Starts the server. Options before the first that begins with `--` are load arguments of the module, but for a
/// configuration file.
fn spawn(directory: &Path, port: u16, environment: &Environment, options: &[String]) -> Child {
    let server = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
    let (file, options) = match options.split_first() {
        Some((file, options)) if file.ends_with(".conf") => (Some(file), options),
        _ => (None, options),
    };
    let arguments = options.iter().position(|option| option.starts_with("--")).unwrap_or(options.len());
    let (arguments, options) = options.split_at(arguments);
    Command::new(&server)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .args(file)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--dir", directory.to_str().unwrap()])
        .args(["--save", "", "--enable-debug-command", "local", "--logfile", "server.log"])
        .args(["--repl-diskless-sync-delay", "0"])
        .args(options)
        .args(["--loadmodule", module().to_str().unwrap()])
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {server}: {error}; install redis-server"))
}

fn answers(mut process: Child, port: u16) -> Option<Child> {
    // Under valgrind a server takes its time.
    for _ in 0..2_000 {
        if process.try_wait().expect("the process can be asked").is_some() {
            return None;
        }
        if connect(port).is_some_and(|mut connection| redis::cmd("PING").exec(&mut connection).is_ok()) {
            return Some(process);
        }
        thread::sleep(Duration::from_millis(20));
    }
    let _ = process.kill();
    let _ = process.wait();
    None
}

fn connect(port: u16) -> Option<Connection> {
    redis::Client::open(format!("redis://127.0.0.1:{port}/")).ok()?.get_connection().ok()
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn module() -> PathBuf {
    let path = std::env::var_os("TRACKER_MODULE")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/libtracker.so"));
    assert!(path.exists(), "there is no {}: run `cargo build --release` first", path.display());
    path
}
