//! The mind of a command, without hands: what happened comes in with its time, what to do goes out.
//!
//! `watch`, `poll` and `get` are the same machine; they differ in which inputs they are fed. The loop
//! in [`crate::session`] carries its [`Command`]s out. Because nothing here touches a socket or a
//! clock, the rules that must never fail (no ending lost, none invented) are tested in microseconds.

mod account;
mod agenda;
mod health;
mod messages;
mod pulls;
mod pushes;
mod quota;
mod settle;
mod shown;
mod state;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use agenda::{Agenda, Timer};
use slab::Slab;

use super::clock::Now;
use super::plan::{Mode, Plan};
use crate::error::Failure;
use crate::exit::Code;
use crate::lifecycle::{Decision, Ending, Rules, Status};
use crate::render::{Event, Stamped};
use crate::transport::Backoff;
use crate::wire::Token;

/// A wake-up that is later than this tells that nobody was there: the process was stopped, or the
/// machine slept.
const LEAP: Duration = Duration::from_secs(1);
/// How long nothing is due after that, for what arrived meanwhile to be read.
const BREATH: Duration = Duration::from_secs(1);

use state::{FeedState, LinkState, ProfileState, PullState, Renewal, Silence, TargetState};

pub use messages::{Command, FeedInput, Input, Pull, Pulled, Route, Unrenewed};

/// The state of a command.
pub struct Watch {
    plan: Arc<Plan>,
    rules: Vec<Rules>,
    /// By a number that a target keeps; those of an account come and go.
    targets: Slab<TargetState>,
    /// The targets of an account, as they came and ended.
    account: account::Orders,
    profiles: Vec<ProfileState>,
    feeds: Vec<FeedState>,
    agenda: Agenda,
    /// Nothing is due before.
    quiet_until: Duration,
    /// Whether what was due was done since the last such pause.
    timely: bool,
    random: fastrand::Rng,
    unsettled: usize,
    /// How many targets there were, and how they ended.
    known: usize,
    outcomes: BTreeMap<Code, usize>,
    /// When something was last shown, for the heartbeat.
    shown: Duration,
    failures: Vec<Arc<Failure>>,
    exit: Option<Code>,
    now: Now,
    out: Vec<Command>,
}

impl Watch {
    /// A command that has not begun. `random` spreads requests and retries.
    pub fn new(plan: Arc<Plan>, routes: Vec<Route>, mut random: fastrand::Rng) -> Self {
        let mut targets: Slab<TargetState> = Slab::with_capacity(plan.targets.len());
        for target in &plan.targets {
            targets.insert(TargetState::new(
                target.name.clone(),
                target.id.clone(),
                target.profile,
            ));
        }
        for (index, route) in routes.iter().enumerate() {
            for (_, target) in &route.targets {
                targets[*target].feed = Some(index);
            }
        }
        let profiles = plan.profiles.iter().map(|profile| ProfileState {
            begun: false,
            gate: pulls::Gate::new(profile.provider.spec().pace.quotas),
            backoff: Backoff::new(random.fork()),
            silence: None,
            understood: false,
            accepted: None,
            renewal: Renewal::Possible,
            renew_at: None,
            ends: profile.credential.token.as_ref().and_then(Token::expires_at),
            told_unrenewed: false,
            generation: 0,
        });
        Watch {
            rules: (0..plan.profiles.len()).map(|profile| plan.rules(profile)).collect(),
            unsettled: targets.len(),
            known: targets.len(),
            outcomes: BTreeMap::new(),
            targets,
            account: account::Orders::default(),
            profiles: profiles.collect(),
            feeds: routes.into_iter().map(FeedState::new).collect(),
            agenda: Agenda::default(),
            quiet_until: Duration::ZERO,
            timely: true,
            random,
            shown: Duration::ZERO,
            failures: Vec::new(),
            exit: None,
            now: Now { elapsed: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH },
            out: Vec::new(),
            plan,
        }
    }

    /// Takes in what happened; answers what to do about it.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Command> {
        let late = self.wake_at().map_or(Duration::ZERO, |due| now.elapsed.saturating_sub(due));
        let before = std::mem::replace(&mut self.now, now);
        if self.exit.is_none() {
            if late > LEAP {
                self.leapt(late, now.elapsed.saturating_sub(before.elapsed));
            }
            match input {
                Input::Begun => self.begin(),
                Input::Woken => {}
                Input::Noticed(code, message) => self.warn(None, code, message),
                Input::Feed(feed, input) => self.pushed(feed, input),
                Input::Pulled(target, pulled) => self.pulled(target, pulled),
                Input::Renewed(profile, renewed) => self.renewed(profile, renewed),
                Input::Interrupted(code) => self.stop(code),
            }
            self.run_timers();
            self.open_gates();
        }
        std::mem::take(&mut self.out)
    }

    /// When [`Input::Woken`] is due, as time of the command.
    pub fn wake_at(&self) -> Option<Duration> {
        match self.exit {
            Some(_) => None,
            None => self.agenda.first().map(|due| due.max(self.quiet_until)),
        }
    }

    /// Nobody was there to listen. That is no silence of the provider's, and what it has said meanwhile
    /// goes before whatever became due; `--timeout` counts the time all the same.
    /// Between two such moments what is due is done, for a loop may be slow all the time.
    fn leapt(&mut self, late: Duration, gap: Duration) {
        /// Who is so late was not only busy: the whole time since the last turn is in doubt.
        const AWAY: Duration = Duration::from_secs(30);
        if !std::mem::take(&mut self.timely) {
            return;
        }
        self.quiet_until = self.now.elapsed + BREATH;
        let missed = if late > AWAY { gap } else { late };
        for profile in &mut self.profiles {
            if let Some(silence) = &mut profile.silence {
                silence.since = (silence.since + missed).min(self.now.elapsed);
            }
        }
    }

    /// The exit code, once every target is settled.
    pub fn finished(&self) -> Option<Code> {
        self.exit
    }

    fn begin(&mut self) {
        for (code, message) in self.plan.notices.clone() {
            self.warn(None, code, message);
        }
        if let Some(timeout) = self.plan.timeout {
            self.agenda.add(timeout, Timer::Deadline);
        }
        if let Some(heartbeat) = self.plan.heartbeat {
            self.agenda.add(heartbeat, Timer::Heartbeat);
        }
        for profile in 0..self.profiles.len() {
            if self.needs_token(profile) {
                self.renew(profile, None)
            } else {
                let token = &self.plan.profiles[profile].credential.token;
                self.watch_expiry(profile, token.as_ref().and_then(Token::expires_at));
                self.begin_profile(profile);
            }
        }
    }

    /// Subscribe first, then pull; but do not wait long for a push connection with the first look.
    fn begin_profile(&mut self, profile: usize) {
        const HEAD_START: Duration = Duration::from_secs(2);
        self.profiles[profile].begun = true;
        for feed in 0..self.feeds.len() {
            if self.feeds[feed].profile == profile {
                self.out.push(Command::Open(feed));
            }
        }
        for target in self.targets_of(profile) {
            match self.plan.mode {
                Mode::Watch if self.targets[target].feed.is_none() => self.pull(target),
                Mode::Watch => self.pull_at(target, self.now.elapsed + HEAD_START),
                Mode::WatchPushOnly => {}
                Mode::Poll | Mode::Get { .. } => self.pull(target),
            }
        }
    }

    fn run_timers(&mut self) {
        self.timely |= self.now.elapsed >= self.quiet_until;
        while self.exit.is_none() && self.now.elapsed >= self.quiet_until {
            let Some((due, timer)) = self.agenda.pop(self.now.elapsed) else {
                return;
            };
            match timer {
                Timer::Deadline => self.stop(Code::Timeout),
                Timer::Heartbeat => self.heartbeat(),
                Timer::Outage(profile) => self.check_outage(profile),
                Timer::Gate => {}
                Timer::Renewal(profile) => self.renewal_due(profile, due),
                Timer::Unheard(feed) => self.tell_unheard(feed),
                Timer::Grace(target) => self.decide(target),
                Timer::Pull(target) => {
                    if self
                        .targets
                        .get(target)
                        .is_some_and(|state| state.pull == PullState::At(due))
                    {
                        self.pull(target);
                    }
                }
            }
        }
    }

    fn heartbeat(&mut self) {
        let Some(interval) = self.plan.heartbeat else {
            return;
        };
        if self.now.elapsed >= self.shown + interval {
            self.emit(Event::Heartbeat(self.still_open()));
            self.shown = self.now.elapsed;
        }
        self.agenda.add(self.shown + interval, Timer::Heartbeat);
    }

    fn targets_of(&self, profile: usize) -> Vec<usize> {
        let open = |state: &TargetState| state.profile == profile && state.settled.is_none();
        self.targets.iter().filter(|(_, state)| open(state)).map(|(target, _)| target).collect()
    }

    fn emit(&mut self, event: Event) {
        let at = self.now.wall;
        self.out.push(Command::Emit(Box::new(Stamped { at, event })));
    }

    fn warn(&mut self, target: Option<usize>, code: &'static str, message: String) {
        let target = target.map(|target| self.targets[target].name.target.clone());
        self.emit(Event::Warning { target, code, message });
    }

    /// Warns about a target, about one thing only once.
    fn warn_once(&mut self, target: usize, code: &'static str, message: String) {
        if self.targets[target].warned.insert(code) {
            self.warn(Some(target), code, message);
        }
    }

    /// Looks at where a target stands, and settles it if that decides it.
    fn decide(&mut self, target: usize) {
        if self.targets.get(target).is_none_or(|state| state.settled.is_some()) {
            return;
        }
        let profile = self.targets[target].profile;
        match self.targets[target].tracker.decide(self.now.elapsed, &self.rules[profile]) {
            Decision::Settled(Ending::Reached) if self.targets[target].in_doubt => {}
            Decision::Settled(ending) => self.ended(target, ending),
            Decision::Held(until) if !self.is_get() => {
                self.agenda.add(until, Timer::Grace(target));
                self.tell_grace(target, until);
            }
            Decision::Held(_) | Decision::Open if self.is_get() => {
                self.settle(target, Code::Unfinished, None);
            }
            Decision::Held(_) | Decision::Open => {}
        }
    }

    fn tell_grace(&mut self, target: usize, until: Duration) {
        let left = health::whole_seconds(until.saturating_sub(self.now.elapsed));
        let left = humantime::format_duration(left);
        let status = self.targets[target].tracker.status().map_or("", Status::name);
        let message =
            format!("{status}, but --grace waits {left} for a change before that is believed");
        self.warn_once(target, "held", message);
    }

    fn is_get(&self) -> bool {
        matches!(self.plan.mode, Mode::Get { .. })
    }

    /// Whether a profile can be asked at all; without a token some can only be listened to.
    fn asks(&self, profile: usize) -> bool {
        self.plan.profiles[profile].asks
    }
}

#[cfg(test)]
mod tests;
