//! What the commands share: configuration, the streams they print to, and the runtime they run on.

use std::future::Future;
use std::io::{self, Write};

use tokio::runtime::Builder;

use crate::config::{Config, Environment, Registry};
use crate::error::{Failure, FailureKind};
use crate::exit::Code;
use crate::render::{self, Paint, write_stderr};

/// What the commands get to work with.
pub(super) struct Context {
    pub(super) environment: Environment,
    /// The providers, made at start.
    pub(super) registry: Registry,
    /// Colour of errors, and of what is printed on stdout.
    pub(super) stderr: Paint,
    pub(super) stdout: Paint,
}

impl Context {
    /// Reads the configuration file, if there is one.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        Config::load(self.environment.clone(), self.registry.clone())
    }
}

/// A closed stdout is not an error worth a word, and never a success.
pub(super) fn output_broke(error: &io::Error) -> Code {
    let failure = unprintable(error);
    if failure.kind() != FailureKind::OutputClosed {
        write_stderr(&render::failure(&failure, Paint(false)));
    }
    failure.kind().into()
}

/// Why stdout cannot be written.
pub(super) fn unprintable(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(FailureKind::OutputClosed, "stdout was closed"),
        _ => Failure::new(FailureKind::Io, format!("stdout cannot be written: {error}")),
    }
}

/// Prints to stdout, for the commands that print once.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| unprintable(&error))
}

/// Runs a future on one thread. What is left of it ends with the process, a name look-up that blocks and
/// idle connections alike: to take them down piece by piece would only keep the caller waiting.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(no_runtime)?;
    let output = runtime.block_on(future);
    std::mem::forget(runtime);
    Ok(output)
}

pub(super) fn no_runtime(error: io::Error) -> Failure {
    let error =
        anyhow::Error::new(error).context("the operating system gives no event queue or signals");
    Failure::from_error(FailureKind::Io, error)
}

/// An id as it may be repeated in a message: harmless and short.
pub(super) fn shown(id: &str) -> String {
    const LONGEST: usize = 60;
    let cleaned = render::clean(id);
    match cleaned.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &cleaned[..end]),
        None => cleaned.into_owned(),
    }
}
