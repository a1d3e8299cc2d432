//! Lookups: when a target is looked up, and what follows from what was found.

use std::time::Duration;

use super::request_queue::Turn;
use super::timer_queue::Timer;
use super::tokens::Denial;
use super::{Effect, Engine, LookupDone, LookupRequest, ProfileId, TargetId, whole_seconds};
use crate::engine::plan::Mode;
use crate::error::{Failure, FailureKind, Hint};
use crate::lifecycle::{Observation, Source};
use crate::provider::Reading;
use crate::transport::{Error, ErrorKind};
use crate::warning::WarningCode;

/// How many malformed answers in a row are borne, once one was understood.
const MAX_MALFORMED: u8 = 3;

impl Engine {
    /// Plans the next lookup of a target, in place of any that was planned.
    pub(super) fn look_up_at(&mut self, target: TargetId, due: Duration) {
        if self.targets[target].plan_lookup(due) {
            self.timers.add(due, Timer::Lookup(target));
        }
    }

    /// Looks a target up as soon as its queue lets it.
    pub(super) fn look_up(&mut self, target: TargetId) {
        let state = &mut self.targets[target];
        let profile = state.profile;
        if state.is_open() && self.plan.profiles[profile].can_poll && state.want_lookup() {
            self.profiles[profile].queue.push(target);
        }
    }

    pub(super) fn run_queues(&mut self) {
        for profile in self.plan.profiles.ids() {
            while !self.profiles[profile].token.is_running() && self.run_queue(profile) {}
        }
    }

    /// Makes the next lookup of a profile. Whether there was one to make.
    fn run_queue(&mut self, profile: ProfileId) -> bool {
        let now = self.now.elapsed;
        let targets = &mut self.targets;
        let open = |id: TargetId| {
            let Some(target) = targets.get_mut(id) else {
                return false;
            };
            if !target.is_open() {
                target.lookup_ends();
            }
            target.is_open()
        };
        match self.profiles[profile].queue.next(now, open) {
            Turn::None => false,
            Turn::Exhausted(until) => {
                self.timers.add(until, Timer::Queue);
                self.warn_of_slowness(profile);
                false
            }
            Turn::Lookup(targets) => {
                let mut wanted = Vec::new();
                for target in targets {
                    self.targets[target].lookup_begins();
                    wanted.push((target, self.targets[target].id.clone()));
                }
                self.effects.push(Effect::Lookup(LookupRequest { profile, targets: wanted }));
                self.question_asked(profile);
                true
            }
        }
    }

    /// Whoever waits longer than between two lookups is looked up more rarely than was asked for.
    fn warn_of_slowness(&mut self, profile: ProfileId) {
        let settings = &self.plan.profiles[profile];
        let state = &mut self.profiles[profile];
        let (waiting, wait) = state.queue.backlog(self.now.elapsed);
        if state.is_slowness_reported || wait.is_none_or(|wait| wait <= settings.interval) {
            return;
        }
        state.is_slowness_reported = true;
        let spec = settings.provider.spec();
        let quotas = spec.pace.quotas.iter().map(|quota| {
            format!("{} requests in {}", quota.requests, humantime::format_duration(quota.within))
        });
        let message = format!(
            "the quota of {} ({}) makes lookups rarer than every {}: {waiting} of its targets wait for one",
            spec.title,
            quotas.collect::<Vec<_>>().join(", "),
            humantime::format_duration(settings.interval)
        );
        self.warn(None, WarningCode::SlowedDown, message);
    }

    pub(super) fn lookup_done(&mut self, done: LookupDone) {
        let LookupDone { targets, asked, generation, result } = done;
        let Some(first) = targets.first() else {
            return;
        };
        self.profiles[self.targets[*first].profile].queue.done();
        let results: Vec<Result<Reading, Error>> = match result {
            Ok(readings) => readings.into_iter().map(Ok).collect(),
            Err(error) => targets.iter().map(|_| Err(error.clone())).collect(),
        };
        // What was looked up together is looked up together again.
        let mut spread = None;
        for (target, result) in targets.into_iter().zip(results) {
            self.looked_up(target, asked, generation, result, &mut spread);
        }
    }

    fn looked_up(
        &mut self,
        target: TargetId,
        asked: Duration,
        generation: u32,
        result: Result<Reading, Error>,
        spread: &mut Option<f64>,
    ) {
        let again = self.targets[target].lookup_ends();
        if !self.targets[target].is_open() {
            self.take_late_result(self.targets[target].profile, &result);
            return self.forget_ended_orders();
        }
        match result {
            Ok(reading) => self.take_reading(target, asked, generation, reading),
            Err(error) => self.lookup_failed(target, error),
        }
        // A failure of the whole account forgets its orders, this one too.
        if self.conclusion.is_some() {
            return;
        }
        if again {
            self.look_up(target);
        } else if let Some(wait) = self.next_lookup(target, spread) {
            self.look_up_at(target, self.now.elapsed + wait);
        }
    }

    fn take_reading(
        &mut self,
        target: TargetId,
        asked: Duration,
        generation: u32,
        reading: Reading,
    ) {
        let profile = self.targets[target].profile;
        match reading {
            Reading::Observed(report) => {
                self.profiles[profile].answered();
                self.targets[target].malformed_answers = 0;
                let source = Source::Pull;
                self.observe(target, Observation { report: *report, source, at: asked });
            }
            Reading::NotFound(answer) => {
                self.profiles[profile].answered();
                self.not_found(target, answer);
            }
            Reading::Denied(answer) => {
                let has_token = self.plan.profiles[profile].credential.is_available();
                let what = if has_token { "token" } else { "request" };
                let message = format!("{} refused the {what}: {answer}", self.title(profile));
                self.profiles[profile].outage.received();
                self.retry(target, Duration::ZERO);
                let side = Source::Pull;
                self.denied(Denial { profile, target: Some(target), side, generation, message });
            }
            Reading::Busy { answer, retry_after } => {
                let reason = format!("{} answered {answer}", self.title(profile));
                self.retry_later(target, reason, retry_after);
            }
            // The address is right, but another server answers there: a gateway, during a deployment.
            Reading::ForeignNotFound(answer) if self.bears_malformed_answers(profile) => {
                let reason = format!("{} answered {answer}", self.title(profile));
                self.retry_later(target, reason, None);
            }
            Reading::ForeignNotFound(answer) => {
                self.fail_untrusted(target, &format!("it answered {answer}"));
            }
            Reading::Malformed(problem) => self.malformed_answer(target, problem),
        }
    }

    fn lookup_failed(&mut self, target: TargetId, error: Error) {
        if error.kind == ErrorKind::Untrusted {
            let failure = Failure::from_error(FailureKind::Untrusted, error);
            return self.fail_profile(self.targets[target].profile, failure);
        }
        self.retry_later(target, error.to_string(), error.retry_after);
    }

    /// An answer about a target that needs none any more still tells how its provider is.
    fn take_late_result(&mut self, profile: ProfileId, result: &Result<Reading, Error>) {
        match result {
            Ok(Reading::Observed(_) | Reading::NotFound(_)) => self.profiles[profile].answered(),
            Ok(Reading::Busy { retry_after, .. }) => {
                self.close_queue(profile, retry_after.unwrap_or_default());
            }
            Err(error) => self.close_queue(profile, error.retry_after.unwrap_or_default()),
            Ok(Reading::Denied(_) | Reading::ForeignNotFound(_) | Reading::Malformed(_)) => {}
        }
    }

    /// The queue closes for a while; the target waits in it.
    fn retry_later(&mut self, target: TargetId, reason: String, retry_after: Option<Duration>) {
        self.retry(target, retry_after.unwrap_or_default());
        self.question_unanswered(self.targets[target].profile, reason);
    }

    fn retry(&mut self, target: TargetId, floor: Duration) {
        self.close_queue(self.targets[target].profile, floor);
        self.look_up(target);
    }

    fn close_queue(&mut self, profile: ProfileId, floor: Duration) {
        let now = self.now.elapsed;
        let state = &mut self.profiles[profile];
        // What comes back while the queue is closed was asked before: it met the same trouble.
        let wait = if state.queue.is_closed(now) { floor } else { state.backoff.next(floor) };
        let opens_at = state.queue.close_until(now.saturating_add(wait));
        self.timers.add(opens_at, Timer::Queue);
    }

    /// An id may take a while to appear; but one that was seen once is not unlearnt.
    fn not_found(&mut self, target: TargetId, answer: String) {
        let profile = self.targets[target].profile;
        let title = self.title(profile);
        if self.targets[target].tracker.status().is_some() {
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

    /// An answer that makes no sense means a wrong address, unless others made sense before.
    fn malformed_answer(&mut self, target: TargetId, problem: String) {
        let state = &mut self.targets[target];
        state.malformed_answers += 1;
        let (profile, in_a_row) = (state.profile, state.malformed_answers);
        if self.bears_malformed_answers(profile) && in_a_row < MAX_MALFORMED {
            let message = format!("an answer of {} was ignored: {problem}", self.title(profile));
            self.warn(Some(target), WarningCode::MalformedResponse, message);
            return self.retry(target, Duration::ZERO);
        }
        self.fail_untrusted(target, &problem);
    }

    /// Whether the address is known to be right, since an answer from there made sense.
    fn bears_malformed_answers(&self, profile: ProfileId) -> bool {
        self.profiles[profile].was_understood && !self.plan.mode.is_get()
    }

    fn fail_untrusted(&mut self, target: TargetId, problem: &str) {
        let profile = self.targets[target].profile;
        let id = std::slice::from_ref(&self.targets[target].id);
        let request = self.plan.profiles[profile].provider.lookup(id).next(self.now.wall);
        let address = request.map_or_else(String::new, |request| request.url.into());
        let failure = Failure::new(FailureKind::Untrusted, format!("{address}: {problem}"));
        let title = self.title(profile).to_owned();
        self.fail(target, failure.hint(Hint::CheckAddress(title)));
    }

    /// When to look again without another reason: rarely while push is healthy, at the interval while
    /// polling carries the watch, and once more at the end of `--appear-timeout`. `spread` is where between
    /// nine and eleven tenths of that the lookup falls, if it was decided for another target already.
    fn next_lookup(&mut self, target: TargetId, spread: &mut Option<f64>) -> Option<Duration> {
        let target = &self.targets[target];
        if !target.is_open() {
            return None;
        }
        let profile = &self.plan.profiles[target.profile];
        let link = target.feed.map(|feed| &self.links[feed]);
        let live = link.filter(|link| target.subscribed && link.is_live());
        let is_unseen = target.tracker.status().is_none();
        let interval = match self.plan.mode {
            Mode::Get { .. } => return None,
            _ if target.awaiting_confirmation => profile.interval,
            // Orders of an account are many, and each tells of its changes.
            _ if live.is_some_and(|link| link.account) => return None,
            Mode::WatchPushOnly if !is_unseen => return None,
            Mode::Watch if live.is_some() && !is_unseen => profile.safety_interval,
            _ => profile.interval,
        };
        let spread = *spread.get_or_insert_with(|| self.random.f64());
        let wait = interval.mul_f64(0.9 + 0.2 * spread);
        let appears = profile.appear_timeout.map(|limit| limit.saturating_sub(self.now.elapsed));
        match appears {
            Some(left) if is_unseen && !left.is_zero() => Some(wait.min(left)),
            _ => Some(wait),
        }
    }
}
