//! The fold: what one target's observations amount to.

use std::cmp::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::Goal;
use crate::provider::{Attempt, Report, Status, Transaction};

/// Where an observation came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The provider sent it.
    Push,
    /// We asked for it.
    Pull,
}

/// A report, with how and when it reached us.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The report.
    pub report: Report,
    /// How it reached us.
    pub source: Source,
    /// The time of the command that it counts for: of a push its arrival, of a pull the moment it was
    /// asked, so that a slow answer never overtakes a push that arrived meanwhile.
    pub at: Duration,
}

/// What the fold made of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The status changed, or is the first one.
    Changed,
    /// The same word again: the record may have become richer.
    Same,
    /// Older than what is known already; dropped.
    Stale,
    /// The target has ended, and this is no revival that the provider documents; dropped.
    Sticky,
}

/// What decides a target, besides its observations.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What counts as success.
    pub goal: Goal,
    /// How long a bad ending is held before it is believed.
    pub grace: Duration,
    /// Whether the provider documents that the first status can be followed by the second.
    pub allows_reopen: fn(Status, Status) -> bool,
    /// Whether the provider excludes that the first status is followed by the second, however new that
    /// seems.
    pub forbids_transition: fn(Status, Status) -> bool,
}

/// How a target ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The goal was reached.
    Reached,
    /// An ending from which the goal cannot be reached.
    Missed(Status),
}

/// Whether a target is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Still going on.
    Open,
    /// A bad ending, held until this time of the command.
    Held(Duration),
    /// Done.
    Settled(Ending),
}

/// One target's state: the last accepted observation and the merged record.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    attempt: Option<Attempt>,
    last: Option<Last>,
    record: Transaction,
}

#[derive(Clone, Debug)]
struct Last {
    status: Status,
    provider_status: String,
    detail: Option<String>,
    /// When the status was first observed, as time of the command.
    since: Duration,
    /// When an observation was last accepted, as time of the command.
    confirmed: Duration,
    /// The newest provider time accepted so far.
    clock: Option<Timestamp>,
    /// Whether the last observation carried a provider time.
    timed: bool,
}

impl Tracker {
    /// Takes one observation in.
    pub fn observe(&mut self, observation: &Observation, rules: &Rules) -> Verdict {
        if let Some(attempt) = &observation.report.attempt {
            match &self.attempt {
                Some(known) if known.id == attempt.id => {}
                // What becomes of an attempt that was given up is no word about the newest.
                Some(known) if known.created_at > attempt.created_at => return Verdict::Stale,
                _ => *self = Tracker { attempt: Some(attempt.clone()), ..Tracker::default() },
            }
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
            let revived =
                order == Ordering::Greater && (rules.allows_reopen)(last.status, report.status);
            return if revived { Verdict::Changed } else { Verdict::Sticky };
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
        let clock = before.as_ref().and_then(|last| last.clock);
        let since = match (verdict, &before) {
            (Verdict::Same, Some(last)) => last.since,
            _ => observation.at,
        };
        let confirmed = before.map_or(observation.at, |last| last.confirmed.max(observation.at));
        self.last = Some(Last {
            status: report.status,
            provider_status: report.provider_status.clone(),
            detail: report.detail.clone(),
            since,
            confirmed,
            clock: clock.max(report.occurred_at),
            timed: report.occurred_at.is_some(),
        });
    }

    /// Whether the target is settled at this time of the command.
    pub fn decide(&self, now: Duration, rules: &Rules) -> Decision {
        let Some(last) = &self.last else {
            return Decision::Open;
        };
        if last.status.is_bad_ending() && !rules.grace.is_zero() {
            let believed = last.since.saturating_add(rules.grace);
            if now < believed {
                return Decision::Held(believed);
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

    /// The last accepted status, if the target was ever seen.
    pub fn status(&self) -> Option<Status> {
        self.last.as_ref().map(|last| last.status)
    }

    /// The provider's word for it.
    pub fn provider_status(&self) -> Option<&str> {
        self.last.as_ref().map(|last| last.provider_status.as_str())
    }

    /// The sentence that came with it.
    pub fn detail(&self) -> Option<&str> {
        self.last.as_ref()?.detail.as_deref()
    }

    /// When the status was first observed, as time of the command.
    pub fn since(&self) -> Option<Duration> {
        self.last.as_ref().map(|last| last.since)
    }

    /// The newest time that the provider gave.
    pub fn clock(&self) -> Option<Timestamp> {
        self.last.as_ref()?.clock
    }

    /// When the status was last confirmed, as time of the command.
    pub fn confirmed(&self) -> Option<Duration> {
        self.last.as_ref().map(|last| last.confirmed)
    }

    /// Everything known about the transaction.
    pub fn record(&self) -> &Transaction {
        &self.record
    }
}

impl Last {
    /// How an observation lies in time to the last accepted one: by the provider's clock where both
    /// carry it, else by our own. The two clocks are never compared with each other.
    fn order(&self, observation: &Observation) -> Ordering {
        match (observation.report.occurred_at, self.clock) {
            (Some(theirs), Some(known)) => match compare(theirs, known) {
                Ordering::Greater | Ordering::Equal if !self.timed => {
                    observation.at.cmp(&self.confirmed)
                }
                order => order,
            },
            _ => observation.at.cmp(&self.confirmed),
        }
    }
}

/// Two times of a provider, as precisely as the coarser of them: what REST rounds to a second is not
/// older than what a push told with its milliseconds.
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
