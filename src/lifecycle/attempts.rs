//! Several transactions under one id, such as the orders with one partner's reference: which of them counts.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::last_observation::compare;
use crate::provider::{Attempt, Report, Status};

/// The attempts under an id, as far as they are known. A completed one counts before all others; then one that runs;
/// then the newest ending. An ending counts only if no known attempt runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts {
    /// By the provider's id of the attempt.
    known: BTreeMap<String, KnownAttempt>,
    /// The attempt that counts.
    current: Option<Attempt>,
}

#[derive(Clone, Copy, Debug)]
struct KnownAttempt {
    status: Status,
    /// When the status was reached, by the provider's clock.
    reached_at: Option<Timestamp>,
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The attempt that counted before.
    Current,
    /// Another attempt, which counts from now on.
    Replaced,
    /// An attempt that does not count.
    Other,
}

impl Attempts {
    /// Takes note of a report's attempts. `shown` is the last accepted status of the attempt that counts. A response
    /// (`is_pull`) that says an attempt runs is believed even if a push said that it had ended: at worst another
    /// attempt's ending has to wait for the next response.
    pub(super) fn choose(
        &mut self,
        report: &Report,
        is_pull: bool,
        shown: Option<Status>,
        allows_reopen: fn(Status, Status) -> bool,
    ) -> Choice {
        let Some(attempt) = &report.attempt else {
            return Choice::Current;
        };
        let may_leave = |from, to| is_pull || allows_reopen(from, to);
        self.learn(&attempt.id, report.status, report.occurred_at, may_leave);
        for (id, status) in &attempt.others {
            self.learn(id, *status, None, may_leave);
        }
        let choice = self.judge(attempt, report.status, shown);
        if choice == Choice::Replaced {
            self.current = Some(attempt.clone());
        }
        choice
    }

    fn judge(&self, attempt: &Attempt, status: Status, shown: Option<Status>) -> Choice {
        let (Some(current), Some(shown)) = (&self.current, shown) else {
            return Choice::Replaced;
        };
        let is_current = current.id == attempt.id;
        let kept = if is_current { Choice::Current } else { Choice::Other };
        let replaced = if is_current { Choice::Current } else { Choice::Replaced };
        if shown == Status::Completed {
            return kept;
        }
        if status == Status::Completed {
            return replaced;
        }
        if status.is_final() {
            // The ending of this attempt does not end the others.
            return match (self.is_another_running(&attempt.id), shown.is_final()) {
                (true, _) => Choice::Other,
                (false, true) if !is_current && !is_newer(attempt, current) => Choice::Other,
                (false, _) => replaced,
            };
        }
        let is_newer = current.created_at <= attempt.created_at;
        if !self.has_ended(&attempt.id)
            && (shown.is_final() || self.has_ended(&current.id) || is_newer)
        {
            replaced
        } else {
            kept
        }
    }

    fn has_ended(&self, id: &str) -> bool {
        self.known.get(id).is_some_and(|attempt| attempt.status.is_final())
    }

    fn learn(
        &mut self,
        id: &str,
        status: Status,
        reached_at: Option<Timestamp>,
        may_leave: impl Fn(Status, Status) -> bool,
    ) {
        let learnt = KnownAttempt { status, reached_at };
        let Some(known) = self.known.get_mut(id) else {
            self.known.insert(id.to_owned(), learnt);
            return;
        };
        let is_older = reached_at
            .zip(known.reached_at)
            .is_some_and(|(new, old)| compare(new, old) == Ordering::Less);
        let is_left = !known.status.is_final() || may_leave(known.status, status);
        if !is_older && is_left {
            *known = KnownAttempt { reached_at: reached_at.or(known.reached_at), ..learnt };
        }
    }

    fn is_another_running(&self, id: &str) -> bool {
        let mut others = self.known.iter().filter(|(other, _)| *other != id);
        others.any(|(_, attempt)| !attempt.status.is_final())
    }
}

/// Whether the first attempt is known to be newer than the second.
fn is_newer(one: &Attempt, other: &Attempt) -> bool {
    one.created_at.zip(other.created_at).is_some_and(|(one, other)| one > other)
}

#[cfg(test)]
#[path = "attempts_tests.rs"]
mod tests;
