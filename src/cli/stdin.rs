//! Targets from standard input.

use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep_until};

use super::session::Session;
use super::target_lines::{TargetLines, TypedTarget};
use crate::driver::clock::Clock;
use crate::driver::{SignalRequest, Signals};
use crate::error::{Failure, FailureKind, usage};
use crate::render::write_stderr;

/// The largest standard input that is read, in bytes.
const MAX_INPUT: u64 = 16 * 1024 * 1024;

/// Why the targets are not known, with those that are.
pub(super) struct Unread {
    pub(super) failure: Failure,
    pub(super) targets: Vec<TypedTarget>,
}

/// Replaces `-` by the targets on standard input, one a line. `timeout` and signals end that, for a pipe may never be
/// closed.
pub(super) fn expand(
    typed: &[String],
    timeout: Option<Duration>,
    session: &mut Session,
) -> Result<Vec<TypedTarget>, Unread> {
    let mut targets: Vec<TypedTarget> = Vec::new();
    let result = match typed.iter().filter(|target| *target == "-").count() {
        0 => Ok(()),
        1 => {
            let result = session.block_on(async |signals| {
                let mut reading = ReadingTargets { signals, targets: &mut targets };
                reading.run(timeout).await
            });
            session.leave();
            result
        }
        _ => Err(usage("standard input can be read only once")),
    };
    let mut read = Some(targets);
    let all = typed.iter().flat_map(|target| match target.as_str() {
        "-" => read.take().unwrap_or_default(),
        text => vec![TypedTarget::from(text)],
    });
    let targets: Vec<_> = all.collect();
    match result {
        Err(failure) => Err(Unread { failure, targets }),
        Ok(()) if targets.is_empty() => {
            let failure = usage("there are no targets on standard input");
            Err(Unread { failure: failure.hint("write one PROFILE:ID a line"), targets })
        }
        Ok(()) => Ok(targets),
    }
}

struct ReadingTargets<'a> {
    signals: &'a mut Signals,
    /// Those of the lines so far.
    targets: &'a mut Vec<TypedTarget>,
}

impl ReadingTargets<'_> {
    async fn run(&mut self, timeout: Option<Duration>) -> Result<(), Failure> {
        let mut input = lines_of_standard_input();
        let mut lines = TargetLines::default();
        let deadline = timeout.map(|timeout| Clock::start().instant(timeout));
        loop {
            let line = tokio::select! {
                biased;
                request = self.signals.next() => {
                    self.signalled(request)?;
                    continue;
                }
                () = at(deadline) => {
                    let message = "standard input did not end in time; nothing was watched";
                    return Err(Failure::new(FailureKind::TimedOut, message));
                }
                line = input.recv() => line,
            };
            match line {
                None => return Ok(()),
                Some(Err(failure)) => return Err(failure),
                Some(Ok(line)) => self.targets.extend(lines.read(&line)?),
            }
        }
    }

    fn signalled(&self, request: SignalRequest) -> Result<(), Failure> {
        match request {
            SignalRequest::End(signal) => {
                let message =
                    "interrupted while targets were read from standard input; nothing was watched";
                Err(Failure::new(FailureKind::Interrupted(signal), message))
            }
            SignalRequest::Standing => {
                let read = self.targets.len();
                write_stderr(&format!(
                    "standard input has not ended; targets that were read from it so far: {read}\n"
                ));
                Ok(())
            }
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// The lines, each with its line end, read by a thread, for reading may block without end.
fn lines_of_standard_input() -> UnboundedReceiver<Result<Vec<u8>, Failure>> {
    let (sender, receiver) = unbounded_channel();
    std::thread::spawn(move || {
        let mut input = BufReader::new(io::stdin().lock().take(MAX_INPUT + 1));
        loop {
            let mut line = Vec::new();
            let read = input.read_until(b'\n', &mut line);
            let is_too_long = input.get_ref().limit() == 0 && input.buffer().is_empty();
            let sent = match read {
                Ok(0) => return,
                Ok(_) if is_too_long => sender.send(Err(usage(format!(
                    "there are more than {} MiB on standard input",
                    MAX_INPUT >> 20
                )))),
                Ok(_) => sender.send(Ok(line)),
                Err(error) => {
                    sender.send(Err(usage(format!("standard input cannot be read: {error}"))))
                }
            };
            // Nobody listens any more after a failure.
            if sent.is_err() || is_too_long {
                return;
            }
        }
    });
    receiver
}
