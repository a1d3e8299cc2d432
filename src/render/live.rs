//! The live view on a terminal: the trail scrolls by, and below it stands the present.
//!
//! The cursor is never hidden, so however the program ends there is nothing to restore but the line
//! that the view stands on.

use std::io;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::event::{Event, Row, Stamped, View};
use super::human::Trail;
use super::words::{link, short_link, short_target, span, word_aside};
use super::{Paint, ProgressSink, say};
use crate::exit::Code;

/// How often the terminal is written to, at most.
const HERTZ: u8 = 10;

pub(super) struct Live {
    trail: Trail,
    area: MultiProgress,
    lines: Vec<ProgressBar>,
    term: Term,
    paint: Paint,
}

impl Live {
    pub(super) fn new(trail: Trail) -> Self {
        Live {
            paint: trail.paint(),
            trail,
            area: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(HERTZ)),
            lines: Vec::new(),
            term: Term::stderr(),
        }
    }

    /// Makes the view exactly so many lines high.
    fn resize(&mut self, height: usize) {
        while self.lines.len() < height {
            self.lines.push(self.area.add(ProgressBar::new_spinner()));
        }
        for line in self.lines.drain(height..) {
            line.finish_and_clear();
            self.area.remove(&line);
        }
    }

    fn show(&self, index: usize, open: bool, text: &str) {
        let width = usize::from(self.term.size().1);
        let room = width.saturating_sub(if open { 3 } else { 1 });
        let line = &self.lines[index];
        let template = if open { "{spinner} {msg}" } else { "{msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            line.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
        }
        line.set_message(console::truncate_str(text, room, "…").into_owned());
        line.tick();
    }

    fn draw_one(&mut self, view: &View, row: &Row) {
        let (status, word) = match &row.status {
            Some((status, word)) => (self.paint.status(*status, status), word_aside(*status, word)),
            None => ("looking".to_owned(), String::new()),
        };
        let left =
            view.left.map(|left| format!(" · timeout in {}", span(left))).unwrap_or_default();
        let text = format!(
            "{status}{word}  {}   {}{left}",
            span(view.elapsed),
            self.paint.dim(link(&row.link))
        );
        self.resize(1);
        self.show(0, true, &text);
    }

    fn draw_many(&mut self, view: &View) {
        let height = usize::from(self.term.size().0).saturating_sub(2).max(2);
        let shown = view.rows.len().min(height - 1);
        self.resize(shown + 1);
        self.show(0, false, &self.header(view));
        // What is still open matters most; then what ended last.
        let mut rows: Vec<&Row> = view.rows.iter().collect();
        if rows.len() > shown {
            rows.sort_by_key(|row| row.settled.is_some());
        }
        for (index, row) in rows.into_iter().take(shown).enumerate() {
            let text = self.row(row);
            self.show(index + 1, row.settled.is_none(), &text);
        }
    }

    fn header(&self, view: &View) -> String {
        let open = view.rows.iter().filter(|row| row.settled.is_none()).count();
        let good = view.rows.iter().filter(|row| row.settled == Some(Code::Ok)).count();
        let bad = view.rows.len() - open - good;
        let mut counts = vec![format!("{good} done")];
        if bad > 0 {
            counts.push(format!("{bad} ended badly"));
        }
        counts.push(format!("{open} open"));
        let left =
            view.left.map(|left| format!("   timeout in {}", span(left))).unwrap_or_default();
        let targets = self.paint.bold(format!("{} targets", view.rows.len()));
        format!("{targets}   {}{}", counts.join(" · "), self.paint.dim(left))
    }

    fn row(&self, row: &Row) -> String {
        let (status, word) = match &row.status {
            Some((status, word)) => {
                (self.paint.status(*status, format!("{status:<10}")), word_aside(*status, word))
            }
            None => (format!("{:<10}", "looking"), String::new()),
        };
        let target = short_target(&row.target);
        match row.settled {
            Some(code) => format!("{} {status}{word} {target}", self.paint.mark(code)),
            None => format!(
                "{status}{word} {target}   {}   {}",
                span(row.held),
                self.paint.dim(short_link(&row.link))
            ),
        }
    }

    fn clear(&mut self) {
        self.resize(0);
        // Nothing to tell anybody if the terminal is gone.
        let _ = self.area.clear();
    }
}

impl ProgressSink for Live {
    fn event(&mut self, event: &Stamped) {
        let text = self.trail.lines(event);
        if !text.is_empty() {
            self.area.suspend(|| say(&text));
        }
        if let Event::Summary(_) = event.event {
            self.clear();
        }
    }

    fn aside(&mut self, print: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        self.area.suspend(print)
    }

    fn is_live(&self) -> bool {
        true
    }

    fn draw(&mut self, view: &View) {
        match view.rows.as_slice() {
            [row] => self.draw_one(view, row),
            _ => self.draw_many(view),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.clear();
    }
}
