//! The interfaces of the output forms.

use std::io::{self, Write};

use crate::event::{Stamped, View, ViewSize};

/// Shows the events of a command.
pub trait Renderer {
    /// Shows an event.
    ///
    /// # Errors
    /// stdout could not be written. Errors of stderr are ignored.
    fn event(&mut self, event: &Stamped) -> io::Result<()>;

    /// The size of the live view; none if there is no live view.
    fn view_size(&self) -> Option<ViewSize>;

    /// Draws the live view.
    fn draw(&mut self, view: &View);
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

    /// Hides the live view while `print` runs.
    fn suspend(&mut self, print: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        print()
    }

    fn view_size(&self) -> Option<ViewSize> {
        None
    }

    fn draw(&mut self, _view: &View) {}
}

/// Writes to stderr. Errors are ignored, for there is no other place to report them.
pub fn write_stderr(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
