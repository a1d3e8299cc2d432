//! The output of a command on stdout and stderr.

use std::io::{self, IsTerminal, Stdout};
use std::task::{Context, Poll};

use super::options::{OutputOptions, Progress, Records};
use super::screen::write_lines;
use super::sink::{ProgressSink, Reader, RecordSink, Renderer};
use super::standing::StandingForm;
use super::writer::{self, Wait};
use super::{human, json, live, plain, record};
use crate::event::{Event, Stamped, View, ViewSize};

/// The output of a command, in the forms of [`OutputOptions`].
pub struct Output {
    records: Box<dyn RecordSink>,
    progress: Box<dyn ProgressSink>,
    reader: Reader,
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
        let standing = StandingForm::of(options);
        let progress: Box<dyn ProgressSink> = match options.progress {
            Progress::Live => Box::new(live::Live::new(log, options.targets)),
            Progress::Human => Box::new(log),
            Progress::Plain => Box::new(plain::PlainLog { verbose: options.verbose }),
            Progress::Warnings => Box::new(human::Warnings { paint: options.stderr, standing }),
            Progress::Quiet => Box::new(Quiet { standing }),
        };
        Output { records, progress, reader: reader(&io::stdout()) }
    }

    /// What is printed about an event to stdout and to stderr, without printing it. The live view is not in it.
    pub fn text(&mut self, event: &Stamped) -> (String, String) {
        (self.records.event(event).unwrap_or_default(), self.progress.event(event))
    }
}

impl Renderer for Output {
    fn event(&mut self, event: &Stamped) -> io::Result<()> {
        if let Some(text) = self.records.event(event) {
            let mut text = Some(text);
            self.progress
                .record(self.reader, &mut || text.take().map_or(Ok(()), writer::write_stdout))?;
        }
        write_lines(&self.progress.event(event));
        Ok(())
    }

    fn has_room(&self) -> bool {
        writer::has_room()
    }

    fn poll_stdout(&self, wait: Wait, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        writer::poll_stdout(wait, context)
    }

    fn give_up(&mut self) -> io::Error {
        writer::give_up_stdout()
    }

    fn view_size(&self) -> Option<ViewSize> {
        self.progress.view_size()
    }

    /// Draws it unless the frame before is still to be written: one that was dropped could not be erased.
    fn draw(&mut self, view: &View) {
        if !writer::is_stderr_behind() {
            self.progress.draw(view);
        }
    }
}

fn reader(stdout: &Stdout) -> Reader {
    if stdout.is_terminal() {
        Reader::Terminal
    } else if is_read_by_program(stdout) {
        Reader::Pipe
    } else {
        Reader::File
    }
}

/// Whether it is a pipe or a socket. If that cannot be found out, it may be.
#[cfg(unix)]
fn is_read_by_program(stdout: &Stdout) -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;

    let file = stdout.as_fd().try_clone_to_owned().map(std::fs::File::from);
    let kind = file.and_then(|file| file.metadata()).map(|metadata| metadata.file_type());
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket())
}

#[cfg(not(unix))]
fn is_read_by_program(_: &Stdout) -> bool {
    true
}

/// Only what the user asks for while the command runs.
struct Quiet {
    standing: StandingForm,
}

impl ProgressSink for Quiet {
    fn event(&mut self, event: &Stamped) -> String {
        match &event.event {
            Event::Standing(view) => self.standing.text(event.at, view),
            _ => String::new(),
        }
    }
}
