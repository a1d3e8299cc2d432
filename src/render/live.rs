//! The live view on a terminal: the trail scrolls by, and below it stands the present.
//!
//! The view is one bar of indicatif's with a message of several lines: bars of their own would be drawn
//! one after the other, and for a moment the header would not fit the rows.
//!
//! The cursor is never hidden, so however the program ends there is nothing to restore but the line
//! that the view stands on.

use std::io;

use console::{Term, measure_text_width, truncate_str};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::human::Trail;
use super::screen::{MARGIN, Screen};
use super::sink::ProgressSink;
use super::words::{link, padded, provider_status_suffix, short_link, short_target, span};
use super::{Paint, say};
use crate::event::{Event, Row, Rows, Stamped, View, ViewSize};
use crate::provider::Status;

/// Beyond this width the eye loses the line.
const WIDEST: usize = 100;
/// The changes of more targets than these would scroll by unread; the view shows the latest of them.
const MOST_TRAILED: usize = 100;
/// A terminal of fewer lines has none to spare for headings.
const TALL: usize = 12;

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

pub(super) struct Live {
    trail: Trail,
    view: ProgressBar,
    term: Term,
    paint: Paint,
    /// Whether there is one target and never another.
    single: bool,
    /// Whether changes are left to the view.
    crowded: bool,
    /// What scrolls by with the next frame.
    waiting: String,
    /// Whether the view stands on the terminal.
    visible: bool,
    frame: usize,
}

impl Live {
    /// The view of so many targets.
    pub(super) fn new(trail: Trail, targets: usize) -> Self {
        let term = Term::stderr();
        let screen = Box::new(Screen::new(term.clone()));
        // How often it is drawn is the session's to say.
        let target = ProgressDrawTarget::term_like(screen);
        let view = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            view.set_style(style);
        }
        Live {
            paint: trail.paint(),
            single: trail.is_single(),
            crowded: targets > MOST_TRAILED,
            trail,
            view,
            term,
            waiting: String::new(),
            visible: false,
            frame: 0,
        }
    }

    /// How many lines there are for the view.
    fn height(&self) -> usize {
        usize::from(self.term.size().0).saturating_sub(2).max(2)
    }

    fn is_tall(&self) -> bool {
        self.height() >= TALL
    }

    /// Lets what waits scroll by.
    fn print_waiting(&mut self) {
        if !self.waiting.is_empty() {
            // What prints nothing more cannot fail.
            let _ = self.aside(&mut || Ok(()));
        }
    }

    /// How long a line may be.
    fn width(&self) -> usize {
        usize::from(self.term.size().1).saturating_sub(MARGIN)
    }

    /// Draws these lines, each cut to what there is room for.
    fn show(&mut self, lines: &[String]) {
        let width = self.width();
        let cut: Vec<_> = lines.iter().map(|line| truncate_str(line, width, "…")).collect();
        self.view.set_message(cut.join("\n"));
        self.visible = true;
        self.frame += 1;
    }

    fn spinner(&self) -> char {
        SPINNER[self.frame % SPINNER.len()]
    }

    /// The connection in fewer words where there is no room for more.
    fn draw_one(&mut self, view: &View, row: &Row) {
        let (status, provider_status) = match &row.status {
            Some((status, provider_status)) => (
                self.paint.status(*status, status),
                provider_status_suffix(*status, provider_status),
            ),
            None => ("looking".to_owned(), String::new()),
        };
        let left =
            view.remaining.map(|left| format!(" · timeout in {}", span(left))).unwrap_or_default();
        let text = |provider_status: &str, link: String| {
            let (spinner, elapsed) = (self.spinner(), span(view.elapsed));
            format!(
                "{spinner} {status}{provider_status}  {elapsed}   {}{left}",
                self.paint.dim(link)
            )
        };
        let forms = [text(&provider_status, link(&row.link)), text("", link(&row.link))];
        let fits = forms.into_iter().find(|form| measure_text_width(form) <= self.width());
        self.show(&[fits.unwrap_or_else(|| text("", short_link(&row.link)))]);
    }

    fn draw_many(&mut self, view: &View) {
        let (rows, others) = match &view.rows {
            Rows::All(rows) => (rows.as_slice(), [].as_slice()),
            Rows::Partial { slowest, latest } => (slowest.as_slice(), latest.as_slice()),
        };
        let widths = Widths::of(rows.iter().chain(others));
        let hidden = view.targets.saturating_sub(rows.len() + others.len());
        let headed = matches!(view.rows, Rows::Partial { .. }) && self.is_tall();
        let heading = |text| headed.then(|| self.paint.dim(text));
        let mut lines = vec![self.header(view, hidden)];
        lines.extend(headed.then(|| self.counts(view)));
        lines.extend(heading("slowest").filter(|_| !rows.is_empty()));
        lines.extend(rows.iter().map(|row| self.row(row, &widths)));
        lines.extend(heading("latest changes").filter(|_| !others.is_empty()));
        lines.extend(others.iter().map(|row| self.row(row, &widths)));
        self.show(&lines);
    }

    /// `open: 3 looking · 12 pending`.
    fn counts(&self, view: &View) -> String {
        let count = |(status, count): &(Option<Status>, usize)| match status {
            Some(status) => format!("{count} {}", self.paint.status(*status, status)),
            None => format!("{count} looking"),
        };
        if view.open.is_empty() {
            "none is open".to_owned()
        } else {
            format!("open: {}", view.open.iter().map(count).collect::<Vec<_>>().join(" · "))
        }
    }

    fn header(&self, view: &View, hidden: usize) -> String {
        let (good, bad) = (view.reached, view.not_reached);
        let open = view.targets - good - bad;
        let counts = [(good, "done"), (bad, "ended badly"), (open, "open"), (hidden, "not shown")];
        let counts: Vec<_> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let targets = self.paint.bold(format!("{} targets", view.targets));
        let text = format!("{targets}   {}", counts.join(" · "));
        let left =
            view.remaining.map(|left| format!("timeout in {}", span(left))).unwrap_or_default();
        let taken = measure_text_width(&text) + measure_text_width(&left);
        let gap = self.width().min(WIDEST).saturating_sub(taken).max(3);
        format!("{text}{}{}", " ".repeat(gap), self.paint.dim(left))
    }

    fn row(&self, row: &Row, widths: &Widths) -> String {
        let status = padded(status_of(row), widths.status);
        let status = match &row.status {
            Some((known, _)) => self.paint.status(*known, status),
            None => status,
        };
        let target = padded(&short_target(&row.target), widths.target);
        let held = padded(&span(row.in_status), widths.held);
        match row.settled {
            Some(outcome) => format!("{} {status}  {target}  {held}", self.paint.mark(outcome)),
            None => {
                let (spinner, link) = (self.spinner(), self.paint.dim(short_link(&row.link)));
                format!("{spinner} {status}  {target}  {held}   {link}")
            }
        }
    }
}

impl ProgressSink for Live {
    /// Everything is drawn.
    fn event(&mut self, event: &Stamped) -> String {
        match event.event {
            Event::Status(_) if self.crowded => {}
            Event::Status(_) => self.waiting += &self.trail.lines(event),
            // What is odd is told at once, for it may be the last thing that is told.
            _ => {
                self.waiting += &self.trail.lines(event);
                self.print_waiting();
            }
        }
        if let Event::Summary(_) = event.event {
            self.view.finish_and_clear();
        }
        String::new()
    }

    /// What waits was there first. The view comes back with the next frame only, so that much may be
    /// printed in between.
    fn aside(&mut self, print: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        if std::mem::take(&mut self.visible) {
            self.view.set_message("");
        }
        let waiting = std::mem::take(&mut self.waiting);
        self.view.suspend(|| {
            say(&waiting);
            print()
        })
    }

    fn view_size(&self) -> Option<ViewSize> {
        let all_rows = self.height() - 1;
        let headings = if self.is_tall() { 3 } else { 0 };
        Some(ViewSize { all_rows, partial_rows: all_rows - headings })
    }

    fn draw(&mut self, view: &View) {
        self.print_waiting();
        match &view.rows {
            Rows::All(rows) if self.single && rows.len() == 1 => self.draw_one(view, &rows[0]),
            _ => self.draw_many(view),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.print_waiting();
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
    fn of<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Self {
        // Wide enough for what is common, so that the columns stay where they are.
        const STATUS: usize = 10;
        const HELD: usize = 7;
        let widest = |text: &dyn Fn(&Row) -> String| {
            rows.clone().map(|row| measure_text_width(&text(row))).max().unwrap_or_default()
        };
        Widths {
            status: widest(&|row| status_of(row).to_owned()).max(STATUS),
            target: widest(&|row| short_target(&row.target)),
            held: widest(&|row| span(row.in_status)).max(HELD),
        }
    }
}

fn status_of(row: &Row) -> &'static str {
    row.status.as_ref().map_or("looking", |(status, _)| status.name())
}
