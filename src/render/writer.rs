//! Writing to stdout and stderr, which may block for as long as their readers like.
//!
//! A command without a loop writes at once: nothing waits for it, and a signal ends it. Once [`detach`] was called,
//! threads do the writing, and a text is only queued: the loop never blocks. What is queued is written together as
//! soon as the stream takes it. stdout and stderr have a thread each, or one together if they are the same terminal,
//! file or pipe, so that their order is kept.
//!
//! The process ends whatever a thread is doing then; who wants something to be written waits for it, with a limit.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use super::backlog::{Backlog, Kind};
use super::stream::{Name, Stream};

/// How long the end of a command waits for a stream that takes nothing.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long stdout waits for what was printed on the terminal before. Its reader may print there, too.
const TERMINAL_FIRST: Duration = Duration::from_millis(20);
/// How often that is looked at where nothing may be waited for.
const PANIC_PAUSE: Duration = Duration::from_millis(10);

/// What a loop waits for at stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It is not full.
    Room,
    /// Everything was written.
    Written,
    /// It cannot be written any more.
    Failure,
}

/// A thread that writes, and what it has to write.
struct Writer {
    stdout: Stream,
    stderr: Stream,
    state: Mutex<State>,
    /// Something was queued, written, or failed.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    backlog: Backlog,
    has_thread: bool,
    /// The loop, and what it waits for.
    waiting: Option<(Name, Wait, Waker)>,
}

impl State {
    /// Whether what was waited for has happened; fails if it cannot happen any more.
    fn check(&self, name: Name, wait: Wait) -> Option<io::Result<()>> {
        if let Some(failure) = self.backlog.failure(name) {
            return Some(Err(failure));
        }
        let has_happened = match wait {
            Wait::Room => !self.backlog.is_full(),
            Wait::Written => self.backlog.unwritten(name) == 0,
            Wait::Failure => false,
        };
        has_happened.then_some(Ok(()))
    }

    fn wake(&mut self) {
        if let Some((name, wait, waker)) = self.waiting.take() {
            if self.check(name, wait).is_some() {
                waker.wake();
            } else {
                self.waiting = Some((name, wait, waker));
            }
        }
    }
}

impl Writer {
    fn new(stdout: Stream, stderr: Stream) -> Self {
        Writer { stdout, stderr, state: Mutex::default(), changed: Condvar::new() }
    }

    fn stream(&self, name: Name) -> &Stream {
        match name {
            Name::Stdout => &self.stdout,
            Name::Stderr => &self.stderr,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a text.
    ///
    /// # Errors
    /// Its stream cannot be written any more.
    fn push(&'static self, kind: Kind, text: String, lines: usize) -> io::Result<()> {
        let mut state = self.state();
        state.backlog.push(kind, text, lines);
        if !state.has_thread {
            let thread = thread::Builder::new().name("writer".to_owned());
            match thread.spawn(|| self.run()) {
                Ok(_) => state.has_thread = true,
                Err(error) => state.backlog.fail(kind.stream(), error),
            }
        }
        let failure = state.backlog.failure(kind.stream());
        drop(state);
        self.changed.notify_all();
        failure.map_or(Ok(()), Err)
    }

    /// Writes what is queued, for ever.
    fn run(&self) {
        loop {
            let (name, length) = self.next();
            let stream = self.stream(name);
            let written = stream.wait_for_room(length).and_then(|room| {
                if name == Name::Stdout {
                    WRITERS.let_terminal_go_first();
                }
                let batch = self.state().backlog.take(name, room);
                stream.write_all(batch.as_bytes()).map(|()| batch.len())
            });
            let mut state = self.state();
            match written {
                Ok(count) => state.backlog.wrote(name, count),
                Err(error) => state.backlog.fail(name, error),
            }
            state.wake();
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Waits for a text. Returns its stream and its length.
    fn next(&self) -> (Name, usize) {
        let mut state = self.state();
        loop {
            match state.backlog.next() {
                Some(next) => return next,
                None => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn poll(&self, name: Name, wait: Wait, context: &Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        match state.check(name, wait) {
            Some(checked) => Poll::Ready(checked),
            None => {
                state.waiting = Some((name, wait, context.waker().clone()));
                Poll::Pending
            }
        }
    }

    /// Waits until stderr has been written, at most for this long.
    fn wait(&self, limit: Duration) {
        let is_behind = |state: &mut State| state.check(Name::Stderr, Wait::Written).is_none();
        drop(self.changed.wait_timeout_while(self.state(), limit, is_behind));
    }

    /// Waits until a stream has been written, as long as it takes something now and then; then it is given up.
    fn finish(&self, name: Name, patience: Duration) -> io::Result<()> {
        let mut state = self.state();
        loop {
            if let Some(checked) = state.check(name, Wait::Written) {
                return checked;
            }
            let before = state.backlog.written(name);
            let unchanged = |state: &mut State| {
                state.check(name, Wait::Written).is_none() && state.backlog.written(name) == before
            };
            let waited = self.changed.wait_timeout_while(state, patience, unchanged);
            let (guard, result) = waited.unwrap_or_else(PoisonError::into_inner);
            state = guard;
            if result.timed_out() {
                return Err(give_up(&mut state.backlog, name));
            }
        }
    }
}

/// Removes what is left for a stream. What is being written at the moment is not torn by that.
fn give_up(backlog: &mut Backlog, name: Name) -> io::Error {
    let lost = backlog.unwritten(name);
    let message = format!("its reader did not take the last {lost} bytes in time");
    backlog.fail(name, io::Error::new(io::ErrorKind::TimedOut, message.clone()));
    io::Error::new(io::ErrorKind::TimedOut, message)
}

/// The writers of this process.
struct Writers {
    stdout: Writer,
    /// None if stderr is the same file as stdout.
    stderr: Option<Writer>,
    is_stderr_terminal: bool,
    is_detached: AtomicBool,
    /// Whether stderr took nothing for too long, before that.
    is_stuck: AtomicBool,
}

static WRITERS: LazyLock<Writers> = LazyLock::new(|| {
    let (stdout, stderr) = (Stream::of_process(Name::Stdout), Stream::of_process(Name::Stderr));
    let is_shared = stdout.is_same_file(&stderr);
    Writers {
        stdout: Writer::new(stdout, stderr),
        stderr: (!is_shared).then(|| Writer::new(stdout, stderr)),
        is_stderr_terminal: io::stderr().is_terminal(),
        is_detached: AtomicBool::new(false),
        is_stuck: AtomicBool::new(false),
    }
});

impl Writers {
    fn of(&self, name: Name) -> &Writer {
        match (name, &self.stderr) {
            (Name::Stderr, Some(stderr)) => stderr,
            _ => &self.stdout,
        }
    }

    /// Before a record goes to a program that may print on the terminal of stderr, the live view is erased there.
    fn let_terminal_go_first(&self) {
        if let Some(stderr) = self.stderr.as_ref().filter(|_| self.is_stderr_terminal) {
            stderr.wait(TERMINAL_FIRST);
        }
    }
}

fn writer(name: Name) -> &'static Writer {
    WRITERS.of(name)
}

/// From now on texts are queued, and written by threads.
pub fn detach() {
    WRITERS.is_detached.store(true, Ordering::Relaxed);
}

fn is_detached() -> bool {
    WRITERS.is_detached.load(Ordering::Relaxed)
}

/// Writes to stdout.
///
/// # Errors
/// stdout cannot be written. Where texts are queued the error is that of an earlier one.
pub fn write_stdout(text: String) -> io::Result<()> {
    let stdout = writer(Name::Stdout);
    if !is_detached() {
        return stdout.stream(Name::Stdout).write_all(text.as_bytes());
    }
    stdout.push(Kind::Record, text, 1)
}

/// Writes a text with so many lines to stderr. Errors are ignored, for there is no other place to report them.
pub(super) fn write_stderr(kind: Kind, text: String, lines: usize) {
    let stderr = writer(Name::Stderr);
    if text.is_empty() {
        return;
    }
    if is_detached() {
        // It has no other place to say so.
        let _ = stderr.push(kind, text, lines);
        return;
    }
    // What comes after a text that was given up does not wait, too.
    if !WRITERS.is_stuck.load(Ordering::Relaxed) {
        let stream = stderr.stream(Name::Stderr);
        let written = stream.write_patiently(text.as_bytes(), PATIENCE);
        WRITERS.is_stuck.store(written.is_err(), Ordering::Relaxed);
    }
}

/// Fails if stdout is not open for writing.
///
/// # Errors
/// It is closed, or open for reading only.
pub fn check_stdout() -> io::Result<()> {
    writer(Name::Stdout).stream(Name::Stdout).check()
}

/// What was dropped from stderr since the last call, once it is read again.
pub(super) fn dropped() -> Option<String> {
    writer(Name::Stderr).state().backlog.dropped()
}

/// Whether stderr has not taken everything yet.
pub(super) fn is_stderr_behind() -> bool {
    writer(Name::Stderr).state().backlog.unwritten(Name::Stderr) > 0
}

/// Waits until stderr was written, but not long.
pub(super) fn wait_for_stderr() {
    writer(Name::Stderr).wait(TERMINAL_FIRST);
}

/// Whether stdout takes more.
pub(super) fn has_room() -> bool {
    !writer(Name::Stdout).state().backlog.is_full()
}

/// Waits for stdout; one loop at a time.
pub fn poll_stdout(wait: Wait, context: &Context<'_>) -> Poll<io::Result<()>> {
    writer(Name::Stdout).poll(Name::Stdout, wait, context)
}

/// Waits until stderr was written or has failed; one loop at a time.
pub fn poll_stderr_written(context: &Context<'_>) -> Poll<()> {
    writer(Name::Stderr).poll(Name::Stderr, Wait::Written, context).map(drop)
}

/// How many bytes stderr has taken.
pub fn stderr_written() -> u64 {
    writer(Name::Stderr).state().backlog.written(Name::Stderr)
}

/// Gives up what stdout has not taken. Returns the error that says so.
pub fn give_up_stdout() -> io::Error {
    give_up(&mut writer(Name::Stdout).state().backlog, Name::Stdout)
}

/// Gives up what stderr has not taken.
pub fn give_up_stderr() {
    give_up(&mut writer(Name::Stderr).state().backlog, Name::Stderr);
}

/// Waits for what is still queued, as long as it is being read: the last step of every command.
///
/// # Errors
/// stdout cannot be written, or did not take everything.
pub fn finish() -> io::Result<()> {
    if !is_detached() {
        return Ok(());
    }
    let finished = writer(Name::Stdout).finish(Name::Stdout, PATIENCE);
    // It has no other place to say so.
    let _ = writer(Name::Stderr).finish(Name::Stderr, PATIENCE);
    finished
}

/// Writes a last message to stderr from the hook of a panic, which may have happened anywhere in this file: without
/// waiting for a lock, and for the streams only for a short time.
pub fn write_from_panic(message: &str) {
    let mut left = PATIENCE;
    for name in [Name::Stdout, Name::Stderr] {
        while !is_written(name) && !left.is_zero() {
            thread::sleep(PANIC_PAUSE);
            left = left.saturating_sub(PANIC_PAUSE);
        }
    }
    let stderr = writer(Name::Stderr).stream(Name::Stderr);
    let _ = stderr.write_patiently(message.as_bytes(), PATIENCE);
}

fn is_written(name: Name) -> bool {
    match writer(name).state.try_lock() {
        Ok(state) => state.check(name, Wait::Written).is_some(),
        Err(TryLockError::Poisoned(state)) => {
            state.into_inner().check(name, Wait::Written).is_some()
        }
        Err(TryLockError::WouldBlock) => false,
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[path = "writer_tests.rs"]
mod tests;
