//! Holding pushes back: those that anybody could have sent are confirmed by a lookup before they end a target, and those
//! that are a little older than the last one wait for a contradiction.

use std::time::Duration;

use super::held_push::{HeldPush, HoldReason};
use super::timer_queue::Timer;
use super::{Engine, TargetId};
use crate::lifecycle::{Observation, Source, Verdict};
use crate::warning::WarningCode;

/// How long lookups may lag behind a push that anybody could have sent.
const CONFIRMATION_TIMEOUT: Duration = Duration::from_secs(60);
/// How long nothing may contradict a push that is older than the one before by the provider's clock.
const CONTRADICTION_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest time between two lookups that have to confirm something.
pub(super) const CONFIRMATION_INTERVAL: Duration = Duration::from_secs(5);

impl Engine {
    /// Holds a push back that anybody could have sent, if it would end the target and a lookup can confirm it.
    /// Returns whether it is held back.
    pub(super) fn hold_if_unsigned(&mut self, target: TargetId, observation: &Observation) -> bool {
        let profile = self.targets[target].profile;
        let rules = &self.profiles[profile].rules;
        let status = observation.report.status;
        let is_unsigned = observation.source == Source::Push && observation.report.is_unsigned;
        if !is_unsigned || !self.can_poll(profile) {
            return false;
        }
        let would_end = status.is_final() || rules.goal.is_met_by(status);
        let verdict = || self.targets[target].tracker.clone().observe(observation, rules);
        if !would_end || verdict() != Verdict::Changed {
            return false;
        }
        self.hold(target, observation.clone(), HoldReason::Unsigned, CONFIRMATION_TIMEOUT);
        self.look_up(target);
        true
    }

    /// Holds a final push back that cannot be checked by a lookup.
    pub(super) fn hold_older(&mut self, target: TargetId, observation: Observation) {
        self.hold(target, observation, HoldReason::OlderClock, CONTRADICTION_TIMEOUT);
    }

    fn hold(
        &mut self,
        target: TargetId,
        observation: Observation,
        reason: HoldReason,
        limit: Duration,
    ) {
        let until = match &self.targets[target].held_push {
            Some(held) if held.reason == reason && held.is_status_of(&observation) => held.until,
            _ => self.now.elapsed.saturating_add(limit),
        };
        self.targets[target].held_push = Some(HeldPush { observation, reason, until });
        self.timers.add(until, Timer::HeldPush(target));
    }

    /// Drops a push that is held back, if this observation, which was accepted, decides about it.
    pub(super) fn check_held(&mut self, target: TargetId, observation: &Observation) {
        let state = &mut self.targets[target];
        let Some(held) = &state.held_push else {
            return;
        };
        let report = &observation.report;
        let held_at = held.observation.report.occurred_at;
        let is_newer = report.occurred_at.is_some() && report.occurred_at >= held_at;
        let is_lagging = held.reason == HoldReason::Unsigned && !is_newer;
        let has_ended = report.status.is_final();
        if is_lagging && !has_ended {
            return;
        }
        let (reason, status) = (held.reason, held.observation.report.status);
        state.held_push = None;
        if reason == HoldReason::Unsigned && !has_ended && status != report.status {
            let message = format!(
                "a push says {status}, but a later answer says {}; the push is not believed",
                report.status
            );
            self.warn(Some(target), WarningCode::StalePush, message);
        }
    }

    /// Believes a push that was held back for long enough.
    pub(super) fn hold_ended(&mut self, target: TargetId) {
        let now = self.now.elapsed;
        let Some(state) = self.targets.open_mut(target) else {
            return;
        };
        let Some(mut held) = state.held_push.take_if(|held| held.until <= now) else {
            return;
        };
        let status = held.observation.report.status;
        held.observation.at = now;
        match held.reason {
            HoldReason::Unsigned => {
                let message = format!(
                    "no answer confirmed within {}s that it is {status}, as a push says that anybody \
                     could have sent; it is believed now",
                    CONFIRMATION_TIMEOUT.as_secs()
                );
                self.warn(Some(target), WarningCode::Unconfirmed, message);
                held.observation.report.is_unsigned = false;
                self.observe(target, held.observation);
            }
            HoldReason::OlderClock => self.believe(target, held.observation),
        }
    }
}
