//! A terminal to run a command in, and the content of its screen.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use console::truncate_str;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;
use txwatch::sandbox::Speed;
use vt100::Parser;

use super::txwatch::{path, with_default_signals};

use super::reflow::Reflowing;

/// Longer than any wait of a passing test.
const DEADLINE: Duration = Duration::from_secs(60);

/// A command line to run in a terminal: its own home, no configuration, UTC, the binary on the PATH.
pub struct Session {
    command: CommandBuilder,
    home: TempDir,
    size: PtySize,
}

/// A command running in a terminal.
pub struct Terminal {
    parser: Parser,
    /// The lines that are not empty of every screen so far.
    pub history: Vec<Vec<String>>,
    /// Everything the command has written.
    pub bytes: Vec<u8>,
    /// Its sizes: the first, and each later one with the number of bytes that were written before.
    sizes: Vec<(usize, PtySize)>,
    chunks: Receiver<Vec<u8>>,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    // Closes the terminal when dropped.
    master: Box<dyn MasterPty + Send>,
    // Removed when the command has exited.
    _home: TempDir,
}

/// How a command exited, and the screen after it.
#[derive(Debug)]
pub struct Exit {
    pub code: u32,
    /// The lines that are not empty.
    pub screen: Vec<String>,
    /// Whether the cursor is at the start of a line.
    pub at_line_start: bool,
}

/// A program with arguments, in a terminal of 24 rows and 80 columns.
pub fn session<I, S>(program: &str, arguments: I) -> Session
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let home = TempDir::new().unwrap();
    let mut command = CommandBuilder::from_argv(with_default_signals([program]));
    command.args(arguments);
    command.env_clear();
    command.cwd(home.path());
    command.env("HOME", home.path());
    command.env("PATH", path());
    command.env("TERM", "xterm-256color");
    command.env("TZ", "UTC");
    command.env(Speed::VARIABLE, "10");
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    Session { command, home, size }
}

/// `txwatch` with arguments, in a terminal of 24 rows and 80 columns.
pub fn txwatch<I, S>(arguments: I) -> Session
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    session(env!("CARGO_BIN_EXE_txwatch"), arguments)
}

impl Session {
    pub fn size(mut self, rows: u16, cols: u16) -> Self {
        self.size = PtySize { rows, cols, ..self.size };
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs scenarios of the sandbox in real time.
    pub fn in_real_time(self) -> Self {
        self.at_speed("1")
    }

    /// Runs scenarios of the sandbox so many times as fast as real time.
    pub fn at_speed(self, factor: &str) -> Self {
        self.env(Speed::VARIABLE, factor)
    }

    /// Writes the configuration file.
    pub fn config(mut self, text: &str) -> Self {
        let path = self.home.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        self.command.env("TXWATCH_CONFIG", path);
        self
    }

    /// Opens the terminal and starts the command.
    pub fn start(self) -> Terminal {
        let pair = native_pty_system().openpty(self.size).unwrap();
        let child = pair.slave.spawn_command(self.command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, chunks) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // On Linux, reading fails once no process has the other side open.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal {
            parser: Parser::new(self.size.rows, self.size.cols, 0),
            history: Vec::new(),
            bytes: Vec::new(),
            sizes: vec![(0, self.size)],
            chunks,
            keyboard: pair.master.take_writer().unwrap(),
            child,
            master: pair.master,
            _home: self.home,
        }
    }
}

impl Terminal {
    /// The lines on the screen that are not empty.
    pub fn screen(&self) -> Vec<String> {
        let lines = self.parser.screen().rows(0, u16::MAX);
        lines.map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
    }

    /// Everything that was ever shown and not erased, where lines are not wrapped anew when the width changes.
    pub fn lines(&self) -> Vec<String> {
        const ROWS: u16 = 1_000;
        let mut parser = Parser::new(ROWS, self.sizes[0].1.cols, 0);
        self.replay(|size, bytes| {
            parser.screen_mut().set_size(ROWS, size.cols);
            parser.process(without_wrapping(bytes, size.cols.into()).as_bytes());
        });
        let rows = parser.screen().rows(0, u16::MAX);
        rows.map(|row| row.trim_end().to_owned()).filter(|row| !row.is_empty()).collect()
    }

    /// The same where they are.
    pub fn reflowed_lines(&self) -> Vec<String> {
        let mut terminal = Reflowing::new(self.sizes[0].1.cols);
        self.replay(|size, bytes| {
            terminal.resize(size.cols);
            terminal.write(bytes);
        });
        terminal.rows().into_iter().filter(|row| !row.is_empty()).collect()
    }

    /// What was written at each size.
    fn replay(&self, mut show: impl FnMut(PtySize, &[u8])) {
        let ends = self.sizes.iter().skip(1).map(|(from, _)| *from).chain([self.bytes.len()]);
        for ((from, size), end) in self.sizes.iter().zip(ends) {
            show(*size, &self.bytes[*from..end]);
        }
    }

    /// Changes the size of the terminal.
    pub fn resize(&mut self, rows: u16, cols: u16) {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).unwrap();
        self.parser.screen_mut().set_size(rows, cols);
        self.sizes.push((self.bytes.len(), size));
    }

    /// The lines on the screen that are not empty; what the terminal has wrapped is one.
    pub fn whole_lines(&self) -> Vec<String> {
        let screen = self.parser.screen();
        let mut lines: Vec<String> = Vec::new();
        let mut is_wrapped = false;
        for (row, text) in (0..).zip(screen.rows(0, u16::MAX)) {
            match lines.last_mut() {
                Some(last) if is_wrapped => last.push_str(&text),
                _ => lines.push(text),
            }
            is_wrapped = screen.row_wrapped(row);
        }
        let lines = lines.iter().map(|line| line.trim_end().to_owned());
        lines.filter(|line| !line.is_empty()).collect()
    }

    /// Sends the command a signal, by its name without `SIG`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.process_id().unwrap());
        assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    pub fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Reads until the screen satisfies the condition.
    pub fn wait_for(&mut self, what: &str, mut is_shown: impl FnMut(&[String]) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !is_shown(&self.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(self.read(left), "{what} was never shown:\n{}", self.screen().join("\n"));
        }
    }

    /// Reads until this was written so many more times.
    pub fn wait_for_bytes(&mut self, text: &str, times: usize) {
        let start = self.bytes.len();
        let deadline = Instant::now() + DEADLINE;
        let count = |bytes: &[u8]| String::from_utf8_lossy(bytes).matches(text).count();
        while count(&self.bytes[start..]) < times {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(self.read(left), "{text:?} was not written:\n{}", self.screen().join("\n"));
        }
    }

    /// Reads until the command has exited.
    pub fn wait(&mut self) -> Exit {
        let deadline = Instant::now() + DEADLINE;
        while self.read(deadline.saturating_duration_since(Instant::now())) {}
        let code = self.child.wait().unwrap().exit_code();
        let screen = self.parser.screen();
        assert!(!screen.hide_cursor(), "the cursor was left hidden");
        Exit { code, screen: self.screen(), at_line_start: screen.cursor_position().1 == 0 }
    }

    /// Waits for more output and processes it; false once there is no more.
    fn read(&mut self, limit: Duration) -> bool {
        match self.chunks.recv_timeout(limit) {
            Ok(chunk) => {
                self.parser.process(&chunk);
                self.bytes.extend(chunk);
                self.history.push(self.screen());
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => {
                panic!("no further output within {DEADLINE:?}:\n{}", self.screen().join("\n"))
            }
        }
    }
}

/// What was written, with lines cut that are not to be wrapped, for vt100 wraps all.
fn without_wrapping(bytes: &[u8], width: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split("\x1b[?7l");
    let mut cut = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (lines, rest) = part.split_once("\x1b[?7h").unwrap_or((part, ""));
        let lines = lines.split("\r\n").map(|line| truncate_str(line, width, ""));
        cut += &lines.collect::<Vec<_>>().join("\r\n");
        cut += rest;
    }
    cut
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It is still running only if the test has failed.
        let _ = self.child.kill();
    }
}
