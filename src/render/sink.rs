//! The interfaces of the output forms.

use std::io;
use std::task::{Context, Poll};

use super::writer::Wait;
use crate::event::{Stamped, View, ViewSize};

/// Shows the events of a command.
pub trait Renderer {
    /// Shows an event. Does not block.
    ///
    /// # Errors
    /// stdout could not be written, now or before. Errors of stderr are ignored.
    fn event(&mut self, event: &Stamped) -> io::Result<()>;

    /// Whether stdout takes more events. One that is given to it nevertheless is not lost.
    fn has_room(&self) -> bool {
        true
    }

    /// Waits for stdout.
    fn poll_stdout(&self, wait: Wait, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match wait {
            Wait::Room | Wait::Written => Poll::Ready(Ok(())),
            Wait::Failure => Poll::Pending,
        }
    }

    /// Gives up what stdout has not taken. Returns the error that says so.
    fn give_up(&mut self) -> io::Error {
        io::ErrorKind::TimedOut.into()
    }

    /// The size of the live view; none if there is no live view.
    fn view_size(&self) -> Option<ViewSize>;

    /// Draws the live view.
    fn draw(&mut self, view: &View);
}

/// Who reads stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// It is a terminal, most likely the one of stderr.
    Terminal,
    /// A program, which may print on the terminal of stderr what it reads.
    Pipe,
    /// Nobody while the command runs.
    File,
}

/// The form of stdout.
pub trait RecordSink {
    /// The text about an event, if there is one.
    fn event(&mut self, event: &Stamped) -> Option<String>;
}

/// The form of stderr.
pub(super) trait ProgressSink {
    /// The text about an event; empty if there is none, or if it is part of the live view.
    fn event(&mut self, event: &Stamped) -> String;

    /// Keeps the live view out of the way of a record while `print` writes it to stdout.
    fn record(
        &mut self,
        _reader: Reader,
        print: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<()> {
        print()
    }

    fn view_size(&self) -> Option<ViewSize> {
        None
    }

    fn draw(&mut self, _view: &View) {}
}
