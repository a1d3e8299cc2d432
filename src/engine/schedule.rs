//! When a target is looked up: at once, at a time, or after the interval that its state allows; and the request queues
//! that let the lookups through.

use std::time::Duration;

use super::held_pushes::CONFIRMATION_INTERVAL;
use super::request_queue::NextLookup;
use super::timer_queue::Timer;
use super::{Effect, Engine, LookupRequest, ProfileId, TargetId};
use crate::engine::plan::Mode;
use crate::warning::WarningCode;

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
    pub(super) fn plan_next(&mut self, target: TargetId, jitter: f64) {
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
