//! Holding pushes back: those that anybody could have sent are confirmed by a lookup before they end a target, and those
//! that are a little older than the last one wait for a contradiction.

use std::time::Duration;

use jiff::Timestamp;

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
        if !would_end || !self.would_change(target, observation) {
            return false;
        }
        // While one is held back lookups are made anyway; a flood of pushes must not become one of requests.
        let is_first = self.targets[target].held_push.is_none();
        self.hold(target, observation.clone(), HoldReason::Unsigned, CONFIRMATION_TIMEOUT);
        if is_first {
            self.look_up(target);
        }
        true
    }

    fn would_change(&self, target: TargetId, observation: &Observation) -> bool {
        let state = &self.targets[target];
        let rules = &self.profiles[state.profile].rules;
        state.tracker.clone().observe(observation, rules) == Verdict::Changed
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
        let report = &observation.report;
        let same = |held: &&HeldPush| {
            held.reason == reason && held.observation.report.has_status_of(report)
        };
        let known = self.targets[target].held_push.as_deref().filter(same).map(|held| held.until);
        let until = known.unwrap_or_else(|| self.now.elapsed.saturating_add(limit));
        self.targets[target].held_push = Some(Box::new(HeldPush { observation, reason, until }));
        if known.is_none() {
            self.timers.add(until, Timer::HeldPush(target));
        }
    }

    /// Drops a push that is held back, if this observation, which was accepted, decides about it. `is_change` says
    /// that it changed the status, and `known_time` is the provider's time before it.
    pub(super) fn check_held(
        &mut self,
        target: TargetId,
        observation: &Observation,
        is_change: bool,
        known_time: Option<Timestamp>,
    ) {
        let state = &mut self.targets[target];
        let Some(held) = &state.held_push else {
            return;
        };
        let allows_reopen = self.profiles[state.profile].rules.allows_reopen;
        let report = &observation.report;
        let is_after = |time: Option<Timestamp>| {
            report.occurred_at.zip(time).is_none_or(|(reported, time)| reported > time)
        };
        let held_at = held.observation.report.occurred_at;
        let has_ended = report.status.is_final();
        let decides = match held.reason {
            // Without a time it may be the answer of a server that lags behind, as a status that was known before is,
            // and an ending that the push may have reopened since.
            HoldReason::Unsigned => {
                let is_reopened = allows_reopen(report.status, held.observation.report.status)
                    && report.occurred_at.zip(held_at).is_some_and(|(told, held)| told < held);
                (is_change && has_ended && !is_reopened)
                    || (report.occurred_at.is_some() && is_after(held_at))
            }
            // The same push may come twice.
            HoldReason::OlderClock => is_change || is_after(known_time),
        };
        if !decides {
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

    /// Believes a push that was held back for long enough, but not against an ending that lookups found.
    pub(super) fn hold_ended(&mut self, target: TargetId) {
        let now = self.now.elapsed;
        let Some(state) = self.targets.open_mut(target) else {
            return;
        };
        let Some(mut held) = state.held_push.take_if(|held| held.until <= now) else {
            return;
        };
        let ending = state.tracker.status().filter(|status| status.is_final());
        let status = held.observation.report.status;
        held.observation.at = now;
        match held.reason {
            HoldReason::Unsigned => {
                if let Some(ending) = ending {
                    let message = format!(
                        "a push says {status}, but the answers of {}s after it still say {ending}; the push is not \
                         believed",
                        CONFIRMATION_TIMEOUT.as_secs()
                    );
                    self.warn(Some(target), WarningCode::StalePush, message);
                    return self.decide(target);
                }
                held.observation.report.is_unsigned = false;
                if self.would_change(target, &held.observation) {
                    let message = format!(
                        "no answer confirmed within {}s that it is {status}, as a push says that anybody \
                         could have sent; it is believed now",
                        CONFIRMATION_TIMEOUT.as_secs()
                    );
                    self.warn(Some(target), WarningCode::Unconfirmed, message);
                }
                self.observe(target, held.observation);
            }
            HoldReason::OlderClock => self.believe(target, held.observation),
        }
    }
}
