//! Taking reports in, and coming to an end.

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

/// How many failures of an account's orders are kept, for they never end.
const MAX_ACCOUNT_FAILURES: usize = 1_000;

/// When the status before was observed, and the provider's time then.
type Before = (Duration, Option<Timestamp>);

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
        // A lookup that was made to confirm a push need not be newer than that push.
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
        // With the report at hand, so that an expectation can look into it.
        let state = &self.targets[target];
        match state.tracker.decide(self.now.elapsed, &self.profiles[profile].rules) {
            Decision::Settled(Ending::Reached) if is_about_now => {
                self.reached(target, &observation);
            }
            _ => self.decide(target),
        }
    }

    /// An ending that looks old is not believed. It is a reason to look, or at least to say so.
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
            // Asked before the last push came; asked again, the answer is the newer one.
            Source::Pull if observation.report.occurred_at.is_none() => self.look_up(target),
            Source::Pull => {
                let message = format!(
                    "an answer says {status}, but by the provider's own clock it is older than the last push; \
                     it is not believed"
                );
                self.warn_once(target, WarningCode::StaleAnswer, message);
            }
        }
    }

    fn changed(&mut self, target: TargetId, observation: &mut Observation, before: Option<Before>) {
        // Only what is expected is looked for in it again.
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
        self.shown = self.now.elapsed;
        if report.status == Status::Unknown {
            let message = format!(
                "'{}' is a status that txwatch does not know; it is neither an end nor a success here",
                report.provider_status
            );
            self.warn_once(target, WarningCode::UnknownStatus, message);
        }
    }

    /// Looks at where a target stands, and settles it if that decides it.
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
            && state.is_first(WarningCode::Held)
        {
            let remaining = whole_seconds(until.saturating_sub(self.now.elapsed));
            let held = Held { target: state.name.target.clone(), status, remaining };
            self.emit(Event::Held(held));
        }
    }

    /// What is expected is held against the report that decides, never against what an earlier status
    /// said. A push carries less than an answer does, so what is missing in one decides nothing yet.
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

    /// The goal is reached, but whether what is expected holds has to be looked up.
    fn await_confirmation(&mut self, target: TargetId) {
        self.targets[target].awaiting_confirmation = true;
        self.look_up(target);
    }

    /// An ending that was decided without a new report: the end of a grace.
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

    /// It ended well, but not as asked; the status alone does not say why that is no success.
    fn mismatch(&mut self, target: TargetId, reason: String) {
        let status = self.targets[target].tracker.status().unwrap_or(Status::Unknown);
        let name = &self.targets[target].name.target;
        let message = format!("{name} {status}, but not as asked: {reason}");
        let failure = Failure::new(FailureKind::Mismatch, message);
        let outcome = Outcome::Failed(failure.kind());
        self.keep_failure(Arc::new(failure));
        self.settle(target, outcome, Some(reason));
    }

    /// Our side could not do its work for one target.
    pub(super) fn fail(&mut self, target: TargetId, failure: Failure) {
        let (outcome, reason) = (Outcome::Failed(failure.kind()), failure.to_string());
        self.keep_failure(Arc::new(failure));
        self.settle(target, outcome, Some(reason));
    }

    /// Something to tell in the end.
    fn keep_failure(&mut self, failure: Arc<Failure>) {
        if !self.plan.account || self.failures.len() < MAX_ACCOUNT_FAILURES {
            self.failures.push(failure);
        }
    }

    /// Our side could not do its work for any target of a profile.
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

    /// Every target that is still open ends here, for this reason.
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

    /// A target's one ending.
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

    /// `--any` needs only one success, `get` only a look that worked.
    fn conclusion_of_all(&self) -> Conclusion {
        if self.plan.any && self.tally.reached() > 0 {
            Conclusion::AnyReached
        } else if self.plan.mode == (Mode::Get { exit_status: false }) {
            Conclusion::LookedUpOnce
        } else {
            Conclusion::AllSettled
        }
    }

    /// The command is done.
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

    /// What is left to say about a command that ended like this.
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

/// How long the status before lasted: by the provider's clock if it tells, as the times that are shown do.
fn elapsed_since((since, clock): Before, observation: &Observation) -> Duration {
    let theirs = observation.report.occurred_at.zip(clock);
    let theirs = theirs.and_then(|(now, then)| Duration::try_from(now.duration_since(then)).ok());
    theirs.unwrap_or_else(|| observation.at.saturating_sub(since))
}
