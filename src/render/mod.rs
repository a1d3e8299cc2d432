//! How events are shown: stdout is data, stderr is everything else, and each decides for itself.

mod closing;
mod human;
mod json;
mod live;
mod plain;
mod record;
mod sanitize;
mod screen;
mod style;
mod words;

use std::io::{self, IsTerminal, Write};

use crate::event::{Stamped, View, ViewSize};

pub use closing::{failure, farewell};
pub use json::{Lines, SCHEMA, abort};
pub use sanitize::clean;
pub use style::Paint;
pub use words::span;

/// What a session shows its events to.
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

/// The form of what goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// One final line a target for people.
    Human,
    /// A whole record a target for people, for `get`.
    HumanRecord,
    /// `TARGET<TAB>STATUS`.
    Plain,
    /// NDJSON.
    Json,
}

/// The form of what goes to stderr while the command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Spinner and trail, on a terminal.
    Live,
    /// The trail alone.
    Trail,
    /// One line a change, for logs.
    Plain,
    /// Warnings only.
    Warnings,
    /// Nothing.
    Quiet,
}

/// What a command prints, and how.
#[derive(Clone, Copy, Debug)]
pub struct OutputOptions {
    /// On stdout.
    pub records: Records,
    /// On stderr.
    pub progress: Progress,
    /// Colour on stdout.
    pub stdout: Paint,
    /// Colour on stderr.
    pub stderr: Paint,
    /// How many targets there are; one is shown differently from many.
    pub targets: usize,
    /// How wide the widest of them is.
    pub widest: usize,
    /// Whether connections coming and going are told.
    pub verbose: bool,
    /// Whether stderr shows local times, as on a terminal.
    pub local: bool,
}

/// How wide the widest of these targets is where several are shown.
pub fn widest<'a>(targets: impl Iterator<Item = &'a str>) -> usize {
    let widths = targets.map(|target| console::measure_text_width(&words::short_target(target)));
    widths.max().unwrap_or_default()
}

/// stdout and stderr, in the forms of a [`OutputOptions`].
pub struct Output {
    records: Box<dyn RecordSink>,
    progress: Box<dyn ProgressSink>,
    stdout: io::Stdout,
    /// Whether what goes there is seen between what goes to stderr.
    on_terminal: bool,
}

/// Turns events into what stdout says about them.
pub trait RecordSink {
    /// What stdout says about an event, if anything.
    fn event(&mut self, event: &Stamped) -> Option<String>;
}

/// Turns events into what stderr says about them.
trait ProgressSink {
    fn event(&mut self, event: &Stamped);

    /// Runs something that prints, with whatever is drawn out of its way.
    fn aside(&mut self, print: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        print()
    }

    fn view_size(&self) -> Option<ViewSize> {
        None
    }

    fn draw(&mut self, _view: &View) {}
}

impl Output {
    /// Output in this look.
    pub fn new(look: &OutputOptions) -> Self {
        let records: Box<dyn RecordSink> = match look.records {
            Records::Human => Box::new(human::FinalLine::new(look.stdout)),
            Records::HumanRecord => Box::new(record::Record::new(look.stdout)),
            Records::Plain => Box::new(plain::FinalLine),
            Records::Json => Box::<json::Lines>::default(),
        };
        let trail = human::Trail::new(look);
        let progress: Box<dyn ProgressSink> = match look.progress {
            Progress::Live => Box::new(live::Live::new(trail, look.targets)),
            Progress::Trail => Box::new(human::Printed(trail)),
            Progress::Plain => Box::new(plain::Log { verbose: look.verbose }),
            Progress::Warnings => Box::new(human::Warnings(look.stderr)),
            Progress::Quiet => Box::new(Nothing),
        };
        let stdout = io::stdout();
        Output { records, progress, on_terminal: stdout.is_terminal(), stdout }
    }
}

impl Renderer for Output {
    fn event(&mut self, event: &Stamped) -> io::Result<()> {
        if let Some(text) = self.records.event(event) {
            let stdout = &mut self.stdout;
            let mut print = || {
                stdout.write_all(text.as_bytes())?;
                stdout.flush()
            };
            if self.on_terminal { self.progress.aside(&mut print)? } else { print()? }
        }
        self.progress.event(event);
        Ok(())
    }

    fn view_size(&self) -> Option<ViewSize> {
        self.progress.view_size()
    }

    fn draw(&mut self, view: &View) {
        self.progress.draw(view);
    }
}

struct Nothing;

impl ProgressSink for Nothing {
    fn event(&mut self, _event: &Stamped) {}
}

/// Writes to stderr. A stderr that cannot be written leaves nobody to tell.
pub fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
