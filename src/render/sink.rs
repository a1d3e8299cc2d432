//! Where events go to be shown.

use std::io::{self, Write};

use crate::event::{Stamped, View, ViewSize};

/// What a command shows its events to.
pub trait Renderer {
    /// Shows an event.
    ///
    /// # Errors
    /// stdout could not be written. stderr is never worth an error.
    fn event(&mut self, event: &Stamped) -> io::Result<()>;

    /// How much a view may hold, if there is a live view.
    fn view_size(&self) -> Option<ViewSize>;

    /// Draws the live view. What happened since it was drawn last is shown with it.
    fn draw(&mut self, view: &View);
}

/// Turns events into what stdout says about them.
pub trait RecordSink {
    /// What stdout says about an event, if anything.
    fn event(&mut self, event: &Stamped) -> Option<String>;
}

/// Turns events into what stderr says about them.
pub(super) trait ProgressSink {
    /// What stderr says about an event. What is drawn is not in it.
    fn event(&mut self, event: &Stamped) -> String;

    /// Runs something that prints, with whatever is drawn out of its way.
    fn aside(&mut self, print: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        print()
    }

    fn view_size(&self) -> Option<ViewSize> {
        None
    }

    fn draw(&mut self, _view: &View) {}
}

/// Writes to stderr. A stderr that cannot be written leaves nobody to tell.
pub fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
