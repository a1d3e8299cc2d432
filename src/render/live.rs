//! The live view on a terminal: the trail scrolls by, and below it stands the present.
//!
//! The view is one bar of indicatif's with a message of several lines: bars of their own would be drawn
//! one after the other, and for a moment the header would not fit the rows.
//!
//! The cursor is never hidden, so however the program ends there is nothing to restore but the line
//! that the view stands on.

use std::cmp::Reverse;
use std::io;

use console::{Term, measure_text_width, truncate_str};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::event::{Event, Row, Stamped, View};
use super::human::Trail;
use super::screen::{MARGIN, Screen};
use super::words::{link, padded, short_link, short_target, span, word_aside};
use super::{Paint, ProgressSink, say};

/// How often the terminal is written to, at most.
const HERTZ: u8 = 10;
/// Beyond this width the eye loses the line.
const WIDEST: usize = 100;

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

pub(super) struct Live {
    trail: Trail,
    view: ProgressBar,
    term: Term,
    paint: Paint,
    /// Whether there is one target and never another.
    single: bool,
    frame: usize,
}

impl Live {
    pub(super) fn new(trail: Trail) -> Self {
        let term = Term::stderr();
        let screen = Box::new(Screen::new(term.clone()));
        let target = ProgressDrawTarget::term_like_with_hz(screen, HERTZ);
        let view = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            view.set_style(style);
        }
        Live { paint: trail.paint(), single: trail.is_single(), trail, view, term, frame: 0 }
    }

    /// How long a line may be.
    fn room(&self) -> usize {
        usize::from(self.term.size().1).saturating_sub(MARGIN)
    }

    /// Draws these lines, each cut to what there is room for.
    fn show(&mut self, lines: &[String]) {
        let room = self.room();
        let cut: Vec<_> = lines.iter().map(|line| truncate_str(line, room, "…")).collect();
        self.view.set_message(cut.join("\n"));
        self.frame += 1;
    }

    fn spinner(&self) -> char {
        SPINNER[self.frame % SPINNER.len()]
    }

    /// The connection in fewer words where there is no room for more.
    fn draw_one(&mut self, view: &View, row: &Row) {
        let (status, word) = match &row.status {
            Some((status, word)) => (self.paint.status(*status, status), word_aside(*status, word)),
            None => ("looking".to_owned(), String::new()),
        };
        let left =
            view.left.map(|left| format!(" · timeout in {}", span(left))).unwrap_or_default();
        let text = |word: &str, link: String| {
            let (spinner, elapsed) = (self.spinner(), span(view.elapsed));
            format!("{spinner} {status}{word}  {elapsed}   {}{left}", self.paint.dim(link))
        };
        let forms = [text(&word, link(&row.link)), text("", link(&row.link))];
        let fits = forms.into_iter().find(|form| measure_text_width(form) <= self.room());
        self.show(&[fits.unwrap_or_else(|| text("", short_link(&row.link)))]);
    }

    fn draw_many(&mut self, view: &View) {
        let height = usize::from(self.term.size().0).saturating_sub(2).max(2);
        let shown = view.rows.len().min(height - 1);
        // What is still open matters most; then what ended last.
        let mut rows: Vec<&Row> = view.rows.iter().collect();
        if rows.len() > shown {
            rows.sort_by_key(|row| (row.settled.is_some(), Reverse(row.settled_at)));
            rows.truncate(shown);
        }
        let widths = Widths::of(&rows);
        let hidden = view.targets.saturating_sub(shown);
        let mut lines = vec![self.header(view, hidden)];
        lines.extend(rows.iter().map(|row| self.row(row, &widths)));
        self.show(&lines);
    }

    fn header(&self, view: &View, hidden: usize) -> String {
        let (good, bad) = (view.good, view.bad);
        let open = view.targets - good - bad;
        let counts = [(good, "done"), (bad, "ended badly"), (open, "open"), (hidden, "not shown")];
        let counts: Vec<_> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let targets = self.paint.bold(format!("{} targets", view.targets));
        let text = format!("{targets}   {}", counts.join(" · "));
        let left = view.left.map(|left| format!("timeout in {}", span(left))).unwrap_or_default();
        let taken = measure_text_width(&text) + measure_text_width(&left);
        let gap = self.room().min(WIDEST).saturating_sub(taken).max(3);
        format!("{text}{}{}", " ".repeat(gap), self.paint.dim(left))
    }

    fn row(&self, row: &Row, widths: &Widths) -> String {
        let status = padded(status_of(row), widths.status);
        let status = match &row.status {
            Some((known, _)) => self.paint.status(*known, status),
            None => status,
        };
        let target = padded(&short_target(&row.target), widths.target);
        let held = padded(&span(row.held), widths.held);
        match row.settled {
            Some(code) => format!("{} {status}  {target}  {held}", self.paint.mark(code)),
            None => {
                let (spinner, link) = (self.spinner(), self.paint.dim(short_link(&row.link)));
                format!("{spinner} {status}  {target}  {held}   {link}")
            }
        }
    }
}

impl ProgressSink for Live {
    fn event(&mut self, event: &Stamped) {
        let text = self.trail.lines(event);
        if !text.is_empty() {
            self.view.suspend(|| say(&text));
        }
        if let Event::Summary(_) = event.event {
            self.view.finish_and_clear();
        }
    }

    fn aside(&mut self, print: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        self.view.suspend(print)
    }

    fn is_live(&self) -> bool {
        true
    }

    fn draw(&mut self, view: &View) {
        match view.rows.as_slice() {
            [row] if self.single => self.draw_one(view, row),
            _ => self.draw_many(view),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.view.finish_and_clear();
    }
}

/// The columns of several rows.
struct Widths {
    status: usize,
    target: usize,
    held: usize,
}

impl Widths {
    fn of(rows: &[&Row]) -> Self {
        // Wide enough for what is common, so that the columns stay where they are.
        const STATUS: usize = 10;
        const HELD: usize = 7;
        let widest = |text: &dyn Fn(&Row) -> String| {
            rows.iter().map(|row| measure_text_width(&text(row))).max().unwrap_or_default()
        };
        Widths {
            status: widest(&|row| status_of(row).to_owned()).max(STATUS),
            target: widest(&|row| short_target(&row.target)),
            held: widest(&|row| span(row.held)).max(HELD),
        }
    }
}

fn status_of(row: &Row) -> &'static str {
    row.status.as_ref().map_or("looking", |(status, _)| status.name())
}
