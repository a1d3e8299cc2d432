//! The fold of a target's observations into its status and record.

use std::cmp::Ordering;
use std::time::Duration;

use jiff::Timestamp;

use super::Goal;
use super::attempts::{Attempts, Choice};
use super::contested::Contested;
use super::last_observation::LastObservation;
use super::observation::{Observation, Source};
use super::passed::PassedStatuses;
use crate::provider::{Status, Transaction};

/// How far apart the clocks of a provider's servers are assumed to be at most, if there are only pushes.
const MAX_SKEW: Duration = Duration::from_secs(60);
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
    /// An ending that is older than the last push by the provider's clock, although it was requested after that push, or
    /// is a push of nearly the same time: one of the provider's clocks may be wrong. It was dropped; a response
    /// is believed if a later one repeats it.
    Contested,
    /// The status changed to one that was contested before, and was repeated.
    Believed,
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
    /// The statuses accepted so far.
    passed: PassedStatuses,
    /// A status of which it is open whether it is believed.
    contested: Option<Contested>,
    /// The provider's time of the last final status that was reopened. Lagging servers may repeat it.
    reopened: Option<Timestamp>,
    record: Transaction,
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
        match verdict {
            Verdict::Changed | Verdict::Same => self.accept(observation, verdict),
            Verdict::Believed => self.believe(observation),
            Verdict::Contested => self.contest(observation),
            Verdict::Stale if is_pull => self.contested = None,
            Verdict::Stale | Verdict::Sticky | Verdict::OtherAttempt => {}
        }
        verdict
    }

    /// Judges an observation of the current attempt.
    fn judge(&self, observation: &Observation, rules: &Rules) -> Verdict {
        let Some(last) = &self.last else {
            return Verdict::Changed;
        };
        let report = &observation.report;
        if self.passed.any(|passed| (rules.forbids_transition)(passed, report.status)) {
            return Verdict::Stale;
        }
        let order = last.order(observation);
        if order == Ordering::Less {
            return self.judge_older(last, observation, rules);
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

    /// Judges an observation that is older than the last accepted one.
    fn judge_older(
        &self,
        last: &LastObservation,
        observation: &Observation,
        rules: &Rules,
    ) -> Verdict {
        let report = &observation.report;
        let is_ending = report.status.is_final()
            && (!last.status.is_final() || (rules.allows_reopen)(last.status, report.status));
        if !is_ending || self.is_reopened(observation) {
            return Verdict::Stale;
        }
        let is_contested = match observation.source {
            Source::Pull => last.clock == Source::Push && observation.at > last.confirmed,
            Source::Push => last.age_of(observation).is_some_and(|age| age <= MAX_SKEW),
        };
        match &self.contested {
            _ if !is_contested => Verdict::Stale,
            Some(contested) if contested.is_repeated_by(observation) => Verdict::Believed,
            _ => Verdict::Contested,
        }
    }

    /// Whether an ending was reopened already.
    fn is_reopened(&self, observation: &Observation) -> bool {
        self.reopened.is_some() && observation.report.occurred_at <= self.reopened
    }

    fn contest(&mut self, observation: &Observation) {
        let is_same = |contested: &Contested| contested.is_status_of(observation);
        if observation.source == Source::Pull && !self.contested.as_ref().is_some_and(is_same) {
            self.contested = Some(Contested::new(observation));
        }
    }

    /// Whether a status is contested, so that another lookup has to decide.
    pub fn is_contested(&self) -> bool {
        self.contested.is_some()
    }

    /// Accepts an observation whatever the provider's clock says, which counts from it anew.
    pub fn believe(&mut self, observation: &Observation) {
        if let Some(last) = &mut self.last {
            last.provider_time = None;
        }
        self.accept(observation, Verdict::Changed);
    }

    fn accept(&mut self, observation: &Observation, verdict: Verdict) {
        let report = &observation.report;
        self.record.merge(&report.transaction);
        self.passed.insert(report.status);
        self.contested = None;
        let before = self.last.take();
        if let Some(last) = &before
            && last.status.is_final()
            && verdict == Verdict::Changed
        {
            self.reopened = last.provider_time;
        }
        let provider_time = before.as_ref().and_then(|last| last.provider_time);
        let clock = match &before {
            Some(last) if provider_time >= report.occurred_at => last.clock,
            _ => observation.source,
        };
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
            clock,
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

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
