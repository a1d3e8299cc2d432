//! How the targets stand, where the user asks for that while the command runs.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::phrases::{
    duration_text, link, padded, plain_time, provider_status_suffix, short_target, time_of_day,
};
use super::{OutputOptions, Paint, Progress, widest};
use crate::event::{Row, Rows, View};
use crate::provider::Status;

/// The form in which it is told. There are lines on stderr in every form of the output, even a quiet one: the user asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum StandingForm {
    /// Lines for logs, each with its time and its target.
    Plain,
    /// Lines for people, with times of this zone.
    Human { paint: Paint, local: bool },
}

impl StandingForm {
    pub(super) fn of(options: &OutputOptions) -> Self {
        let human = StandingForm::Human { paint: options.stderr, local: options.local };
        match options.progress {
            Progress::Live | Progress::Human => human,
            Progress::Plain => StandingForm::Plain,
            Progress::Warnings | Progress::Quiet if options.local => human,
            Progress::Warnings | Progress::Quiet => StandingForm::Plain,
        }
    }

    /// The counts, and a line for each target that is listed.
    pub(super) fn text(self, at: Timestamp, view: &View) -> String {
        let (rows, are_all) = match &view.rows {
            Rows::All(rows) => (rows, true),
            Rows::Partial { slowest, .. } => (slowest, false),
        };
        let mut lines = vec![self.head(view)];
        let widest = widest(rows.iter().map(|row| &*row.target));
        lines.extend(rows.iter().map(|row| self.row(at, view, row, widest)));
        let hidden = open(view).saturating_sub(rows.len());
        if !are_all && hidden > 0 {
            lines.push(self.without_target(&format!("and {hidden} more are open")));
        }
        let mut text = String::new();
        for line in lines {
            let _ = match self {
                StandingForm::Plain => writeln!(text, "{} {line}", plain_time(at)),
                StandingForm::Human { local, .. } => {
                    writeln!(text, "  {}  {line}", time_of_day(at, at, local))
                }
            };
        }
        text
    }

    fn without_target(self, text: &str) -> String {
        match self {
            StandingForm::Plain => format!("- {text}"),
            StandingForm::Human { .. } => text.to_owned(),
        }
    }

    /// `3 targets: 1 done · 2 open (1 not seen, 1 processing) · timeout in 24m 10s`.
    fn head(self, view: &View) -> String {
        let open = open(view);
        let by_status =
            view.open.iter().map(|(status, count)| format!("{count} {}", name(*status)));
        let by_status = by_status.collect::<Vec<_>>().join(", ");
        let mut parts = Vec::new();
        if view.reached > 0 {
            parts.push(format!("{} done", view.reached));
        }
        if view.not_reached > 0 {
            parts.push(format!("{} ended badly", view.not_reached));
        }
        parts.push(match open {
            0 => "none is open".to_owned(),
            open => format!("{open} open ({by_status})"),
        });
        parts.extend(timeout(view));
        let plural = if view.targets == 1 { "" } else { "s" };
        let text = format!("{} target{plural}: {}", view.targets, parts.join(self.separator()));
        self.without_target(&text)
    }

    fn row(self, at: Timestamp, view: &View, row: &Row, widest: usize) -> String {
        let lasted = duration_text(row.in_status);
        let status = match &row.status {
            Some((status, word)) => {
                format!("{}{}", self.painted(*status), provider_status_suffix(*status, word))
            }
            None => "not seen".to_owned(),
        };
        let mut parts = match row.settled {
            Some(_) => vec![format!("after {lasted}")],
            None => vec![self.since(at, row), link(&row.link).replace(" · ", self.separator())],
        };
        match self {
            StandingForm::Plain => {
                parts.extend(timeout(view).filter(|_| row.settled.is_none()));
                let verb = if row.settled.is_some() { "ended" } else { "is" };
                format!("{} {verb} {status} {}", row.target, parts.join(self.separator()))
            }
            StandingForm::Human { paint, .. } => {
                let mark =
                    row.settled.map_or_else(|| "·".to_owned(), |outcome| paint.mark(outcome));
                let target = padded(&short_target(&row.target), widest);
                format!("{mark} {target}  {status}  {}", parts.join(self.separator()))
            }
        }
    }

    /// `since 10:01:12 (5m 10s)`; before the first report only for how long.
    fn since(self, at: Timestamp, row: &Row) -> String {
        let lasted = duration_text(row.in_status);
        let begun = at.checked_sub(row.in_status).ok().filter(|_| row.status.is_some());
        match (begun, self) {
            (Some(begun), StandingForm::Plain) => format!("since {} ({lasted})", plain_time(begun)),
            (Some(begun), StandingForm::Human { local, .. }) => {
                format!("since {} ({lasted})", time_of_day(begun, at, local))
            }
            (None, _) => format!("for {lasted}"),
        }
    }

    fn painted(self, status: Status) -> String {
        match self {
            StandingForm::Plain => status.name().to_owned(),
            StandingForm::Human { paint, .. } => paint.status(status, status),
        }
    }

    fn separator(self) -> &'static str {
        match self {
            StandingForm::Plain => ", ",
            StandingForm::Human { .. } => " · ",
        }
    }
}

fn open(view: &View) -> usize {
    view.open.iter().map(|(_, count)| count).sum()
}

fn name(status: Option<Status>) -> &'static str {
    status.map_or("not seen", Status::name)
}

fn timeout(view: &View) -> Option<String> {
    view.remaining.map(|remaining| format!("timeout in {}", duration_text(remaining)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::{LinkView, Outcome};

    const AT: Timestamp = Timestamp::constant(1_775_037_600, 0);

    fn row(target: &str, status: Option<(Status, &str)>, settled: Option<Outcome>) -> Row {
        Row {
            target: target.into(),
            status: status.map(|(status, word)| (status, word.to_owned())),
            in_status: Duration::from_secs(72),
            link: LinkView::Live { transport: "pusher", last_received: Duration::from_secs(4) },
            settled,
        }
    }

    fn view(rows: Rows, open: Vec<(Option<Status>, usize)>) -> View {
        View {
            elapsed: Duration::from_secs(90),
            remaining: Some(Duration::from_secs(600)),
            targets: 3,
            reached: 1,
            not_reached: 0,
            open,
            rows,
        }
    }

    #[test]
    fn every_target_has_a_line_in_both_forms() {
        let rows = vec![
            row("a:1", Some((Status::Completed, "completed")), Some(Outcome::Reached)),
            row("a:2", Some((Status::Processing, "PENDING_DELIVERY")), None),
            row("a:3", None, None),
        ];
        let view = view(Rows::All(rows), vec![(None, 1), (Some(Status::Processing), 1)]);
        assert_eq!(
            StandingForm::Plain.text(AT, &view),
            "2026-04-01T10:00:00Z - 3 targets: 1 done, 2 open (1 not seen, 1 processing), timeout in 10m\n\
             2026-04-01T10:00:00Z a:1 ended completed after 1m 12s\n\
             2026-04-01T10:00:00Z a:2 is processing (PENDING_DELIVERY) since 2026-04-01T09:58:48Z (1m 12s), \
             live (pusher), last heard 4s ago, timeout in 10m\n\
             2026-04-01T10:00:00Z a:3 is not seen for 1m 12s, live (pusher), last heard 4s ago, timeout in 10m\n"
        );
        assert_eq!(
            StandingForm::Human { paint: Paint(false), local: false }.text(AT, &view),
            "  10:00:00  3 targets: 1 done · 2 open (1 not seen, 1 processing) · timeout in 10m\n\
             \u{20} 10:00:00  ✔ a:1  completed  after 1m 12s\n\
             \u{20} 10:00:00  · a:2  processing (PENDING_DELIVERY)  since 09:58:48 (1m 12s) · live (pusher) · last heard 4s ago\n\
             \u{20} 10:00:00  · a:3  not seen  for 1m 12s · live (pusher) · last heard 4s ago\n"
        );
    }

    #[test]
    fn what_is_not_listed_is_counted() {
        let slowest = vec![row("a:2", Some((Status::Pending, "pending")), None)];
        let rows = Rows::Partial { slowest, latest: Vec::new() };
        let text = StandingForm::Plain.text(AT, &view(rows, vec![(Some(Status::Pending), 2)]));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[2].ends_with("- and 1 more are open"), "{text}");
    }
}
