//! The results of lookups, and what follows from them.

use std::time::Duration;

use super::health::Trouble;
use super::timer_queue::Timer;
use super::tokens::Denial;
use super::{Engine, LookupDone, ProfileId, TargetId, whole_seconds};
use crate::error::{Failure, FailureKind, Hint};
use crate::lifecycle::{Observation, Source};
use crate::provider::{DenialReason, Reading};
use crate::transport::{Error, ErrorKind};
use crate::warning::WarningCode;

/// A lookup that says nothing about its target.
pub(super) struct FailedLookup {
    /// What kind of failure that is, if it lasts.
    pub(super) kind: FailureKind,
    pub(super) reason: String,
    /// How long the provider asks to wait, which holds for all requests.
    pub(super) retry_after: Option<Duration>,
    /// Whether there was no connection, which is the trouble of the whole profile.
    pub(super) is_connect: bool,
    pub(super) trouble: Trouble,
}

impl FailedLookup {
    pub(super) fn new(kind: FailureKind, reason: String) -> Self {
        FailedLookup {
            kind,
            reason,
            retry_after: None,
            is_connect: false,
            trouble: Trouble::NoAnswer,
        }
    }
}

impl Engine {
    pub(super) fn lookup_done(&mut self, done: LookupDone) {
        let LookupDone { targets, started, generation, requests, result } = done;
        let Some(first) = targets.first() else {
            return;
        };
        let queue = &mut self.profiles[self.targets[*first].profile].queue;
        queue.lookup_finished(self.now.elapsed, requests);
        let results: Vec<Result<Reading, Error>> = match result {
            Ok(readings) => readings.into_iter().map(Ok).collect(),
            Err(error) => targets.iter().map(|_| Err(error.clone())).collect(),
        };
        if self.is_split(&targets, &results) {
            return self.look_up_alone(targets);
        }
        // The same for all targets, so that the next lookup serves them together again.
        let mut jitter = None;
        for (target, result) in targets.into_iter().zip(results) {
            if self.apply_result(target, started, generation, result) {
                let jitter = *jitter.get_or_insert_with(|| self.random.f64());
                self.plan_next(target, jitter);
            }
        }
    }

    /// Whether a lookup of several targets told nothing about any of them, which may be the trouble of one of them.
    fn is_split(&self, targets: &[TargetId], results: &[Result<Reading, Error>]) -> bool {
        let tells_nothing = |result: &Result<Reading, Error>| match result {
            Ok(Reading::Observed(_) | Reading::NotFound(_)) => false,
            Ok(Reading::Busy { retry_after, .. }) => retry_after.is_none(),
            Ok(Reading::Denied { .. } | Reading::Unusable(_) | Reading::Malformed(_)) => true,
            Err(error) => !error.is_connect && error.kind != ErrorKind::Untrusted,
        };
        let profile = self.targets[targets[0]].profile;
        targets.len() > 1
            && !self.profiles[profile].health.is_down()
            && results.iter().all(tells_nothing)
    }

    /// Looks targets up without each other.
    fn look_up_alone(&mut self, targets: Vec<TargetId>) {
        for target in targets {
            self.targets[target].lookup_finished();
            self.targets[target].trouble.get_or_insert_default().is_alone = true;
            self.look_up(target);
        }
        self.forget_ended_orders();
    }

    /// Applies the result of a target's lookup, and looks it up again at once if that was requested meanwhile.
    /// Returns whether the next lookup is still to be planned.
    fn apply_result(
        &mut self,
        target: TargetId,
        started: Duration,
        generation: u32,
        result: Result<Reading, Error>,
    ) -> bool {
        let is_requested_again = self.targets[target].lookup_finished();
        if !self.targets[target].is_open() {
            self.apply_late_result(self.targets[target].profile, &result);
            self.forget_ended_orders();
            return false;
        }
        match result {
            Ok(reading) => self.apply_reading(target, started, generation, reading),
            Err(error) => self.lookup_failed(target, error),
        }
        // A failure of the whole account forgets its orders, this one too.
        if self.conclusion.is_some() {
            return false;
        }
        if is_requested_again {
            self.look_up(target);
        }
        !is_requested_again
    }

    fn apply_reading(
        &mut self,
        target: TargetId,
        started: Duration,
        generation: u32,
        reading: Reading,
    ) {
        let profile = self.targets[target].profile;
        match reading {
            Reading::Observed(report) => {
                self.answered(target);
                let source = Source::Pull;
                self.observe(target, Observation { report: *report, source, at: started });
            }
            Reading::NotFound(answer) => {
                self.answered(target);
                self.not_found(target, answer);
            }
            // A firewall or captive portal, for the token was accepted before, or the one before it was.
            Reading::Denied { answer, reason: DenialReason::Gateway }
                if self.profiles[profile].token.was_accepted(generation)
                    || self.rides_out(profile) =>
            {
                self.unusable_response(target, &format!("it answered {answer}"));
            }
            Reading::Denied { answer, reason } => {
                let token_available = self.plan.profiles[profile].credential.is_available();
                let what = if token_available { "token" } else { "request" };
                let message = format!("{} refused the {what}: {answer}", self.title(profile));
                self.profiles[profile].outage.received();
                let side = Source::Pull;
                let target = Some(target);
                self.denied(Denial { profile, target, side, generation, reason, message });
            }
            Reading::Busy { answer, retry_after } => {
                let reason = format!("{} answered {answer}", self.title(profile));
                let failed = FailedLookup::new(FailureKind::Unreachable, reason);
                self.slow_down(target, FailedLookup { retry_after, ..failed });
            }
            Reading::Unusable(problem) => self.unusable_response(target, &problem),
            Reading::Malformed(problem) => self.malformed_response(target, &problem),
        }
    }

    /// A response about a target was understood.
    fn answered(&mut self, target: TargetId) {
        let target = &mut self.targets[target];
        target.malformed_since = None;
        target.trouble = None;
        self.profiles[target.profile].answered();
    }

    /// The target of a late result is settled, but the result still shows the state of the provider.
    fn apply_late_result(&mut self, profile: ProfileId, result: &Result<Reading, Error>) {
        match result {
            Ok(Reading::Observed(_) | Reading::NotFound(_)) => self.profiles[profile].answered(),
            Ok(Reading::Busy { retry_after: Some(wait), .. }) => self.close_queue(profile, *wait),
            Err(error) if error.is_connect => {
                self.close_queue(profile, error.retry_after.unwrap_or_default());
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// A lookup told nothing. In `get` that is the end of its target. Otherwise the target is looked up again after a
    /// while; others wait too if the provider asks for that, or if it is shown that the whole profile fails.
    pub(super) fn slow_down(&mut self, target: TargetId, failed: FailedLookup) {
        let FailedLookup { kind, reason, retry_after, is_connect, trouble } = failed;
        let (profile, now) = (self.targets[target].profile, self.now.elapsed);
        if is_connect {
            self.profiles[profile].health.is_known_to_fail();
        }
        if self.plan.mode.is_get() {
            return self.lookup_failed_once(target, kind, reason, retry_after, is_connect);
        }
        let named = self.named(target, &reason);
        self.targets[target].trouble.get_or_insert_default().failed(named.clone());
        // What a provider asks for with Retry-After is no failure, and holds for all.
        if retry_after.is_none()
            && self.profiles[profile].health.failed(now, target, &reason, trouble)
        {
            self.want_probe(profile);
        }
        let is_profiles = self.has_one_target(profile) || self.profiles[profile].health.is_down();
        if is_profiles || retry_after.is_some() {
            self.close_queue(profile, retry_after.unwrap_or_default());
            self.look_up(target);
        }
        if trouble == Trouble::Malformed {
            // It did answer.
            self.profiles[profile].outage.received();
        } else {
            self.attempt_failed(profile, named, kind);
        }
    }

    /// A lookup of `get`, which asks once, told nothing about its target.
    fn lookup_failed_once(
        &mut self,
        target: TargetId,
        kind: FailureKind,
        reason: String,
        retry_after: Option<Duration>,
        is_connect: bool,
    ) {
        let profile = self.targets[target].profile;
        let opens_at = retry_after.map(|wait| self.now.elapsed.saturating_add(wait));
        let is_too_late = opens_at.zip(self.plan.timeout).is_some_and(|(at, end)| at >= end);
        if is_connect || is_too_late {
            return self.attempt_failed(profile, reason, kind);
        }
        if let Some(wait) = retry_after {
            self.close_queue(profile, wait);
        }
        self.fail_alone(target, kind, &reason);
    }

    /// Closes the queue of a profile for a while.
    pub(super) fn close_queue(&mut self, profile: ProfileId, floor: Duration) {
        let now = self.now.elapsed;
        let state = &mut self.profiles[profile];
        // While the queue is closed only earlier lookups come back, which failed for the same reason: no second
        // backoff.
        let wait = if state.queue.is_closed(now) { floor } else { state.backoff.next(floor) };
        let opens_at = state.queue.close_until(now.saturating_add(wait));
        self.timers.add(opens_at, Timer::Queue);
    }

    /// An id may take a while to appear; the status of one that was seen already is kept.
    fn not_found(&mut self, target: TargetId, answer: String) {
        let profile = self.targets[target].profile;
        let title = self.title(profile);
        let state = &self.targets[target];
        if state.is_known() {
            let message =
                format!("{title} answered {answer} for a transaction that it knew before");
            return self.warn_once(target, WarningCode::NotFound, message);
        }
        match self.plan.profiles[profile].appear_timeout {
            Some(limit) if self.now.elapsed >= limit => {
                let name = &self.targets[target].name.target;
                let after = if limit.is_zero() {
                    String::new()
                } else {
                    format!(" after {}", humantime::format_duration(whole_seconds(limit)))
                };
                let message = format!("{title} does not know {name}{after}: {answer}");
                let failure = Failure::new(FailureKind::NotFound, message);
                self.fail(target, failure.hint(Hint::MayAppearLater));
            }
            _ => {
                let message = format!("{title} does not know it yet ({answer}); looking again");
                self.warn_once(target, WarningCode::NotSeenYet, message);
            }
        }
    }
}
