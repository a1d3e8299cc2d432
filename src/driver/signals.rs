//! Signals: the first that ends the command does so with its closing report, a second ends the process at once; others
//! ask how the targets stand.
//!
//! SIGHUP does not count there, for it comes several times without anybody being impatient: from the shell and from the
//! kernel where a terminal goes away, and together with the SIGTERM by which a session is ended.
//!
//! While nobody waits for signals, as where a file is read before the watch, the first one ends the process at once.

use std::io;

use crate::error::Signal;

#[cfg(not(unix))]
pub use other::Signals;
#[cfg(unix)]
pub use unix::Signals;

/// What a signal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalRequest {
    /// It ends the command.
    End(Signal),
    /// It asks how the targets stand.
    Standing,
}

impl Signals {
    /// Waits for a signal that ends the command; others are ignored. Cancel-safe.
    pub async fn end(&mut self) -> Signal {
        loop {
            if let SignalRequest::End(signal) = self.next().await {
                return signal;
            }
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, LazyLock};
    use std::task::Poll;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::flag;
    use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

    use super::{Signal, SignalRequest, io};
    use crate::driver::ignored_signals::IgnoredSignals;

    /// In the order in which they are handled if several are pending.
    const ENDING: [(i32, Signal); 3] =
        [(SIGTERM, Signal::Terminate), (SIGINT, Signal::Interrupt), (SIGHUP, Signal::HangUp)];

    /// Whether nobody waits for signals. One for the process, as its handlers are.
    static UNATTENDED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

    /// The signals that a command listens to.
    pub struct Signals {
        listeners: Vec<(SignalRequest, Listener)>,
    }

    impl Signals {
        /// Installs the handlers. Signals that were ignored when the process was started stay ignored. Has to be called
        /// within a tokio runtime.
        ///
        /// # Errors
        /// The operating system refuses to install a handler.
        pub fn listen() -> io::Result<Self> {
            let ignored = IgnoredSignals::of_process();
            let is_listened_to = |number: i32| !ignored.contains(number);
            let mut listeners = Vec::new();
            for (number, ends) in ENDING.into_iter().filter(|(number, _)| is_listened_to(*number)) {
                let listener = signal(SignalKind::from_raw(number))?;
                listeners.push((SignalRequest::End(ends), listener));
            }
            let user_defined = Some(SignalKind::user_defined1());
            let user_defined = user_defined.filter(|kind| is_listened_to(kind.as_raw_value()));
            for kind in user_defined.into_iter().chain(status_key()) {
                listeners.push((SignalRequest::Standing, signal(kind)?));
            }
            let ending = ENDING.into_iter().map(|(number, _)| number);
            end_while_unattended(ending.filter(|number| is_listened_to(*number)))?;
            end_at_second([SIGINT, SIGTERM].into_iter().filter(|number| is_listened_to(*number)))?;
            let signals = Signals { listeners };
            signals.attend();
            Ok(signals)
        }

        /// From now on signals are waited for, which they are from [`Signals::listen`] on.
        pub fn attend(&self) {
            UNATTENDED.store(false, Ordering::SeqCst);
        }

        /// Nobody waits for signals until [`Signals::attend`]: those that end the command end the process at once.
        pub fn leave(&self) {
            UNATTENDED.store(true, Ordering::SeqCst);
        }

        /// Waits for a signal. Cancel-safe.
        pub async fn next(&mut self) -> SignalRequest {
            poll_fn(|context| {
                for (request, listener) in &mut self.listeners {
                    if listener.poll_recv(context).is_ready() {
                        return Poll::Ready(*request);
                    }
                }
                Poll::Pending
            })
            .await
        }
    }

    fn end_while_unattended(numbers: impl Iterator<Item = i32>) -> io::Result<()> {
        for number in numbers {
            flag::register_conditional_shutdown(number, 128 + number, UNATTENDED.clone())?;
        }
        Ok(())
    }

    /// Has the second of these signals end the process, whatever it does at the time.
    fn end_at_second(numbers: impl Iterator<Item = i32> + Clone) -> io::Result<()> {
        // The order of the hooks matters: at the first signal the flag is still false when the first hook checks it.
        let second = Arc::new(AtomicBool::new(false));
        for number in numbers.clone() {
            flag::register_conditional_shutdown(number, 128 + number, second.clone())?;
        }
        for number in numbers {
            flag::register(number, second.clone())?;
        }
        Ok(())
    }

    /// SIGINFO, which Ctrl-T sends where terminals have that key. Its default is to be ignored, so whether it was
    /// ignored before says nothing.
    #[cfg(any(
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "illumos",
        target_os = "macos",
        target_os = "netbsd",
        target_os = "openbsd"
    ))]
    fn status_key() -> Option<SignalKind> {
        Some(SignalKind::info())
    }

    #[cfg(not(any(
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "illumos",
        target_os = "macos",
        target_os = "netbsd",
        target_os = "openbsd"
    )))]
    fn status_key() -> Option<SignalKind> {
        None
    }
}

#[cfg(not(unix))]
mod other {
    use super::{Signal, SignalRequest, io};

    /// The signals that a command listens to.
    pub struct Signals;

    impl Signals {
        /// Installs the handlers. Has to be called within a tokio runtime.
        ///
        /// # Errors
        /// The operating system refuses to install a handler.
        pub fn listen() -> io::Result<Self> {
            Ok(Signals)
        }

        /// From now on signals are waited for.
        pub fn attend(&self) {}

        /// Nobody waits for signals until [`Signals::attend`].
        pub fn leave(&self) {}

        /// Waits for a signal. Cancel-safe.
        pub async fn next(&mut self) -> SignalRequest {
            match tokio::signal::ctrl_c().await {
                Ok(()) => SignalRequest::End(Signal::Interrupt),
                Err(_) => std::future::pending().await,
            }
        }
    }
}
