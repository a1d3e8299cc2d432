//! Third-party programs, run by Node.js: a Pusher-compatible server, and a publisher with the official SDK.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::running::signal;
use super::txwatch::path;

/// The folder of the programs and their packages.
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers");
/// The only application of the server; its other settings are in `soketi.json` and `publisher.mjs`.
pub const APP_KEY: &str = "txwatch-key";

/// soketi on a loopback port. It is killed when dropped.
pub struct Soketi {
    pub port: u16,
    program: Program,
}

/// The publisher; it runs one command at a time.
pub struct Publisher {
    program: Program,
}

/// A program with a line protocol on stdin and stdout. It has its own home directory, in which soketi creates
/// folders.
struct Program {
    child: Child,
    _home: TempDir,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Soketi {
    /// Starts it on a free port, and waits until it accepts connections.
    pub fn start() -> Self {
        Soketi::start_with(&[])
    }

    /// The same, with settings as environment variables.
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        Soketi::serve(port, settings)
    }

    /// Starts it on the port of a server that was stopped.
    pub fn start_on(port: u16) -> Self {
        Soketi::serve(port, &[])
    }

    fn serve(port: u16, settings: &[(&str, &str)]) -> Self {
        let mut command = node("node_modules/@soketi/soketi/bin/server.js");
        command.args(["start", "--config=soketi.json"]).envs(settings.iter().copied());
        // Otherwise the servers of parallel tests would share a port for their cluster.
        for name in ["SOKETI_PORT", "SOKETI_CLUSTER_PORT"] {
            command.env(name, port.to_string());
        }
        let mut program = Program::start(command);
        while !program.line().contains("Server is up and running") {}
        Soketi { port, program }
    }

    /// The base address of `/app/{key}`.
    pub fn push_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// Sends a signal, waits for its exit, and returns its port. After SIGTERM it refuses new connections for a
    /// while before it exits.
    pub fn stop(mut self, name: &str) -> u16 {
        signal(&self.program.child, name);
        self.program.child.wait().unwrap();
        self.port
    }
}

impl Publisher {
    /// A publisher to the port of this server, also after a restart.
    pub fn start(soketi: &Soketi) -> Self {
        let mut command = node("publisher.mjs");
        command.arg(soketi.port.to_string());
        Publisher { program: Program::start(command) }
    }

    /// Waits until each of these channels has a subscriber.
    pub fn await_subscribers<S: AsRef<str>>(&mut self, channels: &[S]) {
        let channels: Vec<_> = channels.iter().map(AsRef::as_ref).collect();
        self.send(&json!({ "await": channels }));
    }

    /// Publishes events in this order; see [`event`] and [`signed`].
    pub fn publish<E: Into<Vec<Value>>>(&mut self, events: E) {
        self.send(&json!({ "publish": events.into() }));
    }

    fn send(&mut self, command: &Value) {
        writeln!(self.program.stdin, "{command}").unwrap();
        let answer = self.program.line();
        assert_eq!(answer.trim_end(), "null", "{command}");
    }
}

/// An event whose data is an order.
pub fn event(channel: &str, name: &str, order: &Value) -> Value {
    json!({ "channel": channel, "event": name, "data": order })
}

/// The same event with its data as a JSON Web Token.
pub fn signed(mut event: Value, key: &str, algorithm: &str) -> Value {
    event["sign"] = json!({ "key": key, "algorithm": algorithm });
    event
}

fn node(script: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(script).current_dir(PEERS).env_clear().env("PATH", path());
    command.env("AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE", "1");
    command
}

impl Program {
    fn start(mut command: Command) -> Self {
        let home = TempDir::new().unwrap();
        command.env("HOME", home.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Node.js; see tests/peers/README.md");
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Program { child, _home: home, stdin, stdout: BufReader::new(stdout) }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.stdout.read_line(&mut line).unwrap();
        assert!(read > 0, "it has exited; see tests/peers/README.md for how to install it");
        line
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // After `stop` there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
