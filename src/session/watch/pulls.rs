//! Requests: every reason to ask (the first look, a reconnect, the safety look, polling) goes through
//! the same gate, so limits and `Retry-After` are honoured in one place.

use std::collections::VecDeque;
use std::time::Duration;

use super::agenda::Timer;
use super::health::Refusal;
use super::quota::Bucket;
use super::{Command, LinkState, Pull, PullState, Pulled, Renewal, TargetState, Watch};
use crate::error::Failure;
use crate::exit::Code;
use crate::lifecycle::{Observation, Source};
use crate::provider::{Quota, Reading};
use crate::session::plan::Mode;
use crate::transport::ErrorKind;

/// How many requests of a profile are on the wire at once.
const MOST_AT_ONCE: usize = 8;
/// How many unreadable answers in a row are borne, once one was understood.
const MOST_STRIKES: u8 = 3;

/// The requests of a profile that wait for their turn.
pub(super) struct Gate {
    queue: VecDeque<usize>,
    on_the_wire: usize,
    closed_until: Duration,
    buckets: Vec<Bucket>,
    /// When the quota lets the next one through, if it has to be waited for.
    refilled_at: Option<Duration>,
    /// Whether it was told that the quota makes looks rarer.
    told_slow: bool,
}

impl Gate {
    pub(super) fn new(quotas: &[Quota]) -> Self {
        Gate {
            queue: VecDeque::new(),
            on_the_wire: 0,
            closed_until: Duration::ZERO,
            buckets: quotas.iter().map(Bucket::new).collect(),
            refilled_at: None,
            told_slow: false,
        }
    }
}

impl Watch {
    /// Plans the next request for a target, in place of any that was planned.
    pub(super) fn pull_at(&mut self, target: usize, due: Duration) {
        if let PullState::None | PullState::At(_) = self.targets[target].pull {
            self.targets[target].pull = PullState::At(due);
            self.agenda.add(due, Timer::Pull(target));
        }
    }

    /// Asks for a target as soon as the gate lets it. A request that is on the wire already was asked
    /// before whatever made this one necessary, so it does not count.
    pub(super) fn pull(&mut self, target: usize) {
        let state = &mut self.targets[target];
        if state.settled.is_some() || !self.plan.profiles[state.profile].asks {
            return;
        }
        match state.pull {
            PullState::Asked(_) => state.pull = PullState::Asked(true),
            PullState::Queued => {}
            PullState::None | PullState::At(_) => {
                state.pull = PullState::Queued;
                let profile = state.profile;
                self.profiles[profile].gate.queue.push_back(target);
            }
        }
    }

    pub(super) fn open_gates(&mut self) {
        for profile in 0..self.profiles.len() {
            let state = &self.profiles[profile];
            let renewing = matches!(state.renewal, Renewal::Running(_));
            if !renewing && state.gate.closed_until <= self.now.elapsed {
                self.open_gate(profile);
            }
        }
    }

    fn open_gate(&mut self, profile: usize) {
        while self.profiles[profile].gate.on_the_wire < MOST_AT_ONCE {
            let Some(target) = self.profiles[profile].gate.queue.front().copied() else {
                return;
            };
            let is_open = |state: &TargetState| state.settled.is_none();
            if self.targets.get(target).is_some_and(is_open) && !self.has_quota(profile) {
                return;
            }
            self.profiles[profile].gate.queue.pop_front();
            let Some(state) = self.targets.get_mut(target) else {
                continue;
            };
            if state.settled.is_some() {
                state.pull = PullState::None;
                continue;
            }
            state.pull = PullState::Asked(false);
            let id = state.id.clone();
            let gate = &mut self.profiles[profile].gate;
            gate.on_the_wire += 1;
            gate.buckets.iter_mut().for_each(|bucket| bucket.take(self.now.elapsed));
            self.out.push(Command::Pull(Pull { target, profile, id }));
            self.asked(profile);
        }
    }

    /// Whether the provider's quota allows another request now; if not, the gate is looked at again.
    fn has_quota(&mut self, profile: usize) -> bool {
        let now = self.now.elapsed;
        let gate = &mut self.profiles[profile].gate;
        let open_at = gate.buckets.iter().map(Bucket::open_at).max().unwrap_or_default();
        if open_at <= now {
            gate.refilled_at = None;
            return true;
        }
        if gate.refilled_at != Some(open_at) {
            gate.refilled_at = Some(open_at);
            self.agenda.add(open_at, Timer::Gate);
            self.tell_slow(profile);
        }
        false
    }

    /// Whoever waits longer than between two looks is looked at more rarely than was asked for.
    fn tell_slow(&mut self, profile: usize) {
        let gate = &mut self.profiles[profile].gate;
        let waiting = gate.queue.len();
        let wait = gate.buckets.iter().map(|bucket| bucket.wait(self.now.elapsed, waiting)).max();
        let settings = &self.plan.profiles[profile];
        if gate.told_slow || wait.is_none_or(|wait| wait <= settings.interval) {
            return;
        }
        gate.told_slow = true;
        let spec = settings.provider.spec();
        let quotas = spec.pace.quotas.iter().map(|quota| {
            format!("{} requests in {}", quota.requests, humantime::format_duration(quota.within))
        });
        let message = format!(
            "the quota of {} ({}) makes looks rarer than every {}: {waiting} of its targets wait for one",
            spec.title,
            quotas.collect::<Vec<_>>().join(", "),
            humantime::format_duration(settings.interval)
        );
        self.warn(None, "slowed_down", message);
    }

    pub(super) fn pulled(&mut self, target: usize, pulled: Pulled) {
        let profile = self.targets[target].profile;
        self.profiles[profile].gate.on_the_wire -= 1;
        let again = self.targets[target].pull == PullState::Asked(true);
        self.targets[target].pull = PullState::None;
        if self.targets[target].settled.is_some() {
            self.overhear(profile, &pulled);
            return self.let_go();
        }
        self.take_answer(target, pulled);
        if again {
            self.pull(target);
        } else if let Some(wait) = self.next_look(target) {
            self.pull_at(target, self.now.elapsed + wait);
        }
    }

    fn take_answer(&mut self, target: usize, pulled: Pulled) {
        let profile = self.targets[target].profile;
        match pulled.answer {
            Ok((Reading::Observed(report), _)) => {
                self.answered(profile);
                self.targets[target].strikes = 0;
                let observation =
                    Observation { report: *report, source: Source::Pull, heard: pulled.asked };
                self.observe(target, observation);
            }
            Ok((Reading::NotFound(answer), _)) => {
                self.answered(profile);
                self.not_found(target, answer);
            }
            Ok((Reading::Denied(answer), _)) => {
                let settings = &self.plan.profiles[profile];
                let title = settings.provider.spec().title;
                let what = if settings.credential.is_available() { "token" } else { "request" };
                self.heard(profile);
                self.retry(target, Duration::ZERO);
                self.denied(Refusal {
                    profile,
                    target: Some(target),
                    side: Source::Pull,
                    generation: pulled.generation,
                    message: format!("{title} refused the {what}: {answer}"),
                });
            }
            Ok((Reading::Busy(answer), retry_after)) => {
                let title = self.plan.profiles[profile].provider.spec().title;
                self.later(target, format!("{title} answered {answer}"), retry_after);
            }
            Ok((Reading::Bad(problem), _)) => self.unreadable(target, problem),
            Err(error) => match error.kind {
                ErrorKind::Untrusted => {
                    self.fail_profile(profile, Failure::from_error(Code::Protocol, error));
                }
                _ => self.later(target, error.to_string(), error.retry_after),
            },
        }
    }

    /// An answer about a target that needs none any more still tells how its provider is.
    fn overhear(&mut self, profile: usize, pulled: &Pulled) {
        match &pulled.answer {
            Ok((Reading::Observed(_) | Reading::NotFound(_), _)) => self.answered(profile),
            Ok((Reading::Busy(_), wait)) => self.close_gate(profile, wait.unwrap_or_default()),
            Err(error) => self.close_gate(profile, error.retry_after.unwrap_or_default()),
            Ok((Reading::Denied(_) | Reading::Bad(_), _)) => {}
        }
    }

    fn answered(&mut self, profile: usize) {
        self.accepted(profile, Source::Pull);
        self.profiles[profile].understood = true;
        self.profiles[profile].backoff.reset();
    }

    /// The gate closes for a while; the target waits in front of it.
    fn later(&mut self, target: usize, reason: String, retry_after: Option<Duration>) {
        self.retry(target, retry_after.unwrap_or_default());
        self.trouble(self.targets[target].profile, reason);
    }

    fn retry(&mut self, target: usize, floor: Duration) {
        self.close_gate(self.targets[target].profile, floor);
        self.pull(target);
    }

    fn close_gate(&mut self, profile: usize, floor: Duration) {
        let state = &mut self.profiles[profile];
        // What comes back while the gate is closed was asked before: it met the same trouble.
        let wait = if state.gate.closed_until > self.now.elapsed {
            floor
        } else {
            state.backoff.next(floor)
        };
        let open_at = self.now.elapsed.saturating_add(wait);
        state.gate.closed_until = state.gate.closed_until.max(open_at);
        self.agenda.add(state.gate.closed_until, Timer::Gate);
    }

    /// An id may take a while to appear; but one that was seen once is not unlearnt.
    fn not_found(&mut self, target: usize, answer: String) {
        let profile = &self.plan.profiles[self.targets[target].profile];
        let title = profile.provider.spec().title;
        if self.targets[target].tracker.status().is_some() {
            let message =
                format!("{title} answered {answer} for a transaction that it knew before");
            return self.warn_once(target, "not_found", message);
        }
        match profile.appear_timeout {
            Some(limit) if self.now.elapsed >= limit => {
                let within = if limit.is_zero() {
                    String::new()
                } else {
                    format!(
                        " after {}",
                        humantime::format_duration(super::health::whole_seconds(limit))
                    )
                };
                let message = format!(
                    "{title} does not know {}{within}: {answer}",
                    self.targets[target].name.target
                );
                let failure = Failure::new(Code::NotFound, message)
                    .hint("check the id and the profile; one just created may need a longer --appear-timeout");
                self.fail(target, failure);
            }
            _ => {
                let message = format!("{title} does not know it yet ({answer}); looking again");
                self.warn_once(target, "not_seen_yet", message);
            }
        }
    }

    /// An answer that makes no sense means a wrong address, unless others made sense before.
    fn unreadable(&mut self, target: usize, problem: String) {
        let profile = self.targets[target].profile;
        let strikes = &mut self.targets[target].strikes;
        *strikes += 1;
        let tolerable = self.profiles[profile].understood && !self.is_get();
        if tolerable && self.targets[target].strikes < MOST_STRIKES {
            let title = self.plan.profiles[profile].provider.spec().title;
            self.warn(
                Some(target),
                "bad_answer",
                format!("an answer of {title} was ignored: {problem}"),
            );
            return self.retry(target, Duration::ZERO);
        }
        let provider = &self.plan.profiles[profile].provider;
        let requests = provider.snapshots(&self.targets[target].id, self.now.wall);
        let spec = provider.spec();
        let address = requests.first().map(|request| request.url.as_str()).unwrap_or_default();
        let failure = Failure::new(Code::Protocol, format!("{address}: {problem}")).hint(format!(
            "is this the address of {}? see where it comes from with  txwatch config show",
            spec.title
        ));
        self.fail(target, failure);
    }

    /// When to look again without another reason: rarely while push is healthy, at the interval while
    /// requests carry the watch, and once more at the end of `--appear-timeout`.
    fn next_look(&mut self, target: usize) -> Option<Duration> {
        let state = &self.targets[target];
        if state.settled.is_some() {
            return None;
        }
        let profile = &self.plan.profiles[self.targets[target].profile];
        let feed = state.feed.map(|feed| &self.feeds[feed]);
        let live =
            state.subscribed && feed.is_some_and(|feed| matches!(feed.link, LinkState::Live));
        let unseen = state.tracker.status().is_none();
        let interval = match self.plan.mode {
            Mode::Get { .. } => return None,
            _ if state.in_doubt => profile.interval,
            // Orders of an account are many, and each tells of its changes.
            _ if live && feed.is_some_and(|feed| feed.account) => return None,
            Mode::WatchPushOnly if !unseen => return None,
            Mode::Watch if live && !unseen => profile.safety,
            _ => profile.interval,
        };
        let wait = interval.mul_f64(0.9 + 0.2 * self.random.f64());
        let appears = profile.appear_timeout.map(|limit| limit.saturating_sub(self.now.elapsed));
        match appears {
            Some(left) if unseen && !left.is_zero() => Some(wait.min(left)),
            _ => Some(wait),
        }
    }
}
