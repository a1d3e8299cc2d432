//! How targets and the command end.

use std::sync::Arc;
use std::time::Duration;

use super::target::Ended;
use super::timer_queue::Timer;
use super::{Engine, ProfileId, TargetId, whole_seconds};
use crate::engine::plan::Mode;
use crate::error::{Failure, FailureKind};
use crate::event::{Closing, Conclusion, Event, Held, Outcome, Summary};
use crate::lifecycle::{Decision, Ending, Expectation, Observation, Source};
use crate::provider::{Report, Status};
use crate::warning::WarningCode;

/// How many failures are kept for the closing report of an account, which may run for a long time.
const MAX_ACCOUNT_FAILURES: usize = 1_000;

impl Engine {
    /// Settles a target if its status decides it.
    pub(super) fn decide(&mut self, target: TargetId) {
        let Some(state) = self.targets.open(target) else {
            return;
        };
        let rules = &self.profiles[state.profile].rules;
        match state.tracker.decide(self.now.elapsed, rules) {
            Decision::Settled(Ending::Reached) if state.awaiting_confirmation => {}
            // It may reopen what would be the end.
            Decision::Settled(_) if state.held_push.is_some() => {}
            Decision::Settled(ending) => self.ended(target, ending),
            Decision::Held(_) | Decision::Open if self.plan.mode.is_get() => {
                self.settle(target, Outcome::Unfinished, None);
            }
            Decision::Held(until) => {
                if self.targets[target].grace_ends.replace(until) != Some(until) {
                    self.timers.add(until, Timer::Grace(target));
                }
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
    pub(super) fn reached(&mut self, target: TargetId, observation: &Observation) {
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

    /// Settles a target with a failure, which is returned.
    pub(super) fn fail(&mut self, target: TargetId, failure: Failure) -> Arc<Failure> {
        let (outcome, reason) = (Outcome::Failed(failure.kind()), failure.to_string());
        let failure = Arc::new(failure);
        self.record_failure(failure.clone());
        self.settle(target, outcome, Some(reason));
        failure
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
        // Those of single targets are no news beside it.
        let replaced = self.profiles[profile].health.take_failures(failure.kind());
        self.failures.retain(|one| !replaced.iter().any(|other| Arc::ptr_eq(one, other)));
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
        self.tally.settle(outcome, self.targets[target].tracker.status());
        self.profiles[self.targets[target].profile].open_targets -= 1;
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
        let endings = self.tally.endings().clone();
        Summary { conclusion, targets: self.tally.known(), outcomes, endings }
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
            revivable: match conclusion {
                Conclusion::AnyReached => Vec::new(),
                _ => self.revivable(),
            },
            account: self.plan.account,
            elapsed: now,
        }
    }
}
