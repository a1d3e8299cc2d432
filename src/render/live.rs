//! The live view on a terminal: the lines of changes scroll up, and the present state is drawn below them.
//!
//! The view is a single indicatif bar with a message of several lines: several bars would be drawn one after the
//! other, and for a moment the header would not match the rows.
//!
//! The cursor is not hidden, so that nothing has to be restored when the program ends, except for the lines of the
//! view.

use std::io;

use console::{Term, measure_text_width, truncate_str};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Paint;
use super::human::HumanLog;
use super::phrases::{
    duration_text, link, padded, provider_status_suffix, short_link, short_target,
};
use super::screen::{MARGIN, Screen, leave_gap, without_view, write_lines};
use super::sink::{ProgressSink, Reader};
use crate::event::{Event, Row, Rows, Stamped, View, ViewSize};
use crate::provider::Status;

/// The widest header: about as wide as the rows, for readability, and so that a narrower window wraps few lines.
const MAX_WIDTH: usize = 60;
/// With more targets than this their changes are not printed as lines; the view shows the latest ones.
const MAX_LISTED: usize = 100;
/// For so many frames the view stays hidden after a record went to a pipe, whose reader may print it on this terminal.
const FRAMES_FOR_READER: u8 = 3;
/// In fewer lines than this the view has no headings.
const MIN_HEIGHT_FOR_HEADINGS: usize = 12;

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

pub(super) struct Live {
    log: HumanLog,
    view: ProgressBar,
    term: Term,
    paint: Paint,
    /// Whether there is only one target.
    single: bool,
    /// Whether changes are shown in the view only.
    crowded: bool,
    /// Lines to print above the next frame.
    pending: String,
    /// For how many frames the view stays hidden.
    held: u8,
    frame: usize,
}

impl Live {
    /// The view for this number of targets.
    pub(super) fn new(log: HumanLog, targets: usize) -> Self {
        let term = Term::stderr();
        let screen = Box::new(Screen::new(term.clone()));
        // The driver decides how often it is drawn.
        let target = ProgressDrawTarget::term_like(screen);
        let view = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            view.set_style(style);
        }
        Live {
            paint: log.paint(),
            single: log.is_single(),
            crowded: targets > MAX_LISTED,
            log,
            view,
            term,
            pending: String::new(),
            held: 0,
            frame: 0,
        }
    }

    /// The height of the view in lines.
    fn height(&self) -> usize {
        usize::from(self.term.size().0).saturating_sub(2).max(2)
    }

    fn has_headings(&self) -> bool {
        self.height() >= MIN_HEIGHT_FOR_HEADINGS
    }

    /// Prints the pending lines above the view.
    fn print_pending(&mut self) {
        write_lines(&std::mem::take(&mut self.pending));
    }

    /// The width of the view in cells.
    fn width(&self) -> usize {
        usize::from(self.term.size().1).saturating_sub(MARGIN)
    }

    /// Draws these lines, each cut to the width of the view.
    fn show(&mut self, lines: &[String]) {
        let width = self.width();
        let cut: Vec<_> = lines.iter().map(|line| truncate_str(line, width, "…")).collect();
        self.view.set_message(cut.join("\n"));
        self.frame += 1;
    }

    fn spinner(&self) -> char {
        SPINNER[self.frame % SPINNER.len()]
    }

    /// Draws a single target, in the longest form that fits.
    fn draw_one(&mut self, view: &View, row: &Row) {
        let (status, provider_status) = match &row.status {
            Some((status, provider_status)) => (
                self.paint.status(*status, status),
                provider_status_suffix(*status, provider_status),
            ),
            None => ("looking".to_owned(), String::new()),
        };
        let remaining = view
            .remaining
            .map(|remaining| format!(" · timeout in {}", duration_text(remaining)))
            .unwrap_or_default();
        let text = |provider_status: &str, link: String| {
            let (spinner, elapsed) = (self.spinner(), duration_text(view.elapsed));
            format!(
                "{spinner} {status}{provider_status}  {elapsed}   {}{remaining}",
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
        let has_headings = matches!(view.rows, Rows::Partial { .. }) && self.has_headings();
        let heading = |text| has_headings.then(|| self.paint.dim(text));
        let mut lines = vec![self.header(view, hidden)];
        lines.extend(has_headings.then(|| self.counts(view)));
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
        let (reached, not_reached) = (view.reached, view.not_reached);
        let open = view.targets - reached - not_reached;
        let counts = [
            (reached, "done"),
            (not_reached, "ended badly"),
            (open, "open"),
            (hidden, "not shown"),
        ];
        let counts: Vec<_> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, label)| format!("{count} {label}"))
            .collect();
        let targets = self.paint.bold(format!("{} targets", view.targets));
        let text = format!("{targets}   {}", counts.join(" · "));
        let remaining = view
            .remaining
            .map(|remaining| format!("timeout in {}", duration_text(remaining)))
            .unwrap_or_default();
        let taken = measure_text_width(&text) + measure_text_width(&remaining);
        let gap = self.width().min(MAX_WIDTH).saturating_sub(taken).max(3);
        format!("{text}{}{}", " ".repeat(gap), self.paint.dim(remaining))
    }

    fn row(&self, row: &Row, widths: &Widths) -> String {
        let status = padded(status_of(row), widths.status);
        let status = match &row.status {
            Some((known, _)) => self.paint.status(*known, status),
            None => status,
        };
        let target = padded(&short_target(&row.target), widths.target);
        let in_status = padded(&duration_text(row.in_status), widths.in_status);
        match row.settled {
            Some(outcome) => {
                format!("{} {status}  {target}  {in_status}", self.paint.mark(outcome))
            }
            None => {
                let (spinner, link) = (self.spinner(), self.paint.dim(short_link(&row.link)));
                format!("{spinner} {status}  {target}  {in_status}   {link}")
            }
        }
    }
}

impl ProgressSink for Live {
    /// The lines are printed together with the view, so none are returned.
    fn event(&mut self, event: &Stamped) -> String {
        match event.event {
            Event::Status(_) if self.crowded => {}
            Event::Status(_) => self.pending += &self.log.event(event),
            // Warnings and connections are printed at once: there may be no further frame.
            _ => {
                self.pending += &self.log.event(event);
                self.print_pending();
            }
        }
        if let Event::Summary(_) = event.event {
            self.view.finish_and_clear();
        }
        String::new()
    }

    fn record(
        &mut self,
        reader: Reader,
        print: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<()> {
        self.print_pending();
        match reader {
            Reader::Terminal => without_view(print),
            Reader::Pipe => {
                self.view.set_message("");
                self.held = FRAMES_FOR_READER;
                leave_gap();
                print()
            }
            Reader::File => print(),
        }
    }

    fn view_size(&self) -> Option<ViewSize> {
        let all_rows = self.height() - 1;
        let headings = if self.has_headings() { 3 } else { 0 };
        Some(ViewSize { all_rows, partial_rows: all_rows - headings })
    }

    fn draw(&mut self, view: &View) {
        self.print_pending();
        if self.held > 0 {
            self.held -= 1;
            return;
        }
        match &view.rows {
            Rows::All(rows) if self.single && rows.len() == 1 => self.draw_one(view, &rows[0]),
            _ => self.draw_many(view),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.print_pending();
        self.view.finish_and_clear();
    }
}

/// The columns of several rows.
struct Widths {
    status: usize,
    target: usize,
    in_status: usize,
}

impl Widths {
    fn of<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Self {
        // Wide enough for common values, so that the columns rarely move.
        const STATUS: usize = 10;
        const HELD: usize = 7;
        let widest = |text: &dyn Fn(&Row) -> String| {
            rows.clone().map(|row| measure_text_width(&text(row))).max().unwrap_or_default()
        };
        Widths {
            status: widest(&|row| status_of(row).to_owned()).max(STATUS),
            target: widest(&|row| short_target(&row.target)),
            in_status: widest(&|row| duration_text(row.in_status)).max(HELD),
        }
    }
}

fn status_of(row: &Row) -> &'static str {
    row.status.as_ref().map_or("looking", |(status, _)| status.name())
}
