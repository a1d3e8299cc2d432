//! A command while it runs: waiting for its output, sending it signals.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;

use serde_json::Value;

use super::schema;
use super::script::Gate;
use super::txwatch::{CommandOutput, Txwatch};

/// A started command, with the output read so far.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<OutputReader<ChildStdout>>,
    stderr: Option<OutputReader<ChildStderr>>,
    /// Keeps the home directory until the command has ended.
    _txwatch: Txwatch,
}

struct OutputReader<R> {
    reader: BufReader<R>,
    received: String,
}

impl Txwatch {
    /// Starts it with a pipe for stderr; stdout is what the test set up.
    pub fn start(mut self) -> Running {
        let child = self.command().stderr(Stdio::piped()).spawn().unwrap();
        self.running(child)
    }

    /// Starts it with pipes for both stdout and stderr.
    pub fn start_piped(mut self) -> Running {
        self.command().stdout(Stdio::piped());
        self.start()
    }

    /// Runs it until it exits, with `-o json`, and checks the records. Opens the gate once a record with this
    /// text was printed.
    pub fn run_json_opening(mut self, gate: &Gate, needle: &str) -> (CommandOutput, Vec<Value>) {
        self.command().args(["-o", "json"]);
        let mut running = self.start_piped();
        running.wait_for_stdout(needle);
        gate.open();
        running.wait_json()
    }

    fn running(self, mut child: Child) -> Running {
        let stdout = child.stdout.take().map(OutputReader::new);
        let stderr = child.stderr.take().map(OutputReader::new);
        Running { stdin: child.stdin.take(), child, stdout, stderr, _txwatch: self }
    }
}

/// Sends a signal to a child process, by the signal's name without `SIG`.
pub fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

impl<R: Read> OutputReader<R> {
    fn new(pipe: R) -> Self {
        OutputReader { reader: BufReader::new(pipe), received: String::new() }
    }

    fn wait_for(&mut self, needle: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.reader.read_line(&mut line).unwrap();
            assert!(read > 0, "'{needle}' was never printed: {}", self.received);
            self.received.push_str(&line);
            if line.contains(needle) {
                return line;
            }
        }
    }

    fn read_to_end(mut self) -> String {
        self.reader.read_to_string(&mut self.received).unwrap();
        self.received
    }
}

impl Running {
    /// Waits for a line with this text on stdout, and returns the line.
    pub fn wait_for_stdout(&mut self, needle: &str) -> String {
        self.stdout.as_mut().expect("stdout is not a pipe").wait_for(needle)
    }

    /// Waits for a line with this text on stderr, and returns the line.
    pub fn wait_for_stderr(&mut self, needle: &str) -> String {
        self.stderr.as_mut().expect("stderr is not a pipe").wait_for(needle)
    }

    /// Writes an empty line to stdin.
    pub fn send_line(&mut self) {
        writeln!(self.stdin.as_mut().expect("stdin is not a pipe")).unwrap();
    }

    /// Waits for its exit alone.
    pub fn wait_for_exit(&mut self) {
        self.child.wait().unwrap();
    }

    /// Closes the reading end of stdout, as `| head -1` does.
    pub fn close_stdout(&mut self) {
        self.stdout = None;
    }

    /// Sends a signal, by its name without `SIG`.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The command lines of the process and of its descendants, as the process list shows them.
    #[cfg(target_os = "linux")]
    pub fn command_lines(&self) -> String {
        let mut shown = String::new();
        let mut processes = vec![self.child.id().to_string()];
        while let Some(process) = processes.pop() {
            let read = |file: &str| std::fs::read(format!("/proc/{process}/{file}"));
            // A process that has ended meanwhile has no command line.
            let words = read("cmdline").unwrap_or_default();
            shown += &String::from_utf8_lossy(&words).replace('\0', " ");
            let children = read(&format!("task/{process}/children")).unwrap_or_default();
            processes
                .extend(String::from_utf8_lossy(&children).split_whitespace().map(str::to_owned));
        }
        shown
    }

    /// Whether a signal was sent that the process has not taken yet.
    #[cfg(target_os = "linux")]
    pub fn has_pending_signal(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:")).unwrap();
        pending.trim().bytes().any(|digit| digit != b'0')
    }

    /// Waits until the kernel reports this process state: `T` is stopped.
    #[cfg(target_os = "linux")]
    pub fn wait_for_state(&self, state: char) {
        let path = format!("/proc/{}/status", self.child.id());
        let is_reached =
            |line: &str| line.strip_prefix("State:").is_some_and(|it| it.contains(state));
        while !std::fs::read_to_string(&path).unwrap().lines().any(is_reached) {
            thread::yield_now();
        }
    }

    /// Waits until it exits and whatever it started has closed stdout and stderr.
    pub fn wait(mut self) -> CommandOutput {
        let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
        let errors =
            thread::spawn(move || stderr.map(OutputReader::read_to_end).unwrap_or_default());
        let stdout = stdout.map(OutputReader::read_to_end).unwrap_or_default();
        let status: ExitStatus = self.child.wait().unwrap();
        CommandOutput { code: status.code().unwrap_or(-1), stdout, stderr: errors.join().unwrap() }
            .checked()
    }

    /// Waits for its exit, and checks the JSON records that it printed.
    pub fn wait_json(self) -> (CommandOutput, Vec<Value>) {
        let output = self.wait();
        let records = schema::records(&output.stdout, output.code);
        (output, records)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `wait` there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
