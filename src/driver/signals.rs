//! SIGINT and SIGTERM: the first ends the command with its closing report, a second ends the process at once.

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
        /// Installs the handlers. Has to be called within a tokio runtime.
        ///
        /// # Errors
        /// The operating system refuses to install a handler.
        pub fn listen() -> io::Result<Self> {
            // The order of the hooks matters: at the first signal the flag is still false when the first hook checks
            // it.
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

        /// Waits for a signal. Cancel-safe.
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
        /// Installs the handlers. Has to be called within a tokio runtime.
        ///
        /// # Errors
        /// The operating system refuses to install a handler.
        pub fn listen() -> io::Result<Self> {
            Ok(Signals)
        }

        /// Waits for a signal. Cancel-safe.
        pub async fn next(&mut self) -> Signal {
            match tokio::signal::ctrl_c().await {
                Ok(()) => Signal::Interrupt,
                Err(_) => std::future::pending().await,
            }
        }
    }
}
