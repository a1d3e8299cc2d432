//! The closing report on stderr: failures, targets that are not final, and how to resume.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::phrases::{duration_text, hint};
use super::{Paint, clean};
use crate::error::{Failure, FailureKind, Signal};
use crate::event::{Closing, Conclusion, Outcome, Revivable, Summary, Undecided};
use crate::exit::Code;
use crate::provider::Status;

/// How many targets and how many failures are listed; all of them are in the records on stdout.
const MAX_SHOWN: usize = 100;
/// With more targets than this it is counted how many ended how.
const MAX_UNCOUNTED: usize = 10;

/// `error: … / caused by: … / hint: …`.
pub fn failure(failure: &Failure, paint: Paint) -> String {
    let mut text = format!("{} {}\n", paint.bad("error:"), clean(&failure.to_string()));
    for cause in failure.causes() {
        let _ = writeln!(text, "caused by: {}", clean(&cause));
    }
    for advice in failure.hints() {
        let _ = writeln!(text, "{} {}", paint.hint("hint:"), clean(&hint(advice)));
    }
    text
}

/// The closing report of a command; a quiet one has errors and hints only. `resume` returns the command line that resumes with the given targets.
pub fn closing_report(
    closing: &Closing,
    resume: impl Fn(&[&str]) -> String,
    quiet: bool,
    paint: Paint,
) -> String {
    let mut text = counts(closing).filter(|_| !quiet).unwrap_or_default();
    text += &failures_text(&closing.failures, paint);
    for revivable in &closing.revivable {
        let _ = writeln!(text, "{} {}", paint.hint("hint:"), revivable_text(revivable));
    }
    if closing.undecided.is_empty() {
        if let Conclusion::Stopped(outcome) = closing.summary.conclusion
            && let Some(reason) = stop_reason(outcome, closing.elapsed)
        {
            let _ = writeln!(text, "{} {reason}: no order is open", paint.bad("error:"));
        }
        return text;
    }
    if let Some(headline) = headline(closing) {
        let _ = writeln!(text, "{} {headline}", paint.bad("error:"));
        for problem in &closing.ongoing_problems {
            let _ = writeln!(text, "caused by: {}", clean(problem));
        }
    }
    for target in closing.undecided.iter().take(MAX_SHOWN) {
        let _ = writeln!(text, "  {}", last_seen(target));
    }
    let more = closing.undecided.len().saturating_sub(MAX_SHOWN);
    if more > 0 {
        let _ = writeln!(text, "  and {more} more");
    }
    let _ = writeln!(text, "  {}", advice(&closing.undecided));
    let (label, targets) = if more > 0 {
        ("their names on standard input (the lines of -o plain or json do):", vec!["-"])
    } else {
        ("", closing.undecided.iter().map(|open| &*open.target).collect())
    };
    let mut hint = |words: [&str; 2], targets: &[&str]| {
        let words = words.iter().filter(|words| !words.is_empty()).copied().collect::<Vec<_>>();
        let _ = writeln!(text, "{} {}  {}", paint.hint("hint:"), words.join(" "), resume(targets));
    };
    if closing.account {
        hint(["resume with", ""], &[]);
        hint(["or watch what is open with", label], &targets);
    } else {
        hint(["resume with", label], &targets);
    }
    text
}

/// `300 targets in 12m: 262 completed · 31 failed · 4 refunded · 3 open`, where there are too many for the eye.
fn counts(closing: &Closing) -> Option<String> {
    let Summary { targets, endings, .. } = &closing.summary;
    if *targets <= MAX_UNCOUNTED {
        return None;
    }
    let mut counts: BTreeMap<(u8, &str), usize> = BTreeMap::new();
    for ((outcome, status), count) in endings {
        *counts.entry(ending(*outcome, *status)).or_default() += count;
    }
    let parts: Vec<_> = counts.iter().map(|((_, name), count)| format!("{count} {name}")).collect();
    let what = if closing.account { "orders" } else { "targets" };
    let took = duration_text(closing.elapsed);
    Some(format!("{targets} {what} in {took}: {}\n", parts.join(" · ")))
}

/// What is counted together, and its place in the line: endings, then what was only looked at, then failures, and last
/// what is open.
fn ending(outcome: Outcome, status: Option<Status>) -> (u8, &'static str) {
    let name = status.map_or("not seen", Status::name);
    let place = |first: u8| {
        let all = [
            Status::Completed,
            Status::Failed,
            Status::Cancelled,
            Status::Expired,
            Status::Refunded,
            Status::Processing,
            Status::Pending,
            Status::OnHold,
            Status::Unknown,
        ];
        let place = all.iter().position(|other| Some(*other) == status).unwrap_or(all.len());
        first + u8::try_from(place).unwrap_or_default()
    };
    match outcome {
        Outcome::Reached | Outcome::Missed(_) => (place(0), name),
        Outcome::Unfinished => (place(20), name),
        Outcome::Failed(FailureKind::Mismatch) => (40, "not as asked"),
        outcome if outcome.is_undecided() => (250, "open"),
        Outcome::Failed(FailureKind::NotFound) => (41, "not found"),
        outcome => {
            let code = Code::from(outcome);
            (code.number(), code.name())
        }
    }
}

/// What an ending leaves open, and how to wait for it.
fn revivable_text(revivable: &Revivable) -> String {
    let Revivable { provider, status, window } = revivable;
    let window = duration_text(*window);
    format!(
        "at {provider} the customer may try again under the same id for up to {window} after {status}: wait for that \
         with  --grace {window}  and a longer --timeout"
    )
}

/// The failures without duplicates, up to [`MAX_SHOWN`].
fn failures_text(failures: &[Arc<Failure>], paint: Paint) -> String {
    let mut seen = HashSet::new();
    let blocks = failures.iter().map(|one| failure(one, paint));
    let mut blocks = blocks.filter(|block| seen.insert(block.clone()));
    let mut text: String = blocks.by_ref().take(MAX_SHOWN).collect();
    let more = blocks.count();
    if more > 0 {
        let _ = writeln!(text, "{} and {more} more, about other targets", paint.bad("error:"));
    }
    text
}

/// What to do about the targets. A final status may be undecided because of `--grace` or `--expect`.
fn advice(undecided: &[Undecided]) -> String {
    let has_ended = |open: &Undecided| open.last.is_some_and(|(status, ..)| status.is_final());
    if undecided.iter().all(has_ended) {
        return "An ending was seen, but --grace or --expect left it undecided: look again before you \
                submit anything."
            .to_owned();
    }
    if undecided.iter().any(|open| !open.can_poll) {
        return "What was not heard is not known: without an access token nobody could be asked, and an \
                ending before or between is missed. Do not submit it again; look it up with a token, or in \
                the dashboard."
            .to_owned();
    }
    let unseen = undecided.iter().filter(|open| open.last.is_none()).count();
    match (undecided.len(), unseen) {
        (1, 0) => "It is NOT final and may still complete: do not submit it again.",
        (_, 0) => "They are NOT final and may still complete: do not submit them again.",
        (1, _) => {
            "What was not heard is not known: it may have ended, or may still complete. Do not submit it again \
             before you have looked it up."
        }
        (all, unseen) if all == unseen => {
            "What was not heard is not known: they may have ended, or may still complete. Do not submit them \
             again before you have looked them up."
        }
        _ => {
            "Those that were seen are NOT final and may still complete; what was not heard of the others is not \
             known. Do not submit any of them again before you have looked it up."
        }
    }
    .to_owned()
}

/// Why the command gave up. Targets that failed because of an outage are not counted: that has its own error.
fn headline(closing: &Closing) -> Option<String> {
    let outcomes = closing.undecided.iter().map(|open| open.outcome);
    let unreachable = Outcome::Failed(FailureKind::Unreachable);
    let open = outcomes.clone().filter(|outcome| *outcome != unreachable).count();
    let worst = outcomes.max_by_key(|outcome| Code::from(*outcome))?;
    let reason = stop_reason(worst, closing.elapsed)?;
    let targets = closing.summary.targets;
    let verb = if open == 1 { "is" } else { "are" };
    let is_known = |open: &Undecided| open.can_poll && open.last.is_some();
    let state =
        if closing.undecided.iter().all(is_known) { "not final" } else { "not known to be final" };
    Some(format!("{reason}: {open} of {} target{} {verb} {state}", targets, plural(targets)))
}

fn stop_reason(outcome: Outcome, elapsed: std::time::Duration) -> Option<String> {
    match outcome {
        Outcome::Failed(FailureKind::TimedOut) => {
            Some(format!("timed out after {}", duration_text(elapsed)))
        }
        Outcome::Failed(FailureKind::Interrupted(signal)) => Some(signal_text(signal).to_owned()),
        _ => None,
    }
}

/// What a signal did to the command.
pub(super) fn signal_text(signal: Signal) -> &'static str {
    match signal {
        Signal::HangUp => "hung up",
        Signal::Interrupt => "interrupted",
        Signal::Terminate => "terminated",
    }
}

fn last_seen(target: &Undecided) -> String {
    match target.last {
        Some((status, confirmed, held)) => format!(
            "{} was last seen {status} {} ago, unchanged for {}",
            target.target,
            duration_text(confirmed),
            duration_text(held)
        ),
        None => format!("{} was not seen at all", target.target),
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
