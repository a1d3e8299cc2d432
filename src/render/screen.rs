//! The terminal that indicatif draws on.
//!
//! By default indicatif fills each line with spaces and relies on the terminal to wrap. The cursor then stays at
//! the right edge, where the `^C` that a terminal echoes wraps too, so that clearing misses a line and the spinner
//! stays visible. So these spaces are dropped here, lines end with a line break, and a frame is written at once.

use std::fmt::Write as _;
use std::io;
use std::sync::{Mutex, PoisonError};

use console::Term;
use indicatif::TermLike;

use super::write_stderr;

/// The columns that lines leave free, for the cursor and an echoed `^C`.
pub(super) const MARGIN: usize = 3;

#[derive(Debug)]
pub(super) struct Screen {
    term: Term,
    frame: Mutex<Frame>,
}

#[derive(Debug, Default)]
struct Frame {
    text: String,
    line_is_full: bool,
}

impl Screen {
    pub(super) fn new(term: Term) -> Self {
        Screen { term, frame: Mutex::default() }
    }

    fn with(&self, change: impl FnOnce(&mut Frame)) -> io::Result<()> {
        change(&mut self.frame.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    fn control(&self, count: usize, letter: char) -> io::Result<()> {
        self.with(|frame| {
            if count > 0 {
                // Writing to a String cannot fail.
                let _ = write!(frame.text, "\x1b[{count}{letter}");
            }
        })
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.term.size().1
    }

    fn height(&self) -> u16 {
        self.term.size().0
    }

    fn move_cursor_up(&self, count: usize) -> io::Result<()> {
        self.control(count, 'A')
    }

    fn move_cursor_down(&self, count: usize) -> io::Result<()> {
        self.control(count, 'B')
    }

    fn move_cursor_right(&self, count: usize) -> io::Result<()> {
        self.control(count, 'C')
    }

    fn move_cursor_left(&self, count: usize) -> io::Result<()> {
        self.control(count, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)?;
        self.with(|frame| frame.text.push_str("\r\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let is_filler = text.bytes().all(|byte| byte == b' ');
        self.with(|frame| {
            if is_filler {
                frame.line_is_full = true
            } else {
                if std::mem::take(&mut frame.line_is_full) {
                    frame.text.push_str("\r\n");
                }
                frame.text.push_str(text);
            }
        })
    }

    fn clear_line(&self) -> io::Result<()> {
        self.with(|frame| frame.text.push_str("\r\x1b[2K"))
    }

    fn flush(&self) -> io::Result<()> {
        self.with(|frame| {
            frame.line_is_full = false;
            write_stderr(&std::mem::take(&mut frame.text));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_without_being_filled() {
        let screen = Screen::new(Term::stderr());
        for text in ["one", "     ", "two", "     "] {
            screen.write_str(text).unwrap();
        }
        screen.move_cursor_up(0).unwrap();
        screen.move_cursor_up(1).unwrap();
        let frame = screen.frame.lock().unwrap();
        assert_eq!(frame.text, "one\r\ntwo\x1b[1A");
    }
}
