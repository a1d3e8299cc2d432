//! The runtime of a command with its signals, which it waits for at standard input and at the provider. In between it reads
//! files, which may block: there a signal ends it at once.

use std::mem::ManuallyDrop;

use tokio::runtime::{Builder, Runtime};

use super::context::runtime_failure;
use crate::driver::Signals;
use crate::error::Failure;

/// A current-thread runtime, and the signals that arrive while it waits. The runtime is not shut down but leaked, for
/// that would wait for blocking DNS lookups.
pub(super) struct Session {
    runtime: ManuallyDrop<Runtime>,
    signals: Signals,
}

impl Session {
    /// Builds the runtime, and installs the handlers of signals.
    pub(super) fn start() -> Result<Self, Failure> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(runtime_failure)?;
        let runtime = ManuallyDrop::new(runtime);
        let signals = runtime.block_on(async { Signals::listen() }).map_err(runtime_failure)?;
        signals.leave();
        Ok(Session { runtime, signals })
    }

    /// Runs a function that waits, for signals among others. The last one is followed by the end of the command, which
    /// no signal cuts off.
    pub(super) fn block_on<T>(&mut self, wait: impl AsyncFnOnce(&mut Signals) -> T) -> T {
        self.signals.attend();
        self.runtime.block_on(wait(&mut self.signals))
    }

    /// Nothing waits for signals until the next [`Session::block_on`].
    pub(super) fn leave(&self) {
        self.signals.leave();
    }
}
