//! The end of a command's output: what is still queued is written, but not for ever.

use std::future::poll_fn;
use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::signals::{SignalRequest, Signals};
use crate::render::{self, Renderer, Wait};

/// How long a stream gets after the deadline or a signal. Both get it, one after the other, within a second.
const GRACE: Duration = Duration::from_millis(400);
/// How long stderr may take nothing at the end of a command.
const STDERR_PATIENCE: Duration = Duration::from_millis(800);

/// How long is waited for a stream at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Until the deadline or a signal, and then for the grace.
    UntilDeadline,
    /// For the grace: the deadline has passed, or a signal was received.
    Grace,
}

/// Waits until stdout has been written.
///
/// # Errors
/// It cannot be written, or its reader did not take everything.
pub(super) async fn stdout_written(
    renderer: &mut dyn Renderer,
    mut signalled: impl AsyncFnMut() -> SignalRequest,
    deadline: Instant,
    patience: Patience,
) -> io::Result<()> {
    if patience == Patience::UntilDeadline {
        tokio::select! {
            biased;
            written = poll_fn(|context| renderer.poll_stdout(Wait::Written, context)) => return written,
            () = ends(&mut signalled) => {}
            () = sleep_until(deadline) => {}
        }
    }
    let written = poll_fn(|context| renderer.poll_stdout(Wait::Written, context));
    match timeout(GRACE, written).await {
        Ok(written) => written,
        Err(_) => Err(renderer.give_up()),
    }
}

/// Waits for a signal that ends the command.
async fn ends(signalled: &mut impl AsyncFnMut() -> SignalRequest) {
    while let SignalRequest::Standing = signalled().await {}
}

/// Waits until what a command without a deadline has printed was written; after a signal for the grace only.
///
/// # Errors
/// stdout cannot be written, or its reader did not take everything.
pub async fn printed(signals: &mut Signals) -> io::Result<()> {
    tokio::select! {
        biased;
        written = poll_fn(|context| render::poll_stdout(Wait::Written, context)) => return written,
        _ = signals.end() => {}
    }
    let written = poll_fn(|context| render::poll_stdout(Wait::Written, context));
    timeout(GRACE, written).await.unwrap_or_else(|_| Err(render::give_up_stdout()))
}

/// Waits until stderr has been written, at most for what is `left` of the command's time, or for the grace if that is
/// over: as long as it is being read, and until a signal is received. What is left then is given up without an error.
pub async fn stderr_written(left: Duration, signals: &mut Signals) {
    let written = async {
        loop {
            poll_fn(|context| render::poll_stderr_written(context)).await;
            if !render::tell_dropped() {
                return;
            }
        }
    };
    let reading = async {
        loop {
            let before = render::stderr_written();
            sleep(STDERR_PATIENCE).await;
            if render::stderr_written() == before {
                return;
            }
        }
    };
    tokio::select! {
        biased;
        () = written => return,
        _ = signals.end() => {}
        () = sleep(left.max(GRACE)) => {}
        () = reading => {}
    }
    render::give_up_stderr();
}
