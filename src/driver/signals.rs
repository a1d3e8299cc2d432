//! SIGINT and SIGTERM: the first ends the command with its report, a second ends it at once.

use std::io;

#[cfg(unix)]
pub use unix::Signals;

#[cfg(not(unix))]
pub use other::Signals;

#[cfg(unix)]
mod unix {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;
    use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

    use super::io;
    use crate::error::Signal;

    /// The signals that end a command.
    pub struct Signals {
        interrupt: Listener,
        terminate: Listener,
    }

    impl Signals {
        /// Takes the signals over. Needs a runtime.
        ///
        /// # Errors
        /// The operating system refuses.
        pub fn listen() -> io::Result<Self> {
            // The order matters: the flag is still false when the first signal meets the first hook.
            let second = Arc::new(AtomicBool::new(false));
            for number in [SIGINT, SIGTERM] {
                flag::register_conditional_shutdown(number, 128 + number, second.clone())?;
            }
            for number in [SIGINT, SIGTERM] {
                flag::register(number, second.clone())?;
            }
            Ok(Signals {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }

        /// Waits for the first of them. Cancel-safe.
        pub async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.interrupt.recv() => Signal::Interrupt,
                _ = self.terminate.recv() => Signal::Terminate,
            }
        }
    }
}

#[cfg(not(unix))]
mod other {
    use super::io;
    use crate::error::Signal;

    /// The signals that end a command.
    pub struct Signals;

    impl Signals {
        /// Takes the signals over. Needs a runtime.
        ///
        /// # Errors
        /// The operating system refuses.
        pub fn listen() -> io::Result<Self> {
            Ok(Signals)
        }

        /// Waits for the first of them. Cancel-safe.
        pub async fn next(&mut self) -> Signal {
            match tokio::signal::ctrl_c().await {
                Ok(()) => Signal::Interrupt,
                Err(_) => std::future::pending().await,
            }
        }
    }
}
