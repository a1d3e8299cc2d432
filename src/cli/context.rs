//! What the commands share: configuration, printing, the tokio runtime.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::runtime::Builder;

use crate::config::{Config, Environment, Reading, Registry};
use crate::error::{Failure, FailureKind};
use crate::exit::Code;
use crate::render::{self, Paint, write_stderr};

/// The context of a command.
pub(super) struct Context {
    pub(super) environment: Environment,
    /// The providers.
    pub(super) registry: Registry,
    /// Colours of stderr.
    pub(super) stderr: Paint,
    /// Colours of stdout.
    pub(super) stdout: Paint,
}

impl Context {
    /// Reads the configuration file, if it exists, within the limit of the command, if it has one.
    pub(super) fn config(&self, timeout: Option<Duration>) -> Result<Config, Failure> {
        Config::load(self.environment.clone(), self.registry.clone(), Reading::start(timeout))
    }
}

/// Reports that stdout could not be written, and returns the exit code. That its reader closed it is not reported.
pub(super) fn stdout_error_code(error: &io::Error) -> Code {
    let failure = stdout_failure(error);
    if failure.kind() != FailureKind::OutputClosed {
        write_stderr(&render::failure(&failure, Paint(false)));
    }
    failure.kind().into()
}

/// The failure for an error of stdout.
pub(super) fn stdout_failure(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(FailureKind::OutputClosed, "stdout was closed"),
        _ if is_closed(error) => {
            let message = "stdout cannot be written: it is closed, or open for reading only";
            Failure::new(FailureKind::Io, message)
                .hint("redirect it to /dev/null if nobody needs what is printed")
        }
        _ => Failure::new(FailureKind::Io, format!("stdout cannot be written: {error}")),
    }
}

/// Whether a stream is not open for writing.
#[cfg(unix)]
fn is_closed(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error())
}

#[cfg(not(unix))]
fn is_closed(_error: &io::Error) -> bool {
    false
}

/// Prints to stdout.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    render::write_stdout(text.to_owned()).map_err(|error| stdout_failure(&error))
}

/// Runs a future on a current-thread runtime. From then on a write that is not taken blocks nobody. The runtime is not
/// shut down but leaked, for that would wait for blocking DNS lookups.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(runtime_failure)?;
    render::detach();
    let output = runtime.block_on(future);
    std::mem::forget(runtime);
    Ok(output)
}

pub(super) fn runtime_failure(error: io::Error) -> Failure {
    let error =
        anyhow::Error::new(error).context("the operating system gives no event queue or signals");
    Failure::from_error(FailureKind::Io, error)
}

/// An id for a message: sanitised, and shortened to 60 characters.
pub(super) fn shorten(id: &str) -> String {
    const MAX_LENGTH: usize = 60;
    let cleaned = render::clean(id);
    match cleaned.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => format!("{}…", &cleaned[..end]),
        None => cleaned.into_owned(),
    }
}
