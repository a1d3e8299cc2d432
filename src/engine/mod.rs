//! The state machine of a command, sans-IO: inputs with their time in, effects out.
//!
//! `watch`, `poll` and `get` are the same machine in different [modes](plan::Mode). Its driver
//!
//! 1. calls [`Engine::handle`] with an input and the time, and executes the [`Effect`]s it returns, in order;
//! 2. stops once [`Engine::conclusion`] returns one;
//! 3. else waits for the next input, at most until [`Engine::next_timeout`], and then passes [`Input::Wake`].
//!
//! The engine opens no sockets, reads no clock and knows no command line, so the rules that must never fail (no
//! ending is missed, none is invented) can be tested in microseconds. Each concern has an owner with its own state:
//! a [`Target`](target::Target); the [`RequestQueue`](request_queue::RequestQueue), [`Health`](health::Health),
//! [`Outage`](outage::Outage) and [`TokenRenewal`](token_renewal::TokenRenewal) of a profile; and a
//! [`Link`](link::Link) for each push connection, with the [`Gap`](gap::Gap) in which it was down.

mod account;
mod bad_responses;
mod effect;
mod expected_fields;
mod gap;
mod gaps;
mod health;
mod held_push;
mod held_pushes;
mod ids;
mod input;
mod link;
mod links;
mod lookups;
mod observations;
mod orders;
mod outage;
mod outages;
pub mod plan;
mod probes;
mod profile;
mod refused_links;
mod request_queue;
mod revivable;
mod schedule;
mod settle;
mod suspend;
mod tally;
mod target;
mod targets;
mod timer_queue;
mod token_bucket;
mod token_renewal;
mod tokens;
mod trouble;
mod view;
mod waiting_links;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::error::{Failure, FailureKind};
use crate::event::{Conclusion, Event, Stamped};
use crate::warning::{Warning, WarningCode};
use link::Link;
use orders::Orders;
use plan::{Mode, Plan};
use profile::ProfileState;
use suspend::SuspendDetector;
use tally::Tally;
use target::Target;
use targets::Targets;
use timer_queue::{Timer, TimerQueue};
use waiting_links::WaitingLinks;

pub use effect::{Effect, LookupRequest, RenewalReason};
pub use ids::{FeedId, List, ListIndex, ProfileId, TargetId};
pub use input::{
    Input, LinkEvent, LookupDone, Now, Obtained, OrdersListed, ProbeDone, RenewalError, TokenOrigin,
};
pub use link::Route;

/// How long after the start a target is looked up although its push connection is not subscribed yet.
const HEAD_START: Duration = Duration::from_secs(2);

/// The state of a command.
pub struct Engine {
    plan: Arc<Plan>,
    profiles: List<ProfileId, ProfileState>,
    targets: Targets,
    links: List<FeedId, Link>,
    waiting_links: WaitingLinks,
    account: Orders,
    timers: TimerQueue,
    suspend: SuspendDetector,
    tally: Tally,
    /// When a status or a heartbeat was last shown, as time of the command.
    last_shown: Duration,
    failures: Vec<Arc<Failure>>,
    conclusion: Option<Conclusion>,
    /// For the jitter of lookups.
    random: fastrand::Rng,
    now: Now,
    /// When the command started, by the wall clock.
    started_at: Timestamp,
    effects: Vec<Effect>,
}

impl Engine {
    /// A command before its start, with these push connections. `random` is for jitter.
    pub fn new(plan: Arc<Plan>, routes: List<FeedId, Route>, mut random: fastrand::Rng) -> Self {
        let mut targets = Targets::default();
        for target in plan.targets.iter() {
            let (name, id) = (target.name.clone(), target.id.clone());
            targets.insert(Target::new(name, id, target.profile, Duration::ZERO));
        }
        for (feed, route) in routes.enumerate() {
            for (_, target) in &route.targets {
                targets[*target].feed = Some(feed);
            }
        }
        let profile =
            |id: ProfileId| ProfileState::new(&plan.profiles[id], plan.rules(id), random.fork());
        let mut profiles: List<ProfileId, _> = plan.profiles.ids().map(profile).collect();
        for (_, target) in targets.iter() {
            profiles[target.profile].open_targets += 1;
        }
        Engine {
            profiles,
            waiting_links: WaitingLinks::new(&routes),
            links: routes.iter().cloned().map(Link::new).collect(),
            account: Orders::default(),
            timers: TimerQueue::default(),
            suspend: SuspendDetector::new(),
            tally: Tally::new(targets.len()),
            targets,
            last_shown: Duration::ZERO,
            failures: Vec::new(),
            conclusion: None,
            random,
            now: Now { elapsed: Duration::ZERO, wall: Timestamp::UNIX_EPOCH },
            started_at: Timestamp::UNIX_EPOCH,
            effects: Vec::new(),
            plan,
        }
    }

    /// Applies an input, and returns the effects to execute. `now` must not go backwards.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        let due = self.next_timeout();
        let late = due.map_or(Duration::ZERO, |due| now.elapsed.saturating_sub(due));
        let before = std::mem::replace(&mut self.now, now);
        if self.conclusion.is_none() {
            let gap = now.elapsed.saturating_sub(before.elapsed);
            self.notice_suspension(late, gap);
            self.apply(input);
            self.run_timers();
            self.run_queues();
            self.open_waiting_links();
        }
        std::mem::take(&mut self.effects)
    }

    /// When [`Input::Wake`] is due at the latest, as time of the command; none if no timer is set.
    pub fn next_timeout(&self) -> Option<Duration> {
        if self.conclusion.is_some() {
            return None;
        }
        self.timers.first().map(|due| due.max(self.suspend.quiet_until()))
    }

    /// How the command ended; none while it runs.
    pub fn conclusion(&self) -> Option<Conclusion> {
        self.conclusion
    }

    fn apply(&mut self, input: Input) {
        match input {
            Input::Start => self.start(),
            Input::Wake => {}
            Input::Warning(warning) => self.warn(None, warning.code, warning.message),
            Input::Feed(feed, event) => self.link_event(feed, event),
            Input::LookupDone(done) => self.lookup_done(done),
            Input::ProbeDone(done) => self.probe_done(done),
            Input::OrdersListed(done) => self.orders_listed(done),
            Input::TokenRenewed(profile, renewed) => self.token_renewed(profile, renewed),
            Input::OutputFailed => self.stop(FailureKind::Io),
            Input::TimeIsUp => self.stop(FailureKind::TimedOut),
            Input::Interrupted(signal) => self.stop(FailureKind::Interrupted(signal)),
            Input::StandingAsked => self.emit(Event::Standing(self.standing())),
        }
    }

    /// After a suspension of this process the time of it does not count as an outage, and messages that arrived
    /// meanwhile are handled before timers. `--timeout` does count it.
    fn notice_suspension(&mut self, late: Duration, gap: Duration) {
        let now = self.now.elapsed;
        if let Some(suspended) = self.suspend.resumed_from_suspend(now, late, gap) {
            for profile in self.profiles.iter_mut() {
                profile.outage.exclude(suspended, now);
            }
        }
    }

    fn start(&mut self) {
        self.started_at = self.now.wall;
        for Warning { code, message } in self.plan.notices.clone() {
            self.warn(None, code, message);
        }
        if let Some(timeout) = self.plan.timeout {
            self.timers.add(timeout, Timer::Deadline);
        }
        if let Some(heartbeat) = self.plan.heartbeat {
            self.timers.add(heartbeat, Timer::Heartbeat);
        }
        for profile in self.plan.profiles.ids() {
            if self.needs_token(profile) {
                self.renew_token(profile, None);
            } else {
                self.plan_renewal_before_expiry(profile);
                self.start_profile(profile);
            }
        }
    }

    /// Opens the push connections. The first lookup follows the subscription, or comes after [`HEAD_START`], so that
    /// no change between the two is missed.
    fn start_profile(&mut self, profile: ProfileId) {
        self.profiles[profile].has_begun = true;
        for (feed, link) in self.links.enumerate() {
            if link.profile == profile && !link.waits() {
                self.effects.push(Effect::OpenFeed(feed));
            }
        }
        for target in self.open_targets_of(profile) {
            match self.plan.mode {
                Mode::Watch if !self.has_link(target) => self.look_up(target),
                Mode::Watch => self.look_up_at(target, self.now.elapsed + HEAD_START),
                Mode::WatchPushOnly => {}
                Mode::Poll | Mode::Get { .. } => self.look_up(target),
            }
        }
    }

    /// Whether a push connection serves a target, or is about to.
    fn has_link(&self, target: TargetId) -> bool {
        self.targets[target].feed.is_some_and(|feed| !self.links[feed].waits())
    }

    fn run_timers(&mut self) {
        if !self.suspend.may_run(self.now.elapsed) {
            return;
        }
        while self.conclusion.is_none() {
            let Some((due, timer)) = self.timers.pop(self.now.elapsed) else {
                return;
            };
            match timer {
                Timer::Deadline => self.stop(FailureKind::TimedOut),
                Timer::Heartbeat => self.heartbeat(),
                Timer::Outage(profile) => self.check_outage(profile),
                Timer::Queue => {}
                Timer::Listing(feed) => self.list_missed(feed),
                Timer::Renewal(profile) => self.renewal_due(profile, due),
                Timer::NothingHeard(feed) => self.warn_of_missing_reports(feed),
                Timer::Grace(target) => self.decide(target),
                Timer::HeldPush(target) => self.hold_ended(target),
                Timer::Lookup(target) => {
                    if self.targets.get(target).is_some_and(|target| target.is_planned(due)) {
                        self.look_up(target);
                    }
                }
            }
        }
    }

    fn heartbeat(&mut self) {
        let Some(interval) = self.plan.heartbeat else {
            return;
        };
        if self.now.elapsed >= self.last_shown + interval {
            self.emit(Event::Heartbeat(self.still_open()));
            self.last_shown = self.now.elapsed;
        }
        self.timers.add(self.last_shown + interval, Timer::Heartbeat);
    }

    fn open_targets_of(&self, profile: ProfileId) -> Vec<TargetId> {
        let open = self.targets.all_open();
        open.filter(|(_, target)| target.profile == profile).map(|(id, _)| id).collect()
    }

    fn emit(&mut self, event: Event) {
        let at = self.now.wall;
        self.effects.push(Effect::Emit(Box::new(Stamped { at, event })));
    }

    fn warn(&mut self, target: Option<TargetId>, code: WarningCode, message: String) {
        let target = target.map(|target| self.targets[target].name.target.clone());
        self.emit(Event::Warning { target, warning: Warning { code, message } });
    }

    /// Warns about a target, once for each code.
    fn warn_once(&mut self, target: TargetId, code: WarningCode, message: String) {
        if self.targets[target].is_first_warning(code) {
            self.warn(Some(target), code, message);
        }
    }

    /// The provider's name for messages.
    fn title(&self, profile: ProfileId) -> &str {
        &self.plan.profiles[profile].provider.spec().title
    }

    /// Whether a profile can be polled. Some providers have public push connections, but need a token for lookups.
    fn can_poll(&self, profile: ProfileId) -> bool {
        self.plan.profiles[profile].can_poll
    }
}

/// A duration for people: in whole seconds, or in milliseconds if it is shorter than a second.
fn whole_seconds(duration: Duration) -> Duration {
    match duration.as_secs() {
        0 => Duration::from_millis(duration.as_millis() as u64),
        seconds => Duration::from_secs(seconds),
    }
}

#[cfg(test)]
mod tests;
