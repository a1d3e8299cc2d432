//! A command while it runs.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;

use super::txwatch::{Ended, Txwatch};

/// A command that was started, with what it has said so far.
pub struct Running {
    child: Child,
    stdout: Option<Stream<ChildStdout>>,
    stderr: Option<Stream<ChildStderr>>,
    /// Its home lives as long as it does.
    _txwatch: Txwatch,
}

struct Stream<R> {
    reader: BufReader<R>,
    heard: String,
}

impl Txwatch {
    /// Starts it, with pipes for what the test has not set up otherwise.
    pub fn start(mut self) -> Running {
        let child = self.command().stderr(Stdio::piped()).spawn().unwrap();
        self.running(child)
    }

    /// Starts it, with a pipe for stdout as well.
    pub fn start_piped(mut self) -> Running {
        self.command().stdout(Stdio::piped());
        self.start()
    }

    fn running(self, mut child: Child) -> Running {
        let stdout = child.stdout.take().map(Stream::new);
        let stderr = child.stderr.take().map(Stream::new);
        Running { child, stdout, stderr, _txwatch: self }
    }
}

/// Sends a signal by name to a child.
pub(super) fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

impl<R: Read> Stream<R> {
    fn new(pipe: R) -> Self {
        Stream { reader: BufReader::new(pipe), heard: String::new() }
    }

    fn wait_for(&mut self, needle: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.reader.read_line(&mut line).unwrap();
            assert!(read > 0, "'{needle}' was never said: {}", self.heard);
            self.heard.push_str(&line);
            if line.contains(needle) {
                return line;
            }
        }
    }

    fn rest(mut self) -> String {
        self.reader.read_to_string(&mut self.heard).unwrap();
        self.heard
    }
}

impl Running {
    /// Waits for a line on stdout.
    pub fn wait_for_stdout(&mut self, needle: &str) -> String {
        self.stdout.as_mut().expect("stdout is no pipe").wait_for(needle)
    }

    /// Waits for a line on stderr.
    pub fn wait_for_stderr(&mut self, needle: &str) -> String {
        self.stderr.as_mut().expect("stderr is no pipe").wait_for(needle)
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// What the process list shows of it and of what it has started.
    #[cfg(target_os = "linux")]
    pub fn command_lines(&self) -> String {
        let mut shown = String::new();
        let mut processes = vec![self.child.id().to_string()];
        while let Some(process) = processes.pop() {
            let read = |file: &str| std::fs::read(format!("/proc/{process}/{file}"));
            // One that has ended meanwhile shows nothing.
            let words = read("cmdline").unwrap_or_default();
            shown += &String::from_utf8_lossy(&words).replace('\0', " ");
            let children = read(&format!("task/{process}/children")).unwrap_or_default();
            processes
                .extend(String::from_utf8_lossy(&children).split_whitespace().map(str::to_owned));
        }
        shown
    }

    /// Whether it has a signal that it has not taken yet.
    #[cfg(target_os = "linux")]
    pub fn has_pending_signal(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:")).unwrap();
        pending.trim().bytes().any(|digit| digit != b'0')
    }

    /// Waits until the system says that it is in this state: `T` if it is stopped.
    #[cfg(target_os = "linux")]
    pub fn wait_for_state(&self, state: char) {
        let path = format!("/proc/{}/status", self.child.id());
        let is_there =
            |line: &str| line.strip_prefix("State:").is_some_and(|it| it.contains(state));
        while !std::fs::read_to_string(&path).unwrap().lines().any(is_there) {
            thread::yield_now();
        }
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
        let errors = thread::spawn(move || stderr.map(Stream::rest).unwrap_or_default());
        let stdout = stdout.map(Stream::rest).unwrap_or_default();
        let status: ExitStatus = self.child.wait().unwrap();
        Ended { code: status.code().unwrap_or(-1), stdout, stderr: errors.join().unwrap() }
            .checked()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `end` there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
