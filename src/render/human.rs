//! Output for people: a line for each change on stderr, a line for each result on stdout.

use std::fmt::Write as _;
use std::io::{IsTerminal, stdout};

use console::{Term, measure_text_width};

use super::fold::{AFTER_TIME, Fold};
use super::phrases::{
    cost, duration_text, exchange, padded, paid, provider_status_suffix, short_target, time_of_day,
    warning,
};
use super::sink::{ProgressSink, RecordSink};
use super::standing::StandingForm;
use super::{OutputOptions, Paint, clean};
use crate::error::FailureKind;
use crate::event::{Change, ConnectionState, Event, Outcome, Stamped, TargetResult};
use crate::exit::Code;
use crate::provider::Status;

/// The columns of the mark and the status in the line of a result.
const BEFORE_TARGET: usize = 13;
/// `warning: `.
const BEFORE_WARNING: usize = 9;

/// A line for each settled target.
pub(super) struct ResultLine {
    paint: Paint,
    fold: Fold,
}

impl ResultLine {
    pub(super) fn new(paint: Paint) -> Self {
        ResultLine { paint, fold: Fold::of(Term::stdout(), stdout().is_terminal()) }
    }
}

impl RecordSink for ResultLine {
    fn event(&mut self, event: &Stamped) -> Option<String> {
        match &event.event {
            Event::Result(result) => {
                let line = self.fold.line(&result_line(result, self.paint), BEFORE_TARGET);
                Some(format!("{line}\n"))
            }
            _ => None,
        }
    }
}

fn result_line(result: &TargetResult, paint: Paint) -> String {
    let mut line = paint.mark(result.outcome);
    let status = result.status.map_or("not seen", Status::name);
    let padded = format!("{status:<10}");
    let status = match result.status {
        Some(status) => paint.status(status, padded),
        None => padded,
    };
    let _ = write!(line, " {status} {}", result.name.target);
    let parts = [
        // Of an exchange that did not happen only what was paid is shown.
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
    line
}

/// How long it took, or why the target did not reach the goal.
fn remark(result: &TargetResult) -> String {
    let took = duration_text(result.elapsed);
    match result.outcome {
        Outcome::Reached => format!("in {took}"),
        Outcome::Unfinished => format!("not final yet, after {took}"),
        Outcome::Failed(kind) if result.outcome.is_undecided() => {
            let state = if result.status.is_some() { "NOT final" } else { "not known" };
            format!("{state}, {} after {took}", give_up_reason(kind))
        }
        // The failure is on stderr.
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

fn give_up_reason(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::TimedOut => "timed out",
        FailureKind::Unreachable => "provider unreachable",
        _ => "interrupted",
    }
}

/// A line for each change and each warning.
pub(super) struct HumanLog {
    paint: Paint,
    fold: Fold,
    local: bool,
    single: bool,
    widest: usize,
    verbose: bool,
    has_header: bool,
}

impl HumanLog {
    pub(super) fn new(options: &OutputOptions) -> Self {
        HumanLog {
            paint: options.stderr,
            fold: Fold::of(Term::stderr(), options.local),
            local: options.local,
            single: options.targets == 1,
            widest: options.widest,
            verbose: options.verbose,
            has_header: false,
        }
    }

    pub(super) fn is_single(&self) -> bool {
        self.single
    }

    pub(super) fn paint(&self) -> Paint {
        self.paint
    }

    fn change(&mut self, stamped: &Stamped, change: &Change) -> String {
        let mut text = String::new();
        if self.single && !self.has_header {
            self.has_header = true;
            let kind =
                change.record.kind.map(|kind| format!("{} ", kind.name())).unwrap_or_default();
            let network =
                change.record.network.as_deref().map(|network| format!(" ({})", clean(network)));
            let summary =
                format!("{kind}{}{}", exchange(&change.record), network.unwrap_or_default());
            let summary = self.paint.dim(summary.trim_end());
            let line = format!("{}  {summary}", self.paint.bold(&change.name.target));
            let _ = writeln!(text, "{}", self.fold.line(line.trim_end(), 2));
        }
        let time = time_of_day(change.occurred_at.unwrap_or(stamped.at), stamped.at, self.local);
        let status = self.paint.status(change.status, padded(change.status.name(), 12));
        let target = if self.single {
            String::new()
        } else {
            let target = short_target(&change.name.target);
            // The orders of an account are not known in advance.
            self.widest = self.widest.max(measure_text_width(&target));
            format!("{}  ", padded(&target, self.widest))
        };
        let after = change
            .since_previous
            .map(|after| format!("+{}  ", duration_text(after)))
            .unwrap_or_default();
        let detail = change.detail.as_deref().map(clean).unwrap_or_default();
        let provider_status = provider_status_suffix(change.status, &change.provider_status);
        let start = format!("  {time}  {target}{status} {after}");
        let line = format!("{start}{}", self.paint.dim(detail + &*provider_status));
        let _ = writeln!(text, "{}", self.fold.line(line.trim_end(), measure_text_width(&start)));
        text
    }
}

impl ProgressSink for HumanLog {
    fn event(&mut self, stamped: &Stamped) -> String {
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
                format!("{}\n", self.fold.line(&self.paint.dim(line.trim_end()), AFTER_TIME))
            }
            Event::Standing(view) => {
                let form = StandingForm::Human { paint: self.paint, local: self.local };
                let text = form.text(stamped.at, view);
                text.lines().map(|line| self.fold.line(line, AFTER_TIME) + "\n").collect()
            }
            event => match warning_line(self.paint, event) {
                Some(line) => format!("{}\n", self.fold.line(&line, BEFORE_WARNING)),
                None => String::new(),
            },
        }
    }
}

/// `warning: TARGET: …`, if the event is a warning.
fn warning_line(paint: Paint, event: &Event) -> Option<String> {
    let (target, _, message) = warning(event)?;
    let target = target.map(|target| format!("{target}: ")).unwrap_or_default();
    Some(format!("{} {target}{}", paint.warning("warning:"), clean(&message)))
}

/// Warnings, and how the targets stand.
pub(super) struct Warnings {
    pub(super) paint: Paint,
    pub(super) standing: StandingForm,
}

impl ProgressSink for Warnings {
    fn event(&mut self, event: &Stamped) -> String {
        match &event.event {
            Event::Standing(view) => self.standing.text(event.at, view),
            event => warning_line(self.paint, event).map(|line| line + "\n").unwrap_or_default(),
        }
    }
}
