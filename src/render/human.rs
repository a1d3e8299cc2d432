//! For people: the trail of changes on stderr, the final line on stdout.

use std::fmt::Write as _;

use super::sink::{ProgressSink, RecordSink};
use super::words::{
    cost, exchange, padded, paid, provider_status_suffix, short_target, span, time_of_day, warning,
};
use super::{OutputOptions, Paint, clean};
use crate::error::FailureKind;
use crate::event::{Change, ConnectionState, Event, Outcome, Stamped, TargetResult};
use crate::exit::Code;
use crate::provider::Status;

/// One line a target, when it is settled.
pub(super) struct FinalLine {
    paint: Paint,
}

impl FinalLine {
    pub(super) fn new(paint: Paint) -> Self {
        FinalLine { paint }
    }
}

impl RecordSink for FinalLine {
    fn event(&mut self, event: &Stamped) -> Option<String> {
        match &event.event {
            Event::Result(result) => Some(final_line(result, self.paint)),
            _ => None,
        }
    }
}

fn final_line(result: &TargetResult, paint: Paint) -> String {
    let mut line = paint.mark(result.outcome);
    let word = result.status.map_or("not seen", Status::name);
    let padded = format!("{word:<10}");
    let word = match result.status {
        Some(status) => paint.status(status, padded),
        None => padded,
    };
    let _ = write!(line, " {word} {}", result.name.target);
    let parts = [
        // What did not come to pass was only offered.
        if result.status.is_some_and(|status| status.is_final() && status != Status::Completed) {
            paid(&result.record)
        } else {
            exchange(&result.record)
        },
        result.record.error.as_deref().map(|error| clean(error).into_owned()).unwrap_or_default(),
        cost(&result.record).map(|(costs, cost)| format!("{costs} {cost}")).unwrap_or_default(),
        remark(result),
    ];
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let _ = write!(line, "  {part}");
    }
    line.push('\n');
    line
}

/// How long it took; or why this line is not the end of the transaction.
fn remark(result: &TargetResult) -> String {
    let took = span(result.elapsed);
    match result.outcome {
        Outcome::Reached => format!("in {took}"),
        Outcome::Unfinished => format!("not final yet, after {took}"),
        Outcome::Failed(kind) if result.outcome.is_undecided() => {
            format!("NOT final, {} after {took}", gave_up(kind))
        }
        // The whole story is told on stderr.
        outcome if !outcome.is_of_transaction() => {
            let code = Code::from(outcome);
            format!("{code}, exit code {}", code.number())
        }
        _ => match &result.reason {
            Some(reason) => clean(reason).into_owned(),
            None => format!("in {took}"),
        },
    }
}

fn gave_up(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::TimedOut => "timed out",
        FailureKind::Unreachable => "provider unreachable",
        _ => "interrupted",
    }
}

/// The lines about what happened, as text.
pub(super) struct Trail {
    paint: Paint,
    local: bool,
    single: bool,
    widest: usize,
    verbose: bool,
    is_introduced: bool,
}

impl Trail {
    pub(super) fn new(look: &OutputOptions) -> Self {
        Trail {
            paint: look.stderr,
            local: look.local,
            single: look.targets == 1,
            widest: look.widest,
            verbose: look.verbose,
            is_introduced: false,
        }
    }

    pub(super) fn is_single(&self) -> bool {
        self.single
    }

    pub(super) fn paint(&self) -> Paint {
        self.paint
    }

    /// What to print about an event, if anything.
    pub(super) fn lines(&mut self, stamped: &Stamped) -> String {
        match &stamped.event {
            Event::Status(change) => self.change(stamped, change),
            Event::Connection(connection)
                if self.verbose && connection.state != ConnectionState::Connecting =>
            {
                let time = time_of_day(stamped.at, stamped.at, self.local);
                let reason = connection.reason.as_deref().unwrap_or_default();
                let line = format!(
                    "  {time}  {} {}  {}",
                    connection.transport,
                    connection.state.name(),
                    clean(reason)
                );
                format!("{}\n", self.paint.dim(line.trim_end()))
            }
            event => warning_line(self.paint, event).unwrap_or_default(),
        }
    }

    fn change(&mut self, stamped: &Stamped, change: &Change) -> String {
        let mut text = String::new();
        if self.single && !self.is_introduced {
            self.is_introduced = true;
            let kind =
                change.record.kind.map(|kind| format!("{} ", kind.name())).unwrap_or_default();
            let network =
                change.record.network.as_deref().map(|network| format!(" ({})", clean(network)));
            let what = format!("{kind}{}{}", exchange(&change.record), network.unwrap_or_default());
            let what = self.paint.dim(what.trim_end());
            let line = format!("{}  {what}", self.paint.bold(&change.name.target));
            let _ = writeln!(text, "{}", line.trim_end());
        }
        let time = time_of_day(change.occurred_at.unwrap_or(stamped.at), stamped.at, self.local);
        let status = self.paint.status(change.status, padded(change.status.name(), 12));
        let target = if self.single {
            String::new()
        } else {
            let target = short_target(&change.name.target);
            // Orders of an account are not known beforehand.
            self.widest = self.widest.max(console::measure_text_width(&target));
            format!("{}  ", padded(&target, self.widest))
        };
        let after =
            change.since_previous.map(|after| format!("+{}  ", span(after))).unwrap_or_default();
        let detail = change.detail.as_deref().map(clean).unwrap_or_default();
        let word = provider_status_suffix(change.status, &change.provider_status);
        let line = format!("  {time}  {target}{status} {after}{}", self.paint.dim(detail + &*word));
        let _ = writeln!(text, "{}", line.trim_end());
        text
    }
}

/// `warning: TARGET: …`, if the event warns of something.
fn warning_line(paint: Paint, event: &Event) -> Option<String> {
    let (target, _, message) = warning(event)?;
    let target = target.map(|target| format!("{target}: ")).unwrap_or_default();
    Some(format!("{} {target}{}\n", paint.warning("warning:"), clean(&message)))
}

/// The trail, printed as it comes.
pub(super) struct Printed(pub(super) Trail);

impl ProgressSink for Printed {
    fn event(&mut self, event: &Stamped) -> String {
        self.0.lines(event)
    }
}

/// Warnings, and nothing else.
pub(super) struct Warnings(pub(super) Paint);

impl ProgressSink for Warnings {
    fn event(&mut self, event: &Stamped) -> String {
        warning_line(self.0, &event.event).unwrap_or_default()
    }
}
