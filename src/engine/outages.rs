//! Outages of providers, and giving up on one.

use super::outage::OutageState;
use super::timer_queue::Timer;
use super::{Engine, ProfileId, whole_seconds};
use crate::error::{Failure, FailureKind};

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
        let title = self.title(profile);
        let message = if limit.is_zero() {
            format!("{title} could not be reached: {reason}")
        } else {
            let limit = humantime::format_duration(whole_seconds(limit));
            format!("{title} gave no usable answer for {limit}: {reason}")
        };
        let hint = "check the address and the network; the transaction itself may go on meanwhile";
        self.fail_profile(profile, Failure::new(kind, message).hint(hint));
    }

    /// For each profile with an outage why the last attempt failed.
    pub(super) fn ongoing_problems(&self) -> Vec<String> {
        let profiles = self.profiles.iter().zip(self.plan.profiles.iter());
        let problems = profiles.filter_map(|(state, profile)| {
            Some(format!("{}: {}", profile.name, state.outage.reason()?))
        });
        problems.collect()
    }
}
