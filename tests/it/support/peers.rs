//! Programs of others, run by Node.js: a Pusher-compatible server, and a publisher with the official SDK.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::running::signal;
use super::txwatch::path;

/// The folder of the programs and of their packages.
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers");
/// The only application that the server knows; the rest of it is in `soketi.json` and `publisher.mjs`.
pub const APP_KEY: &str = "txwatch-key";

/// soketi on a port of loopback. Dropped, it is killed.
pub struct Soketi {
    pub port: u16,
    program: Program,
}

/// The publisher; it does one thing after the other.
pub struct Publisher {
    program: Program,
}

/// A program that is spoken to by lines. It has a home of its own, in which soketi makes folders.
struct Program {
    child: Child,
    _home: TempDir,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Soketi {
    /// Starts it on a free port, and waits until it serves.
    pub fn start() -> Self {
        Soketi::start_with(&[])
    }

    /// The same, with settings of its own: variables of the environment.
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        Soketi::serve(port, settings)
    }

    /// Starts it where another one was.
    pub fn start_on(port: u16) -> Self {
        Soketi::serve(port, &[])
    }

    fn serve(port: u16, settings: &[(&str, &str)]) -> Self {
        let mut command = node("node_modules/@soketi/soketi/bin/server.js");
        command.args(["start", "--config=soketi.json"]).envs(settings.iter().copied());
        // What it takes for other nodes of its cluster, it would hear on the port of that name.
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

    /// Ends it by a signal, and waits until it is gone; by SIGTERM that takes a while, in which it refuses
    /// whoever comes. Answers its port.
    pub fn stop(mut self, name: &str) -> u16 {
        signal(&self.program.child, name);
        self.program.child.wait().unwrap();
        self.port
    }
}

impl Publisher {
    /// A publisher to this server, wherever it is stopped and started again.
    pub fn start(soketi: &Soketi) -> Self {
        let mut command = node("publisher.mjs");
        command.arg(soketi.port.to_string());
        Publisher { program: Program::start(command) }
    }

    /// Waits until somebody subscribes to each of these channels.
    pub fn await_subscribers<S: AsRef<str>>(&mut self, channels: &[S]) {
        let channels: Vec<_> = channels.iter().map(AsRef::as_ref).collect();
        self.tell(&json!({ "await": channels }));
    }

    /// Publishes events in their order; see [`event`] and [`signed`].
    pub fn publish<E: Into<Vec<Value>>>(&mut self, events: E) {
        self.tell(&json!({ "publish": events.into() }));
    }

    fn tell(&mut self, command: &Value) {
        writeln!(self.program.stdin, "{command}").unwrap();
        let answer = self.program.line();
        assert_eq!(answer.trim_end(), "null", "{command}");
    }
}

/// An event with an order in it.
pub fn event(channel: &str, name: &str, order: &Value) -> Value {
    json!({ "channel": channel, "event": name, "data": order })
}

/// The same, as a JSON Web Token.
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
        assert!(read > 0, "it ended; see tests/peers/README.md for how it is installed");
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
