//! The runtime of a command with its signals, from the first wait on: for standard input, or for the provider.

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
        Ok(Session { runtime, signals })
    }

    /// Runs a function that waits, for signals among others.
    pub(super) fn block_on<T>(&mut self, wait: impl AsyncFnOnce(&mut Signals) -> T) -> T {
        self.runtime.block_on(wait(&mut self.signals))
    }
}
