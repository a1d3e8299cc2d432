//! Outages of providers, and giving up on one.

use super::outage::OutageState;
use super::timer_queue::Timer;
use super::{Engine, ProfileId, whole_seconds};
use crate::engine::plan::Mode;
use crate::error::{Failure, FailureKind};

/// The problems of how many targets are named.
const MAX_NAMED: usize = 10;
const UNREACHABLE_HINT: &str =
    "check the address and the network; the transaction itself may go on meanwhile";

impl Engine {
    /// A request or a connection to the provider was started.
    pub(super) fn attempt_started(&mut self, profile: ProfileId) {
        if let Some(over_at) = self.profiles[profile].outage.attempt_started(self.now.elapsed) {
            self.timers.add(over_at, Timer::Outage(profile));
        }
    }

    /// A request or a connection failed, for a reason that may be temporary.
    pub(super) fn attempt_failed(&mut self, profile: ProfileId, reason: String, kind: FailureKind) {
        self.profiles[profile].outage.attempt_failed(self.now.elapsed, kind, reason);
        self.check_outage(profile);
    }

    pub(super) fn check_outage(&mut self, profile: ProfileId) {
        let (limit, kind, reason) = match self.profiles[profile].outage.state(self.now.elapsed) {
            OutageState::None => return,
            OutageState::Until(due) => return self.timers.add(due, Timer::Outage(profile)),
            OutageState::Over(limit, kind, reason) => (limit, kind, reason),
        };
        if self.may_be_one_targets(profile)
            && let Some(until) = self.profiles[profile].outage.await_probe(self.now.elapsed)
        {
            self.profiles[profile].health.suspect();
            self.want_probe(profile);
            return self.timers.add(until, Timer::Outage(profile));
        }
        let title = self.title(profile);
        let message = if limit.is_zero() {
            format!("{title} could not be reached: {reason}")
        } else {
            let limit = humantime::format_duration(whole_seconds(limit));
            format!("{title} gave no usable answer for {limit}: {reason}")
        };
        self.fail_profile(profile, Failure::new(kind, message).hint(UNREACHABLE_HINT));
    }

    /// The failure of what is asked once, and could not be answered.
    pub(super) fn unreachable(&self, profile: ProfileId, reason: &str) -> Failure {
        let message = format!("{} could not be reached: {reason}", self.title(profile));
        Failure::new(FailureKind::Unreachable, message).hint(UNREACHABLE_HINT)
    }

    /// Whether the outage may be only that of the targets that were asked last, which a probe can show.
    fn may_be_one_targets(&self, profile: ProfileId) -> bool {
        let state = &self.profiles[profile];
        matches!(self.plan.mode, Mode::Watch | Mode::Poll)
            && self.can_poll(profile)
            && !self.has_one_target(profile)
            && !state.health.is_down()
            && !state.token.is_running()
            && !state.queue.is_closed(self.now.elapsed)
    }

    /// For each profile with an outage why the last attempt failed; and for targets that were given up while it was
    /// only them, why their last lookup failed.
    pub(super) fn ongoing_problems(&self) -> Vec<String> {
        let profiles = self.profiles.iter().zip(self.plan.profiles.iter());
        let outages = profiles.filter_map(|(state, profile)| {
            Some(format!("{}: {}", profile.name, state.outage.reason()?))
        });
        let troubled = self.targets.iter().filter_map(|(_, target)| {
            let is_open = target.ended().is_some_and(|ended| ended.outcome.leaves_open(true));
            let is_known = self.profiles[target.profile].outage.reason().is_some();
            target.trouble.as_ref().filter(|_| is_open && !is_known)
        });
        let reasons = troubled.map(|trouble| trouble.reason.clone());
        let reasons = reasons.filter(|reason| !reason.is_empty()).take(MAX_NAMED);
        outages.chain(reasons).collect()
    }
}
