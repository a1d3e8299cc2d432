//! The last words on stderr: what went wrong, what is not final, and how to go on.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use super::words::{hint, span};
use super::{Paint, clean};
use crate::error::{Failure, FailureKind, Signal};
use crate::event::{Closing, Conclusion, Outcome, Undecided};
use crate::exit::Code;

/// How many targets are named, and how many errors are told; all of them are in the records.
const MAX_SHOWN: usize = 100;

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

/// What is left to say when a command has ended. `resume` makes the command that goes on with the
/// targets it is given.
pub fn closing_report(
    closing: &Closing,
    resume: impl Fn(&[&str]) -> String,
    paint: Paint,
) -> String {
    let mut text = problems(&closing.failures, paint);
    if closing.undecided.is_empty() {
        if let Conclusion::Stopped(outcome) = closing.summary.conclusion
            && let Some(what) = gave_up(outcome, closing.elapsed)
        {
            let _ = writeln!(text, "{} {what}: no order is open", paint.bad("error:"));
        }
        return text;
    }
    if let Some(headline) = headline(closing) {
        let _ = writeln!(text, "{} {headline}", paint.bad("error:"));
        for trouble in &closing.ongoing_problems {
            let _ = writeln!(text, "caused by: {}", clean(trouble));
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
    let (what, targets) = if closing.account {
        ("resume with", Vec::new())
    } else if more > 0 {
        ("resume with their names, which stdout has, on standard input:", vec!["-"])
    } else {
        ("resume with", closing.undecided.iter().map(|open| &*open.target).collect())
    };
    let _ = writeln!(text, "{} {what}  {}", paint.hint("hint:"), resume(&targets));
    text
}

/// Each only once, and not all of very many.
fn problems(failures: &[Arc<Failure>], paint: Paint) -> String {
    let mut seen = HashSet::new();
    let blocks = failures.iter().map(|problem| failure(problem, paint));
    let mut blocks = blocks.filter(|block| seen.insert(block.clone()));
    let mut text: String = blocks.by_ref().take(MAX_SHOWN).collect();
    let more = blocks.count();
    if more > 0 {
        let _ = writeln!(text, "{} and {more} more, about other targets", paint.bad("error:"));
    }
    text
}

/// An ending may have been seen and not be decided: `--grace` held it, or `--expect` was not answered.
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
    match undecided.len() {
        1 => "It is NOT final and may still complete: do not submit it again.".to_owned(),
        _ => "They are NOT final and may still complete: do not submit them again.".to_owned(),
    }
}

/// An outage has had its own error line.
fn headline(closing: &Closing) -> Option<String> {
    let outcomes = closing.undecided.iter().map(|open| open.outcome);
    let unreachable = Outcome::Failed(FailureKind::Unreachable);
    let open = outcomes.clone().filter(|outcome| *outcome != unreachable).count();
    let worst = outcomes.max_by_key(|outcome| Code::from(*outcome))?;
    let what = gave_up(worst, closing.elapsed)?;
    let targets = closing.summary.targets;
    let are = match open {
        1 => "is",
        _ => "are",
    };
    let not = if closing.undecided.iter().all(|open| open.can_poll) {
        "not final"
    } else {
        "not known to be final"
    };
    Some(format!("{what}: {open} of {} target{} {are} {not}", targets, plural(targets)))
}

fn gave_up(outcome: Outcome, elapsed: std::time::Duration) -> Option<String> {
    match outcome {
        Outcome::Failed(FailureKind::TimedOut) => {
            Some(format!("timed out after {}", span(elapsed)))
        }
        Outcome::Failed(FailureKind::Interrupted(Signal::Interrupt)) => {
            Some("interrupted".to_owned())
        }
        Outcome::Failed(FailureKind::Interrupted(Signal::Terminate)) => {
            Some("terminated".to_owned())
        }
        _ => None,
    }
}

fn last_seen(target: &Undecided) -> String {
    match target.last {
        Some((status, confirmed, held)) => format!(
            "{} was last seen {status} {} ago, unchanged for {}",
            target.target,
            span(confirmed),
            span(held)
        ),
        None => format!("{} was not seen at all", target.target),
    }
}

fn plural(count: usize) -> &'static str {
    match count {
        1 => "",
        _ => "s",
    }
}
