//! A terminal to run a command in, and the content of its screen.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;
use txwatch::sandbox::Speed;
use vt100::Parser;

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
    chunks: Receiver<Vec<u8>>,
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    // Closes the terminal when dropped.
    _master: Box<dyn MasterPty + Send>,
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
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.env_clear();
    command.cwd(home.path());
    command.env("HOME", home.path());
    command.env("PATH", super::txwatch::path());
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
            chunks,
            keyboard: pair.master.take_writer().unwrap(),
            child,
            _master: pair.master,
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

impl Drop for Terminal {
    fn drop(&mut self) {
        // It is still running only if the test has failed.
        let _ = self.child.kill();
    }
}
