//! The fold of a target's observations into its status and record.

use std::cmp::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::Goal;
use super::attempts::{Attempts, Choice};
use crate::provider::{Report, Status, Transaction};

/// Where an observation came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A message on a push connection.
    Push,
    /// The response to a request.
    Pull,
}

/// A report with its source and time.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The report.
    pub report: Report,
    /// The source of the report.
    pub source: Source,
    /// From the start of the command to the arrival of a push, or to the request of a pull: a slow response does
    /// not override a push that arrived meanwhile.
    pub at: Duration,
}

/// The effect of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The status changed, or is the first one.
    Changed,
    /// The status is the same; new fields of the record were taken over.
    Same,
    /// The observation is older than the last accepted one, and was dropped.
    Stale,
    /// The last status is final and cannot be reopened like this; the observation was dropped.
    Sticky,
    /// The observation is about an attempt that does not count, and was dropped.
    OtherAttempt,
}

/// The rules by which a target is decided.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The statuses that count as success.
    pub goal: Goal,
    /// How long after it was observed a bad ending is accepted.
    pub grace: Duration,
    /// Whether the first status, which is final, can be followed by the second.
    pub allows_reopen: fn(Status, Status) -> bool,
    /// Whether the first status is never followed by the second, whatever the times say.
    pub forbids_transition: fn(Status, Status) -> bool,
}

/// How a target ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The goal was reached.
    Reached,
    /// A final status from which the goal cannot be reached.
    Missed(Status),
}

/// Whether a target is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Not settled.
    Open,
    /// A bad ending within the grace period, which ends at this time of the command.
    Held(Duration),
    /// Settled.
    Settled(Ending),
}

/// The state of a target: the last accepted observation and the merged record.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    attempts: Attempts,
    last: Option<LastObservation>,
    record: Transaction,
}

#[derive(Clone, Debug)]
struct LastObservation {
    status: Status,
    provider_status: String,
    detail: Option<String>,
    /// When the status was first observed, as time of the command.
    since: Duration,
    /// When an observation was last accepted, as time of the command.
    confirmed: Duration,
    /// The newest provider time accepted so far.
    provider_time: Option<Timestamp>,
    /// Whether the last observation carried a provider time.
    has_provider_time: bool,
}

impl Tracker {
    /// Applies an observation.
    pub fn observe(&mut self, observation: &Observation, rules: &Rules) -> Verdict {
        let is_pull = observation.source == Source::Pull;
        let shown = self.status();
        match self.attempts.choose(&observation.report, is_pull, shown, rules.allows_reopen) {
            Choice::Current => {}
            Choice::Replaced => {
                let attempts = std::mem::take(&mut self.attempts);
                *self = Tracker { attempts, ..Tracker::default() };
            }
            Choice::Other => return Verdict::OtherAttempt,
        }
        let verdict = self.judge(observation, rules);
        if matches!(verdict, Verdict::Changed | Verdict::Same) {
            self.accept(observation, verdict);
        }
        verdict
    }

    fn judge(&self, observation: &Observation, rules: &Rules) -> Verdict {
        let Some(last) = &self.last else {
            return Verdict::Changed;
        };
        let report = &observation.report;
        let order = last.order(observation);
        if order == Ordering::Less || (rules.forbids_transition)(last.status, report.status) {
            return Verdict::Stale;
        }
        if report.provider_status == last.provider_status && report.status == last.status {
            return Verdict::Same;
        }
        if last.status.is_final() {
            let is_reopened =
                order == Ordering::Greater && (rules.allows_reopen)(last.status, report.status);
            return if is_reopened { Verdict::Changed } else { Verdict::Sticky };
        }
        if order == Ordering::Equal && report.status.rank() <= last.status.rank() {
            return Verdict::Stale;
        }
        Verdict::Changed
    }

    fn accept(&mut self, observation: &Observation, verdict: Verdict) {
        let report = &observation.report;
        self.record.merge(&report.transaction);
        let before = self.last.take();
        let provider_time = before.as_ref().and_then(|last| last.provider_time);
        let since = match (verdict, &before) {
            (Verdict::Same, Some(last)) => last.since,
            _ => observation.at,
        };
        let confirmed = before.map_or(observation.at, |last| last.confirmed.max(observation.at));
        self.last = Some(LastObservation {
            status: report.status,
            provider_status: report.provider_status.clone(),
            detail: report.detail.clone(),
            since,
            confirmed,
            provider_time: provider_time.max(report.occurred_at),
            has_provider_time: report.occurred_at.is_some(),
        });
    }

    /// Whether the target is settled at this time of the command.
    pub fn decide(&self, now: Duration, rules: &Rules) -> Decision {
        let Some(last) = &self.last else {
            return Decision::Open;
        };
        if last.status.is_bad_ending() && !rules.grace.is_zero() {
            let grace_ends = last.since.saturating_add(rules.grace);
            if now < grace_ends {
                return Decision::Held(grace_ends);
            }
        }
        if rules.goal.is_met_by(last.status) {
            return Decision::Settled(Ending::Reached);
        }
        if last.status.is_final() {
            Decision::Settled(Ending::Missed(last.status))
        } else {
            Decision::Open
        }
    }

    /// The last accepted status; none until the first observation.
    pub fn status(&self) -> Option<Status> {
        self.last.as_ref().map(|last| last.status)
    }

    /// The last accepted status, as the provider writes it.
    pub fn provider_status(&self) -> Option<&str> {
        self.last.as_ref().map(|last| last.provider_status.as_str())
    }

    /// The phrase that explains it.
    pub fn detail(&self) -> Option<&str> {
        self.last.as_ref()?.detail.as_deref()
    }

    /// When the status was first observed, as time of the command.
    pub fn since(&self) -> Option<Duration> {
        self.last.as_ref().map(|last| last.since)
    }

    /// The latest time in the provider's reports.
    pub fn provider_time(&self) -> Option<Timestamp> {
        self.last.as_ref()?.provider_time
    }

    /// When the status was last confirmed, as time of the command.
    pub fn confirmed(&self) -> Option<Duration> {
        self.last.as_ref().map(|last| last.confirmed)
    }

    /// The merged record.
    pub fn record(&self) -> &Transaction {
        &self.record
    }
}

impl LastObservation {
    /// Compares an observation's time with that of the last accepted one: by the provider's clock if both have such
    /// a time, else by the command's. Times of the two clocks are never compared with each other.
    fn order(&self, observation: &Observation) -> Ordering {
        match (observation.report.occurred_at, self.provider_time) {
            (Some(reported), Some(known)) => match compare(reported, known) {
                Ordering::Greater | Ordering::Equal if !self.has_provider_time => {
                    observation.at.cmp(&self.confirmed)
                }
                order => order,
            },
            _ => observation.at.cmp(&self.confirmed),
        }
    }
}

/// Compares two times of a provider at the coarser of their precisions: a REST response rounded to seconds is not
/// older than a push with milliseconds.
fn compare(one: Timestamp, other: Timestamp) -> Ordering {
    if one.subsec_nanosecond() == 0 || other.subsec_nanosecond() == 0 {
        one.as_second().cmp(&other.as_second())
    } else {
        one.cmp(&other)
    }
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
