//! Lookups: when a target is looked up, and what follows from the result.

use std::time::Duration;

use super::health::Trouble;
use super::held_pushes::CONFIRMATION_INTERVAL;
use super::request_queue::NextLookup;
use super::timer_queue::Timer;
use super::tokens::Denial;
use super::{Effect, Engine, LookupDone, LookupRequest, ProfileId, TargetId, whole_seconds};
use crate::engine::plan::Mode;
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
    /// Plans the next lookup of a target, in place of any that was planned.
    pub(super) fn look_up_at(&mut self, target: TargetId, due: Duration) {
        if self.targets[target].plan_lookup(due) {
            self.timers.add(due, Timer::Lookup(target));
        }
    }

    /// Looks a target up as soon as its request queue allows it.
    pub(super) fn look_up(&mut self, target: TargetId) {
        let state = &mut self.targets[target];
        let profile = state.profile;
        if state.is_open() && self.plan.profiles[profile].can_poll && state.request_lookup() {
            let is_alone = state.trouble.as_ref().is_some_and(|trouble| trouble.is_alone);
            self.profiles[profile].queue.push(target, is_alone);
        }
    }

    pub(super) fn run_queues(&mut self) {
        for profile in self.plan.profiles.ids() {
            self.check_health(profile);
            while !self.profiles[profile].token.is_running()
                && !self.is_given_up(profile)
                && self.run_queue(profile)
            {}
        }
    }

    /// Starts the next lookup of a profile. Returns whether there was one.
    fn run_queue(&mut self, profile: ProfileId) -> bool {
        let now = self.now.elapsed;
        let targets = &mut self.targets;
        let open = |id: TargetId| {
            let Some(target) = targets.get_mut(id) else {
                return false;
            };
            if !target.is_open() {
                target.lookup_finished();
            }
            target.is_open()
        };
        match self.profiles[profile].queue.next(now, open) {
            NextLookup::None => false,
            NextLookup::QuotaExhausted(until) => {
                self.timers.add(until, Timer::Queue);
                self.warn_of_quota(profile);
                false
            }
            NextLookup::Probe => {
                self.effects.push(Effect::Probe(profile));
                true
            }
            NextLookup::Listing(feed) => {
                self.start_listing(feed);
                true
            }
            NextLookup::Lookup(targets) => {
                let mut requested = Vec::new();
                for target in targets {
                    self.targets[target].lookup_started();
                    requested.push((target, self.targets[target].id.clone()));
                }
                self.effects.push(Effect::Lookup(LookupRequest { profile, targets: requested }));
                self.attempt_started(profile);
                true
            }
        }
    }

    /// Warns once if targets wait for the quota for longer than the polling interval.
    fn warn_of_quota(&mut self, profile: ProfileId) {
        let settings = &self.plan.profiles[profile];
        let state = &mut self.profiles[profile];
        let (waiting, wait) = state.queue.backlog(self.now.elapsed);
        if state.is_quota_reported || wait.is_none_or(|wait| wait <= settings.interval) {
            return;
        }
        state.is_quota_reported = true;
        let quotas = settings.quotas.iter().map(|quota| {
            format!("{} requests in {}", quota.requests, humantime::format_duration(quota.within))
        });
        let message = format!(
            "the quota of {} ({}) makes lookups rarer than every {}: targets that wait for one: {waiting}",
            settings.provider.spec().title,
            quotas.collect::<Vec<_>>().join(", "),
            humantime::format_duration(settings.interval)
        );
        self.warn(None, WarningCode::SlowedDown, message);
    }

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

    /// The interval to the next lookup of an open target without another reason: the safety interval while push is
    /// live, else the polling interval.
    fn next_interval(&self, target: TargetId) -> Option<Duration> {
        let target = self.targets.open(target)?;
        let profile = &self.plan.profiles[target.profile];
        let link = target.feed.map(|feed| &self.links[feed]);
        let live = link.filter(|link| target.subscribed && link.is_live());
        let is_unseen = target.tracker.status().is_none();
        match self.plan.mode {
            Mode::Get { .. } => None,
            _ if target.awaiting_confirmation => Some(profile.interval),
            _ if target.held_push.is_some() || target.tracker.is_contested() => {
                Some(profile.interval.min(CONFIRMATION_INTERVAL))
            }
            // An account has many orders, and all their changes are pushed.
            _ if live.is_some_and(|link| link.account) => None,
            Mode::WatchPushOnly if !is_unseen => None,
            Mode::Watch if live.is_some() && !is_unseen => Some(profile.safety_interval),
            _ => Some(profile.interval),
        }
    }

    /// Plans the next lookup of a target without another reason: soon if the last one failed, else after its interval
    /// ±10%; but not after the end of `--appear-timeout` while the target was not seen. `jitter` is between 0 and 1.
    fn plan_next(&mut self, target: TargetId, jitter: f64) {
        let Some(state) = self.targets.open(target) else {
            return;
        };
        let retry = state.trouble.as_ref().and_then(|trouble| trouble.retry_in(jitter));
        let interval = || Some(self.next_interval(target)?.mul_f64(0.9 + 0.2 * jitter));
        let Some(wait) = retry.or_else(interval) else {
            return;
        };
        let is_unseen = state.tracker.status().is_none();
        let limit = self.plan.profiles[state.profile].appear_timeout.filter(|_| is_unseen);
        let left = limit.map(|limit| limit.saturating_sub(self.now.elapsed));
        let left = left.filter(|left| !left.is_zero());
        self.look_up_at(target, self.now.elapsed + left.map_or(wait, |left| wait.min(left)));
    }
}
