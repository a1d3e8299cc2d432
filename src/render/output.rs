//! stdout and stderr of a command.

use std::io::{self, IsTerminal, Write};

use super::options::{OutputOptions, Progress, Records};
use super::sink::{ProgressSink, RecordSink, Renderer, say};
use super::{human, json, live, plain, record};
use crate::event::{Stamped, View, ViewSize};

/// stdout and stderr, in the forms that [`OutputOptions`] name.
pub struct Output {
    records: Box<dyn RecordSink>,
    progress: Box<dyn ProgressSink>,
    stdout: io::Stdout,
    /// Whether what goes there is seen between what goes to stderr.
    on_terminal: bool,
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

impl Output {
    /// What stdout and stderr say about an event, printed nowhere. What is drawn is not in it.
    pub fn text(&mut self, event: &Stamped) -> (String, String) {
        (self.records.event(event).unwrap_or_default(), self.progress.event(event))
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
        say(&self.progress.event(event));
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
    fn event(&mut self, _event: &Stamped) -> String {
        String::new()
    }
}
