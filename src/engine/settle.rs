//! Observations of targets, and how targets and the command end.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::target::Ended;
use super::timer_queue::Timer;
use super::{Engine, ProfileId, TargetId, whole_seconds};
use crate::engine::plan::Mode;
use crate::error::{Failure, FailureKind};
use crate::event::{Change, Closing, Conclusion, Event, Held, Outcome, Summary};
use crate::lifecycle::{Decision, Ending, Expectation, Observation, Source, Verdict};
use crate::provider::{Report, Status, remove_personal_data};
use crate::warning::WarningCode;

/// How many failures are kept for the closing report of an account, which may run for a long time.
const MAX_ACCOUNT_FAILURES: usize = 1_000;

/// When the previous status was observed, as time of the command, and by the provider's clock.
type Previous = (Duration, Option<Timestamp>);

impl Engine {
    pub(super) fn observe(&mut self, target: TargetId, mut observation: Observation) {
        let profile = self.targets[target].profile;
        if !self.plan.show_personal
            && let Some(data) = &mut observation.report.data
        {
            let spec = self.plan.profiles[profile].provider.spec();
            remove_personal_data(data, &spec.personal);
        }
        let rules = &self.profiles[profile].rules;
        let state = &mut self.targets[target];
        let before = state.tracker.since().map(|since| (since, state.tracker.provider_time()));
        let verdict = state.tracker.observe(&observation, rules);
        state.awaiting_confirmation &= verdict != Verdict::Changed;
        // The response of a lookup that confirms a push may have the time of that push.
        let confirms = state.awaiting_confirmation
            && observation.source == Source::Pull
            && state.tracker.status() == Some(observation.report.status);
        match verdict {
            Verdict::Changed => self.changed(target, &mut observation, before),
            Verdict::Stale if observation.report.status.is_final() && !confirms => {
                self.stale_ending(target, &observation);
            }
            Verdict::Same | Verdict::Stale | Verdict::Sticky => {}
        }
        let is_about_now = matches!(verdict, Verdict::Changed | Verdict::Same) || confirms;
        // Expectations are checked on this report, not on an earlier one.
        if let Some(warning) = observation.report.warning.take() {
            self.warn_once(target, warning.code, warning.message);
        }
        let state = &self.targets[target];
        match state.tracker.decide(self.now.elapsed, &self.profiles[profile].rules) {
            Decision::Settled(Ending::Reached) if is_about_now => {
                self.reached(target, &observation);
            }
            _ => self.decide(target),
        }
    }

    /// A final status that is older than the last accepted one is not accepted, but leads to a lookup or a warning.
    fn stale_ending(&mut self, target: TargetId, observation: &Observation) {
        let status = observation.report.status;
        match observation.source {
            Source::Push => {
                self.look_up(target);
                if !self.can_poll(self.targets[target].profile) {
                    let message = format!(
                        "a push says {status}, but by the provider's own clock it is older than the one before; \
                         it is not believed, and cannot be checked without an access token"
                    );
                    self.warn_once(target, WarningCode::StalePush, message);
                }
            }
            // If it was requested before the last push arrived, the response to another request is newer. Otherwise
            // the provider contradicts itself, and is asked again as usual.
            Source::Pull if observation.report.occurred_at.is_none() => {
                if self.targets[target].tracker.confirmed() > Some(observation.at) {
                    self.look_up(target);
                }
            }
            Source::Pull => {
                let message = format!(
                    "an answer says {status}, but by the provider's own clock it is older than the last push; \
                     it is not believed"
                );
                self.warn_once(target, WarningCode::StaleAnswer, message);
            }
        }
    }

    fn changed(
        &mut self,
        target: TargetId,
        observation: &mut Observation,
        before: Option<Previous>,
    ) {
        // Only expectations need it after this.
        let data = if self.plan.expectations.is_empty() {
            observation.report.data.take()
        } else {
            observation.report.data.clone()
        };
        let state = &self.targets[target];
        let report = &observation.report;
        let change = Change {
            name: state.name.clone(),
            status: report.status,
            provider_status: report.provider_status.clone(),
            source: observation.source,
            occurred_at: report.occurred_at,
            elapsed: self.now.elapsed.saturating_sub(state.since),
            since_previous: before.map(|before| elapsed_since(before, observation)),
            detail: report.detail.clone(),
            history: report.history.clone(),
            record: state.tracker.record().clone(),
            data,
        };
        self.emit(Event::Status(change));
        self.last_shown = self.now.elapsed;
        if report.status == Status::Unknown {
            let message = format!(
                "'{}' is a status that txwatch does not know; it is neither an end nor a success here",
                report.provider_status
            );
            self.warn_once(target, WarningCode::UnknownStatus, message);
        }
    }

    /// Settles a target if its status decides it.
    pub(super) fn decide(&mut self, target: TargetId) {
        let Some(state) = self.targets.open(target) else {
            return;
        };
        let rules = &self.profiles[state.profile].rules;
        match state.tracker.decide(self.now.elapsed, rules) {
            Decision::Settled(Ending::Reached) if state.awaiting_confirmation => {}
            Decision::Settled(ending) => self.ended(target, ending),
            Decision::Held(_) | Decision::Open if self.plan.mode.is_get() => {
                self.settle(target, Outcome::Unfinished, None);
            }
            Decision::Held(until) => {
                self.timers.add(until, Timer::Grace(target));
                self.emit_held(target, until);
            }
            Decision::Open => {}
        }
    }

    fn emit_held(&mut self, target: TargetId, until: Duration) {
        let state = &mut self.targets[target];
        if let Some(status) = state.tracker.status()
            && state.is_first_warning(WarningCode::Held)
        {
            let remaining = whole_seconds(until.saturating_sub(self.now.elapsed));
            let held = Held { target: state.name.target.clone(), status, remaining };
            self.emit(Event::Held(held));
        }
    }

    /// The goal is reached: checks the expectations on the report that reached it. A field may be missing in a push
    /// and present in the response to a lookup, so that is awaited first.
    fn reached(&mut self, target: TargetId, observation: &Observation) {
        let report: &Report = &observation.report;
        let expectations = &self.plan.expectations;
        let lacks = |expectation: &Expectation| !expectation.finds(&report.transaction, report);
        let can_poll = self.can_poll(self.targets[target].profile);
        if can_poll && observation.source == Source::Push && expectations.iter().any(lacks) {
            return self.await_confirmation(target);
        }
        let check = |expectation: &Expectation| expectation.check(&report.transaction, report);
        match expectations.iter().find_map(|expectation| check(expectation).err()) {
            None => self.settle(target, Outcome::Reached, None),
            Some(reason) => self.mismatch(target, reason),
        }
    }

    /// The expectations are checked on the result of a lookup.
    fn await_confirmation(&mut self, target: TargetId) {
        self.targets[target].awaiting_confirmation = true;
        self.look_up(target);
    }

    /// A target was decided without a new report, as at the end of the grace period.
    fn ended(&mut self, target: TargetId, ending: Ending) {
        match ending {
            Ending::Reached if self.plan.expectations.is_empty() => {
                self.settle(target, Outcome::Reached, None);
            }
            Ending::Reached if self.can_poll(self.targets[target].profile) => {
                self.await_confirmation(target);
            }
            Ending::Reached => {
                let reason = "what is expected could not be asked for without an access token";
                self.mismatch(target, reason.to_owned());
            }
            Ending::Missed(Status::Completed) => {
                let reason = format!("the goal was {}", self.plan.goal);
                self.mismatch(target, reason);
            }
            Ending::Missed(status) => self.settle(target, Outcome::Missed(status), None),
        }
    }

    /// It completed, but an expectation does not hold or another status was the goal.
    fn mismatch(&mut self, target: TargetId, reason: String) {
        let status = self.targets[target].tracker.status().unwrap_or(Status::Unknown);
        let name = &self.targets[target].name.target;
        let message = format!("{name} {status}, but not as asked: {reason}");
        let failure = Failure::new(FailureKind::Mismatch, message);
        let outcome = Outcome::Failed(failure.kind());
        self.record_failure(Arc::new(failure));
        self.settle(target, outcome, Some(reason));
    }

    /// Settles a target with a failure.
    pub(super) fn fail(&mut self, target: TargetId, failure: Failure) {
        let (outcome, reason) = (Outcome::Failed(failure.kind()), failure.to_string());
        self.record_failure(Arc::new(failure));
        self.settle(target, outcome, Some(reason));
    }

    /// Keeps a failure for the closing report.
    fn record_failure(&mut self, failure: Arc<Failure>) {
        if !self.plan.account || self.failures.len() < MAX_ACCOUNT_FAILURES {
            self.failures.push(failure);
        }
    }

    /// Settles all open targets of a profile with a failure.
    pub(super) fn fail_profile(&mut self, profile: ProfileId, failure: Failure) {
        let (outcome, reason) = (Outcome::Failed(failure.kind()), failure.to_string());
        self.failures.push(Arc::new(failure));
        for target in self.open_targets_of(profile) {
            self.settle(target, outcome, Some(reason.clone()));
        }
        if self.plan.account {
            self.conclude(Conclusion::Stopped(outcome));
        }
    }

    /// Settles all open targets.
    pub(super) fn stop(&mut self, kind: FailureKind) {
        let outcome = Outcome::Failed(kind);
        self.settle_all(outcome);
        if self.plan.account {
            self.conclude(Conclusion::Stopped(outcome));
        }
    }

    fn settle_all(&mut self, outcome: Outcome) {
        let open: Vec<TargetId> = self.targets.all_open().map(|(id, _)| id).collect();
        for target in open {
            self.settle(target, outcome, None);
        }
    }

    /// Settles a target, unless it is settled already.
    pub(super) fn settle(&mut self, target: TargetId, outcome: Outcome, reason: Option<String>) {
        let at = self.now.elapsed;
        if !self.targets[target].end(outcome, at) {
            return;
        }
        self.tally.settle(outcome);
        self.release_link(target);
        let result = self.targets[target].result(Ended { outcome, at }, reason);
        self.emit(Event::Result(result));
        if self.plan.any && outcome == Outcome::Reached {
            self.settle_all(Outcome::Unfinished);
            if self.plan.account {
                self.conclude(Conclusion::AnyReached);
            }
        }
        if self.plan.account {
            self.order_ended(target);
        } else if self.tally.open() == 0 {
            self.conclude(self.conclusion_of_all());
        }
    }

    /// The conclusion once all targets are settled.
    fn conclusion_of_all(&self) -> Conclusion {
        if self.plan.any && self.tally.reached() > 0 {
            Conclusion::AnyReached
        } else if self.plan.mode == (Mode::Get { exit_status: false }) {
            Conclusion::LookedUpOnce
        } else {
            Conclusion::AllSettled
        }
    }

    /// Ends the command.
    fn conclude(&mut self, conclusion: Conclusion) {
        if self.conclusion.is_none() {
            self.conclusion = Some(conclusion);
            self.warn_of_malformed();
            self.emit(Event::Summary(self.summary(conclusion)));
        }
    }

    fn summary(&self, conclusion: Conclusion) -> Summary {
        let outcomes = self.tally.outcomes().clone();
        Summary { conclusion, targets: self.tally.known(), outcomes }
    }

    /// The data of the closing report of a command that ended with this conclusion.
    pub fn closing(&self, conclusion: Conclusion) -> Closing {
        let now = self.now.elapsed;
        let undecided = self
            .targets
            .iter()
            .filter_map(|(_, target)| target.undecided(self.can_poll(target.profile), now));
        Closing {
            summary: self.summary(conclusion),
            failures: self.failures.clone(),
            ongoing_problems: self.ongoing_problems(),
            undecided: match conclusion {
                Conclusion::AnyReached => Vec::new(),
                _ => undecided.collect(),
            },
            account: self.plan.account,
            elapsed: now,
        }
    }
}

/// How long the previous status lasted: by the provider's clock if both times are known, else by the command's.
fn elapsed_since((since, clock): Previous, observation: &Observation) -> Duration {
    let times = observation.report.occurred_at.zip(clock);
    let elapsed = times.and_then(|(now, then)| Duration::try_from(now.duration_since(then)).ok());
    elapsed.unwrap_or_else(|| observation.at.saturating_sub(since))
}
