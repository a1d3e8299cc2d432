//! Readers of stdout and stderr that do not read, or only later: the deadline and signals hold nevertheless, and what
//! was printed are whole lines.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::fcntl_setpipe_size;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::Value;

use crate::support::running::signal;
use crate::support::txwatch::{Txwatch, txwatch};

/// Longer than it takes a command to end, and far shorter than it would hang.
const BOUND: Duration = Duration::from_secs(20);

/// A started command, with the reading ends of its streams.
struct Blocked {
    child: Child,
    stdout: PipeReader,
    stderr: PipeReader,
    _txwatch: Txwatch,
}

/// Starts it with pipes of these sizes that nobody reads.
fn start(txwatch: Txwatch, sizes: [usize; 2]) -> Blocked {
    start_with(txwatch, sizes.map(pipe_of))
}

fn start_with(mut txwatch: Txwatch, pipes: [(PipeReader, PipeWriter); 2]) -> Blocked {
    let [(stdout, to_stdout), (stderr, to_stderr)] = pipes;
    let command = txwatch.command().stdout(to_stdout).stderr(to_stderr);
    let child = command.spawn().unwrap();
    // Closes this process's writing ends.
    txwatch.command().stdout(Stdio::null()).stderr(Stdio::null());
    Blocked { child, stdout, stderr, _txwatch: txwatch }
}

fn pipe_of(size: usize) -> (PipeReader, PipeWriter) {
    let (reader, writer) = pipe().unwrap();
    fcntl_setpipe_size(&writer, size).unwrap();
    (reader, writer)
}

/// A pipe into which nothing more fits, and its reader.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe_of(SMALL);
    writer.write_all(&[b'\n'; SMALL]).unwrap();
    (reader, writer)
}

const SMALL: usize = 4096;
const USUAL: usize = 65536;
/// More than any of these commands prints.
const LARGE: usize = 1 << 20;

fn has_ended_within(process: u32, bound: Duration) -> bool {
    let process = Pid::from_raw(process.try_into().unwrap()).unwrap();
    is_readable_within(&pidfd_open(process, PidfdFlags::empty()).unwrap(), bound)
}

fn is_readable_within(file: &impl AsFd, bound: Duration) -> bool {
    let bound = Timespec::try_from(bound).unwrap();
    poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&bound)).unwrap() > 0
}

impl Blocked {
    /// Waits for its end; returns the code.
    fn wait(&mut self) -> i32 {
        assert!(has_ended_within(self.child.id(), BOUND), "it hangs");
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// Waits until it has printed something, which fills a small pipe.
    fn wait_for_output(&self, stream: &PipeReader) {
        assert!(is_readable_within(stream, BOUND), "nothing was printed");
    }

    fn rest_of_stdout(&mut self) -> String {
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).unwrap();
        text
    }

    fn rest_of_stderr(&mut self) -> String {
        let mut text = String::new();
        self.stderr.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `watch` for so many targets of a scenario.
fn many(scenario: &str, count: usize, arguments: &[&str]) -> Txwatch {
    let targets = (1..=count).map(|clock| format!("sandbox:{scenario}@{clock}"));
    let arguments = arguments.iter().map(|argument| (*argument).to_owned());
    txwatch(["watch".to_owned()].into_iter().chain(targets).chain(arguments))
}

fn check_whole_records(stdout: &str) {
    assert!(stdout.ends_with('\n'), "a record is torn: {:?}", stdout.lines().last());
    for line in stdout.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[test]
fn the_deadline_ends_it_while_nobody_reads_stdout() {
    let mut blocked = start(many("slow", 400, &["-o", "json", "-t", "2s"]), [USUAL, LARGE]);
    assert_eq!(blocked.wait(), 74);
    let stdout = blocked.rest_of_stdout();
    check_whole_records(&stdout);
    // As much as fits.
    assert!(stdout.len() > USUAL / 2, "{}", stdout.len());
    let stderr = blocked.rest_of_stderr();
    let lost = "error: stdout cannot be written: its reader did not take the last ";
    assert!(stderr.contains(lost), "{stderr}");
    assert!(stderr.contains("timed out after 2s: 400 of 400 targets are not final"), "{stderr}");
    assert!(stderr.contains("resume with"), "{stderr}");
}

/// More than is queued, so that the loop takes no input by then.
#[test]
fn the_deadline_ends_it_while_the_queue_is_full() {
    let mut blocked = start(many("happy", 900, &["-o", "json", "-t", "6s"]), [SMALL, LARGE]);
    assert_eq!(blocked.wait(), 74);
    check_whole_records(&blocked.rest_of_stdout());
    let stderr = blocked.rest_of_stderr();
    assert!(stderr.contains("its reader did not take the last 1"), "{stderr}");
    assert!(stderr.contains("timed out after 6s"), "{stderr}");
}

#[test]
fn the_first_signal_ends_it_while_nobody_reads_stdout() {
    for (name, reason) in [("TERM", "terminated"), ("INT", "interrupted"), ("HUP", "hung up")] {
        let watch = many("slow", 100, &["-o", "json", "-t", "none"]);
        let mut blocked = start(watch, [SMALL, LARGE]);
        blocked.wait_for_output(&blocked.stdout);
        signal(&blocked.child, name);
        assert_eq!(blocked.wait(), 74, "{name}");
        check_whole_records(&blocked.rest_of_stdout());
        let stderr = blocked.rest_of_stderr();
        assert!(stderr.contains("stdout cannot be written"), "{stderr}");
        assert!(stderr.contains(reason) || name == "HUP", "{stderr}");
    }
}

#[test]
fn the_deadline_ends_a_command_whose_stdout_was_full_before() {
    for arguments in [
        &["get", "sandbox:happy", "-o", "json", "-t", "1s"][..],
        &["get", "sandbox:happy", "-o", "plain", "-t", "1s"],
        &["poll", "sandbox:happy", "-o", "json", "-t", "1s"],
        &["watch", "sandbox:cancelled", "-o", "human", "-t", "3s"],
    ] {
        let mut blocked = start_with(txwatch(arguments), [full_pipe(), pipe_of(LARGE)]);
        assert_eq!(blocked.wait(), 74, "{arguments:?}");
    }
}

#[test]
fn a_stderr_that_is_not_read_changes_nothing() {
    let mut plain = start(many("slow", 900, &["-o", "plain", "-t", "3s"]), [LARGE, SMALL]);
    assert_eq!(plain.wait(), 124);
    assert_eq!(plain.rest_of_stdout().lines().count(), 900);
    assert!(plain.rest_of_stderr().ends_with('\n'));

    for (scenario, code) in [("happy", 0), ("failed", 10), ("denied", 77)] {
        for verbose in ["-v", "-vv"] {
            let mut log = start(many(scenario, 20, &[verbose, "-o", "json"]), [LARGE, SMALL]);
            assert_eq!(log.wait(), code, "{scenario} {verbose}");
            let stdout = log.rest_of_stdout();
            check_whole_records(&stdout);
            assert!(stdout.lines().last().unwrap().contains("\"summary\""), "{stdout}");
        }
    }
    let mut signalled = start(txwatch(["watch", "sandbox:slow", "-vv"]), [LARGE, SMALL]);
    signalled.wait_for_output(&signalled.stderr);
    signal(&signalled.child, "TERM");
    assert_eq!(signalled.wait(), 143);
}

#[test]
fn a_usage_error_does_not_wait_for_stderr() {
    let (_reader, full) = full_pipe();
    let start = Instant::now();
    let mut txwatch = txwatch(["watch", "nothing:here"]);
    let status = txwatch.command().stderr(full).status().unwrap();
    assert_eq!(status.code(), Some(2));
    assert!(start.elapsed() < BOUND);
}

#[test]
fn a_reader_that_begins_late_gets_everything() {
    const COUNT: usize = 300;
    let mut late = start(many("failed", COUNT, &["-o", "plain"]), [SMALL, LARGE]);
    // Until nothing but stdout is waited for.
    let (mut told, mut buffer) = (String::new(), [0; 4096]);
    while told.matches(" failed ").count() < COUNT {
        let read = late.stderr.read(&mut buffer).unwrap();
        assert!(read > 0, "{told}");
        told.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    assert!(late.child.try_wait().unwrap().is_none(), "it did not wait for its reader");
    assert_eq!(late.rest_of_stdout().lines().count(), COUNT);
    assert_eq!(late.wait(), 10);

    // More records than are queued before no more input is taken.
    const MANY: usize = 700;
    let mut slow = start(many("happy", MANY, &["-o", "json"]), [USUAL, LARGE]);
    let mut stdout = Vec::new();
    let mut piece = [0; 1000];
    while let Ok(read @ 1..) = slow.stdout.read(&mut piece) {
        stdout.extend_from_slice(&piece[..read]);
    }
    let stdout = String::from_utf8(stdout).unwrap();
    check_whole_records(&stdout);
    assert!(stdout.len() > 1 << 20, "{}", stdout.len());
    assert_eq!(stdout.matches("\"type\":\"result\"").count(), MANY);
    assert_eq!(slow.wait(), 0);
}

#[test]
fn a_signal_ends_the_wait_for_a_reader_after_the_last_result() {
    let mut blocked = start(many("failed", 200, &["-o", "plain", "-t", "none"]), [SMALL, LARGE]);
    let (mut told, mut buffer) = (String::new(), [0; 4096]);
    while told.matches(" failed ").count() < 200 {
        let read = blocked.stderr.read(&mut buffer).unwrap();
        told.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    signal(&blocked.child, "TERM");
    assert_eq!(blocked.wait(), 74);
    let stdout = blocked.rest_of_stdout();
    assert!(stdout.lines().all(|line| line.ends_with("\tfailed")), "{stdout}");
}

#[test]
fn dropped_log_lines_are_counted_once_stderr_is_read_again() {
    const COUNT: usize = 900;
    // A transaction's way to its end is a kilobyte in the log.
    let mut blocked = start(many("happy", COUNT, &["-vv", "-o", "json"]), [LARGE, SMALL]);
    let (mut told, mut buffer) = (String::new(), [0; 65536]);
    while told.matches("\"type\":\"result\"").count() < COUNT * 2 / 3 {
        let read = blocked.stdout.read(&mut buffer).unwrap();
        told.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    let mut stdout = blocked.stdout.try_clone().unwrap();
    thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
    let stderr = blocked.rest_of_stderr();
    let said = " log lines were dropped here: stderr was not read in time";
    let said = stderr.lines().filter_map(|line| line.strip_suffix(said)?.strip_prefix("warning: "));
    let dropped: usize = said.map(|count| count.parse::<usize>().unwrap()).sum();
    assert!(dropped > 100, "{dropped} of {} lines", stderr.lines().count());
    assert_eq!(blocked.wait(), 0);
}

#[test]
fn one_pipe_for_both_streams_keeps_their_order() {
    let script = "exec \"$0\" \"$@\" 2>&1";
    let arguments = ["watch", "sandbox:failed@a", "sandbox:failed@b", "-o", "plain"];
    let output = txwatch(arguments).wrapped_by(["sh", "-c", script]).run();
    let lines: Vec<_> = output.stdout.lines().collect();
    let place = |text: &str| lines.iter().position(|line| line.contains(text));
    for clock in ["a", "b"] {
        let change = place(&format!("sandbox:failed@{clock} failed"));
        let result = place(&format!("sandbox:failed@{clock}\tfailed"));
        assert!(change.is_some() && change < result, "{lines:#?}");
    }
}

#[test]
fn the_sandbox_serves_although_nobody_reads_what_it_prints() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (_reader, full) = full_pipe();
    let mut sandbox = txwatch(["sandbox", "-q", "--listen", &address.to_string()]);
    let mut child = sandbox.command().stdout(full).spawn().unwrap();
    let start = Instant::now();
    let mut answer = Vec::new();
    while answer.is_empty() {
        assert!(start.elapsed() < BOUND, "it does not serve");
        if let Ok(mut connection) = TcpStream::connect(address) {
            connection.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
            connection.read_to_end(&mut answer).unwrap();
        }
    }
    signal(&child, "TERM");
    // Nobody has got its settings.
    assert_eq!(child.wait().unwrap().code(), Some(74));
}

/// Runs itself again, in a process that panics as the binary would.
#[test]
fn a_panic_does_not_wait_for_stderr() {
    const CHILD: &str = "TXWATCH_TEST_PANICS_INTO_FULL_PIPE";
    if std::env::var_os(CHILD).is_some() {
        txwatch::panic::install_hook();
        panic!("nobody reads this");
    }
    let (_reader, full) = full_pipe();
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "blocked_output::a_panic_does_not_wait_for_stderr"]).env(CHILD, "1");
    let status = again.stdout(Stdio::null()).stderr(full).status().unwrap();
    assert_eq!(status.code(), Some(70));
}

/// A terminal whose output nobody reads, and in which a command was started. `keys` are typed at once.
fn on_terminal(
    arguments: &[&str],
    keys: &str,
) -> (Box<dyn portable_pty::Child + Send + Sync>, Keyboard) {
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut writer = pair.master.take_writer().unwrap();
    writer.write_all(keys.as_bytes()).unwrap();
    let home = tempfile::TempDir::new().unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_txwatch"));
    command.args(arguments);
    command.env_clear();
    command.env("HOME", home.path());
    command.env("TERM", "xterm-256color");
    (
        pair.slave.spawn_command(command).unwrap(),
        Keyboard { writer, _master: pair.master, _home: home },
    )
}

struct Keyboard {
    writer: Box<dyn Write + Send>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
    _home: tempfile::TempDir,
}

/// Waits for its end; returns the code.
fn code_of(child: &mut Box<dyn portable_pty::Child + Send + Sync>) -> u32 {
    assert!(has_ended_within(child.process_id().unwrap(), BOUND), "it hangs");
    child.wait().unwrap().exit_code()
}

/// Waits until a process runs txwatch, and, where it is to heed SIGINT, has a handler for it.
fn wait_until_started(process: u32, heeds_interrupt: bool) {
    const SIGINT: u64 = 1 << 1;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let caught = u64::from_str_radix(field("SigCgt:").trim(), 16).unwrap();
        if field("Name:").trim() == "txwatch" && (!heeds_interrupt || caught & SIGINT != 0) {
            return;
        }
        thread::yield_now();
    }
}

const CTRL_S: &str = "\x13";

#[test]
fn the_deadline_ends_it_on_a_stopped_terminal() {
    for arguments in [
        &["watch", "sandbox:slow", "-t", "2s"][..],
        &["watch", "sandbox:slow", "-t", "2s", "-vv"],
        &["watch", "sandbox:slow", "-t", "2s", "-o", "json"],
        &["get", "sandbox:happy", "-t", "2s"],
    ] {
        let (mut child, _keyboard) = on_terminal(arguments, CTRL_S);
        // The result could not be shown.
        assert_eq!(code_of(&mut child), 74, "{arguments:?}");
    }
}

#[test]
fn ctrl_c_ends_it_on_a_stopped_terminal() {
    for (arguments, heeds_interrupt) in [
        (&["watch", "sandbox:slow", "-t", "none"][..], true),
        (&["watch", "sandbox:slow", "-t", "none", "-o", "json", "-vv"], true),
        (&["sandbox"], true),
        (&["help", "schema"], false),
    ] {
        let (mut child, mut keyboard) = on_terminal(arguments, CTRL_S);
        wait_until_started(child.process_id().unwrap(), heeds_interrupt);
        // Once: a second one would end it whatever it does.
        keyboard.writer.write_all(b"\x03").unwrap();
        code_of(&mut child);
    }
}
