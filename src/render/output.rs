//! The output of a command on stdout and stderr.

use std::io::{self, IsTerminal, Write};

use super::options::{OutputOptions, Progress, Records};
use super::sink::{ProgressSink, RecordSink, Renderer, write_stderr};
use super::{human, json, live, plain, record};
use crate::event::{Stamped, View, ViewSize};

/// The output of a command, in the forms of [`OutputOptions`].
pub struct Output {
    records: Box<dyn RecordSink>,
    progress: Box<dyn ProgressSink>,
    stdout: io::Stdout,
    /// Whether stdout is a terminal, where it would be mixed with the live view.
    on_terminal: bool,
}

impl Output {
    /// Output with these options.
    pub fn new(options: &OutputOptions) -> Self {
        let records: Box<dyn RecordSink> = match options.records {
            Records::Human => Box::new(human::ResultLine::new(options.stdout)),
            Records::HumanRecord => Box::new(record::HumanRecord::new(options.stdout)),
            Records::Plain => Box::new(plain::ResultLine),
            Records::Json => Box::<json::JsonLines>::default(),
        };
        let log = human::HumanLog::new(options);
        let progress: Box<dyn ProgressSink> = match options.progress {
            Progress::Live => Box::new(live::Live::new(log, options.targets)),
            Progress::Human => Box::new(log),
            Progress::Plain => Box::new(plain::PlainLog { verbose: options.verbose }),
            Progress::Warnings => Box::new(human::Warnings(options.stderr)),
            Progress::Quiet => Box::new(NoProgress),
        };
        let stdout = io::stdout();
        Output { records, progress, on_terminal: stdout.is_terminal(), stdout }
    }

    /// What is printed about an event to stdout and to stderr, without printing it. The live view is not in it.
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
            if self.on_terminal { self.progress.suspend(&mut print)? } else { print()? }
        }
        write_stderr(&self.progress.event(event));
        Ok(())
    }

    fn view_size(&self) -> Option<ViewSize> {
        self.progress.view_size()
    }

    fn draw(&mut self, view: &View) {
        self.progress.draw(view);
    }
}

struct NoProgress;

impl ProgressSink for NoProgress {
    fn event(&mut self, _event: &Stamped) -> String {
        String::new()
    }
}
