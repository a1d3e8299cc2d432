//! Trouble with single targets: what it settles, and how a probe shows whether it is the whole profile's.

use std::time::Duration;

use super::health::{Probed, Trouble};
use super::{Engine, ProbeDone, ProfileId, TargetId};
use crate::error::{Failure, FailureKind};
use crate::lifecycle::Source;
use crate::provider::{DenialReason, Reading};
use crate::transport::ErrorKind;

impl Engine {
    /// Whether no other target of the profile is open, so that a target's trouble is the profile's.
    pub(super) fn has_one_target(&self, profile: ProfileId) -> bool {
        self.profiles[profile].open_targets <= 1
    }

    /// A message about a target, with its name if there are others.
    pub(super) fn named(&self, target: TargetId, message: &str) -> String {
        if self.plan.account || self.plan.targets.len() > 1 {
            format!("{}: {message}", self.targets[target].name.target)
        } else {
            message.to_owned()
        }
    }

    /// Has a probe made. Where there is no lookup, what happened to different targets is evidence enough.
    pub(super) fn want_probe(&mut self, profile: ProfileId) {
        if self.can_poll(profile) {
            // While it may yet be answered, a provider that fails is asked on. One that refuses the token is not, nor is
            // any by `get`, which has to come to an end.
            let state = &mut self.profiles[profile];
            let is_held = self.plan.mode.is_get() || state.health.may_be_refused();
            state.queue.want_probe(is_held);
        } else {
            self.profiles[profile].health.cannot_be_probed();
        }
    }

    pub(super) fn probe_done(&mut self, done: ProbeDone) {
        let ProbeDone { profile, generation, requests, result } = done;
        let now = self.now.elapsed;
        let state = &mut self.profiles[profile];
        state.queue.probe_finished(now, requests);
        let probed = match result {
            Ok(Reading::Observed(_) | Reading::NotFound(_)) => {
                if !state.token.is_running() && state.token.generation == generation {
                    state.token.accepted(Source::Pull);
                }
                Probed::Answered
            }
            Ok(Reading::Denied { reason: DenialReason::Gateway, .. }) => Probed::Blocked,
            Ok(Reading::Denied { .. }) => Probed::Refused,
            Ok(Reading::Busy { retry_after, .. }) => {
                if let Some(wait) = retry_after {
                    self.close_queue(profile, wait);
                }
                Probed::Failed(Trouble::NoAnswer)
            }
            Ok(Reading::Unusable(_)) => Probed::Failed(Trouble::Unusable),
            Ok(Reading::Malformed(_)) => Probed::Failed(Trouble::Malformed),
            Err(error) if error.kind == ErrorKind::Unusable => Probed::Failed(Trouble::Unusable),
            Err(_) => Probed::Failed(Trouble::NoAnswer),
        };
        let state = &mut self.profiles[profile];
        state.health.probed(now, probed);
        if matches!(probed, Probed::Answered | Probed::Refused) {
            state.outage.received();
        }
        if !self.profiles[profile].health.is_down() {
            return;
        }
        if !self.profiles[profile].was_understood {
            self.is_wrong_address(profile);
        }
        self.close_queue(profile, Duration::ZERO);
        self.check_outage(profile);
    }

    /// Whether it is shown that nothing can be learnt by further lookups.
    pub(super) fn is_given_up(&self, profile: ProfileId) -> bool {
        let health = &self.profiles[profile].health;
        health.is_refused() || (self.plan.mode.is_get() && health.is_down())
    }

    /// Fails a profile from which nothing can be learnt, once the lookups under way are done: one of them may be
    /// answered.
    pub(super) fn check_health(&mut self, profile: ProfileId) {
        let state = &self.profiles[profile];
        if !self.is_given_up(profile) || state.queue.in_flight() > 0 || state.open_targets == 0 {
            return;
        }
        let failure = if state.health.is_refused() {
            self.denied_failure(profile, state.health.refused_reason().to_owned())
        } else {
            self.unanswered(profile, state.health.failing_reason())
        };
        self.fail_profile(profile, failure);
    }

    /// The failure of a profile whose lookups fail in `get`.
    fn unanswered(&self, profile: ProfileId, reason: &str) -> Failure {
        let settled = self.profiles[profile].health.last_settled();
        match settled.map(Failure::kind) {
            Some(FailureKind::Untrusted) => self.untrusted(profile, reason.to_owned()),
            _ => self.unreachable(profile, reason),
        }
    }

    /// Settles a target whose lookups or connection fail for good, which says nothing about others yet.
    pub(super) fn fail_alone(&mut self, target: TargetId, kind: FailureKind, reason: &str) {
        let profile = self.targets[target].profile;
        let state = &self.profiles[profile];
        let is_last = self.has_one_target(profile);
        let was_accepted = match kind {
            FailureKind::Denied => state.token.was_accepted(state.token.generation),
            _ => state.was_understood,
        };
        if is_last && !was_accepted {
            // It is the same with all of them.
            let failure = self.failure_of_all(profile, kind, reason);
            return self.fail_profile(profile, failure);
        }
        let failure = self.failure_of_one(target, kind, reason);
        let failure = self.fail(target, failure);
        if is_last {
            return;
        }
        let now = self.now.elapsed;
        let health = &mut self.profiles[profile].health;
        let is_undecided = match kind {
            FailureKind::Denied => !was_accepted && health.refused(target, reason),
            FailureKind::Untrusted => health.failed(now, target, reason, Trouble::Unusable),
            _ => health.failed(now, target, reason, Trouble::NoAnswer),
        };
        health.settled(failure);
        if is_undecided {
            self.want_probe(profile);
        }
    }

    fn failure_of_all(&self, profile: ProfileId, kind: FailureKind, reason: &str) -> Failure {
        match kind {
            FailureKind::Denied => self.denied_failure(profile, reason.to_owned()),
            FailureKind::Untrusted => self.untrusted(profile, reason.to_owned()),
            _ => self.unreachable(profile, reason),
        }
    }

    fn failure_of_one(&self, target: TargetId, kind: FailureKind, reason: &str) -> Failure {
        let profile = self.targets[target].profile;
        let message = self.named(target, reason);
        match kind {
            FailureKind::Denied => self.denied_failure(profile, message),
            FailureKind::Untrusted => self.untrusted(profile, message),
            _ if self.plan.targets.len() == 1 => self.unreachable(profile, reason),
            _ => Failure::new(kind, message),
        }
    }
}
