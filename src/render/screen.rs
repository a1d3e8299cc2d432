//! stderr as a terminal: text goes above the live view, which is always the last thing on the screen.
//!
//! While the view is shown the cursor stands at its start, not behind it. A terminal that wraps lines anew when it
//! gets narrower moves the cursor along with the text, and one that does not leaves both where they are: in either
//! case everything from the cursor on is the view, and nobody has to know how many lines it takes by then.

use std::fmt::Write as _;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use console::{Term, truncate_str};
use indicatif::TermLike;

use super::backlog::Kind;
use super::writer;

/// The columns that lines leave free, for an echoed `^C`, and so that a slightly narrower window wraps nothing.
pub(super) const MARGIN: usize = 3;

/// Erases from the start of the line, where what the user types is echoed, to the end of the screen. The space is
/// there because some terminals save the screen in the scrollback when all of it is erased at once, and the line is
/// erased as a whole because otherwise some remember how long it was.
const ERASE: &str = "\r \x1b[J\x1b[2K\r";

/// Lines end at the edge of the terminal while the view is drawn, even if that has just become narrower.
const WRAP_OFF: &str = "\x1b[?7l";
const WRAP_ON: &str = "\x1b[?7h";

static VIEW: Mutex<View> =
    Mutex::new(View { lines: Vec::new(), has_gap: false, was_stopped: false });

/// The live view as it is shown.
struct View {
    /// None while it is hidden.
    lines: Vec<String>,
    /// Whether there is an empty line above it, with the cursor on it.
    has_gap: bool,
    /// Whether the process was stopped, and may have been continued in the background.
    was_stopped: bool,
}

/// The size of the terminal in lines and columns.
#[derive(Clone, Copy)]
struct Size {
    rows: usize,
    columns: usize,
}

impl Size {
    fn now() -> Self {
        let (rows, columns) = Term::stderr().size();
        Size { rows: rows.into(), columns: columns.into() }
    }
}

impl View {
    fn get() -> MutexGuard<'static, View> {
        VIEW.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_shown(&self) -> bool {
        !self.lines.is_empty()
    }

    fn erased(&self) -> &'static str {
        if self.is_shown() { ERASE } else { "" }
    }

    /// What draws it, and leaves the cursor at its start. No line wraps, and the last row of the screen stays free.
    fn drawn(&self, size: Size) -> String {
        if !self.is_shown() {
            return String::new();
        }
        let width = size.columns.saturating_sub(MARGIN);
        let gap = self.has_gap.then_some("".into());
        let lines = self.lines.iter().map(|line| truncate_str(line, width, "…"));
        let lines = gap.into_iter().chain(lines).take(size.rows.saturating_sub(1).max(1));
        let lines: Vec<_> = lines.collect();
        let mut text = format!("{WRAP_OFF}{}\r", lines.join("\r\n"));
        if let up @ 1.. = lines.len() - 1 {
            // Writing to a String cannot fail.
            let _ = write!(text, "\x1b[{up}A");
        }
        text + WRAP_ON
    }

    /// What puts these lines in its place.
    fn replace(&mut self, lines: Vec<String>, size: Size) -> String {
        let erased = self.erased();
        self.lines = lines;
        format!("{erased}{}", self.drawn(size))
    }

    /// What puts whole lines above it.
    fn above(&self, text: &str, size: Size) -> String {
        format!("{}{text}{}", self.erased(), self.drawn(size))
    }
}

/// Writes whole lines to stderr, above the live view. Errors are ignored, for there is no other place to report them.
pub fn write_stderr(text: &str) {
    write(Kind::Report, text);
}

/// Writes lines that are dropped while stderr is far behind.
pub(super) fn write_lines(text: &str) {
    write(Kind::Line, text);
}

/// Writes a line of the log, unless stderr is behind.
pub fn write_log(line: &str) {
    write(Kind::Log, line);
}

fn write(kind: Kind, text: &str) {
    if text.is_empty() {
        return;
    }
    let dropped = writer::dropped();
    let view = View::get();
    let size = view.is_shown().then(Size::now);
    let above = |text: &str| size.map_or_else(|| text.to_owned(), |size| view.above(text, size));
    if let Some(notice) = dropped {
        writer::write_stderr(Kind::Report, above(&notice), 1);
    }
    writer::write_stderr(kind, above(text), text.lines().count());
}

/// Says what was dropped, if that was not done yet and stderr is read again. Returns whether there was something.
pub fn tell_dropped() -> bool {
    let notice = writer::dropped();
    write_stderr(notice.as_deref().unwrap_or_default());
    notice.is_some()
}

/// Hides the live view while something else writes to the terminal.
pub(super) fn without_view<T>(write: impl FnOnce() -> T) -> T {
    let view = View::get();
    put(view.erased());
    let written = write();
    put(&view.drawn(Size::now()));
    written
}

/// Hides the live view because the process is about to be stopped. When it goes on the view is shown again, unless it is in
/// the background: there the terminal is somebody else's.
pub fn hide_view() {
    let mut view = View::get();
    let erased = view.erased();
    (view.lines, view.was_stopped) = (Vec::new(), true);
    put(erased);
    writer::wait_for_stderr();
}

#[cfg(unix)]
fn is_in_background() -> bool {
    let owner = rustix::termios::tcgetpgrp(std::io::stderr());
    owner.is_ok_and(|owner| owner != rustix::process::getpgrp())
}

#[cfg(not(unix))]
fn is_in_background() -> bool {
    false
}

/// Leaves a line empty above the live view from now on, for a program that writes to the same terminal.
pub(super) fn leave_gap() {
    View::get().has_gap = true;
}

fn put(text: &str) {
    writer::write_stderr(Kind::Report, text.to_owned(), 0);
}

/// The terminal that indicatif draws on. What it has drawn at a flush is the live view from then on.
///
/// By default indicatif moves the cursor, fills each line with spaces and relies on the terminal to wrap. Here these
/// spaces end a line, and a frame is written at once.
#[derive(Debug)]
pub(super) struct Screen {
    term: Term,
    frame: Mutex<Vec<String>>,
}

impl Screen {
    pub(super) fn new(term: Term) -> Self {
        Screen { term, frame: Mutex::default() }
    }

    fn frame(&self) -> MutexGuard<'_, Vec<String>> {
        self.frame.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.term.size().1
    }

    fn height(&self) -> u16 {
        self.term.size().0
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if text.bytes().any(|byte| byte != b' ') {
            self.frame().push(text.to_owned());
        }
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let mut lines = std::mem::take(&mut *self.frame());
        let mut view = View::get();
        if view.was_stopped && is_in_background() {
            lines.clear();
        }
        put(&view.replace(lines, Size::now()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { rows: 10, columns: 20 };

    fn framed(text: &str) -> String {
        format!("{WRAP_OFF}{text}{WRAP_ON}")
    }

    fn view(lines: &[&str]) -> View {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        View { lines, has_gap: false, was_stopped: false }
    }

    #[test]
    fn a_frame_is_the_lines_that_were_drawn_without_what_fills_them() {
        let screen = Screen::new(Term::stderr());
        for text in ["one", "     ", "two", ""] {
            screen.write_str(text).unwrap();
        }
        screen.move_cursor_up(1).unwrap();
        assert_eq!(*screen.frame(), ["one", "two"]);
    }

    #[test]
    fn the_cursor_returns_to_the_start_of_the_view() {
        assert_eq!(view(&[]).drawn(SIZE), "");
        assert_eq!(view(&["one"]).drawn(SIZE), framed("one\r"));
        assert_eq!(
            view(&["one", "two", "three"]).drawn(SIZE),
            framed("one\r\ntwo\r\nthree\r\x1b[2A")
        );
        let with_gap = View { has_gap: true, ..view(&["one"]) };
        assert_eq!(with_gap.drawn(SIZE), framed("\r\none\r\x1b[1A"));
    }

    #[test]
    fn the_view_fits_into_the_terminal_as_it_is_when_drawn() {
        let line = "0123456789";
        let size = Size { rows: 3, columns: 10 };
        assert_eq!(view(&[line; 5]).drawn(size), framed("012345…\r\n012345…\r\x1b[1A"));
        let tiny = Size { rows: 1, columns: 1 };
        assert_eq!(view(&[line; 5]).drawn(tiny), framed("…\r"));
    }

    #[test]
    fn text_goes_above_and_the_view_is_drawn_again() {
        let (one, two) = (framed("one\r"), framed("two\r"));
        assert_eq!(view(&["one"]).above("text\n", SIZE), format!("{ERASE}text\n{one}"));
        let mut hidden = view(&[]);
        assert_eq!(hidden.replace(vec!["one".to_owned()], SIZE), one);
        assert_eq!(hidden.replace(vec!["two".to_owned()], SIZE), format!("{ERASE}{two}"));
        assert_eq!(hidden.replace(Vec::new(), SIZE), ERASE);
        assert!(!hidden.is_shown());
    }
}
