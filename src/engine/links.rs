//! Push connections: their signals, and what follows if one is live, lost or refused.

use std::time::Duration;

use super::bad_responses::MAX_FIRST;
use super::link::PreviousState;
use super::timer_queue::Timer;
use super::tokens::Denial;
use super::{Effect, Engine, FeedId, LinkEvent, TargetId};
use crate::error::{Failure, FailureKind, Hint};
use crate::event::{Connection, ConnectionState, Event};
use crate::lifecycle::{Observation, Source};
use crate::provider::{DenialReason, FeedSignal, Id, Report};
use crate::transport::{self, ErrorKind};
use crate::warning::{Warning, WarningCode};

/// How many targets without a report are warned about one by one; more of them share one warning.
const MAX_NAMED: usize = 10;

impl Engine {
    pub(super) fn link_event(&mut self, feed: FeedId, event: LinkEvent) {
        match event {
            LinkEvent::Connecting { attempt } => {
                self.gap_begins(feed);
                self.attempt_started(self.links[feed].profile);
                self.emit_connection(feed, ConnectionState::Connecting, attempt, None, None);
            }
            LinkEvent::Alive => self.link_received(feed),
            LinkEvent::Signal(signal) => self.signal(feed, signal),
            LinkEvent::Lost { error, attempt, retry_in, generation } => {
                self.link_lost(feed, error, attempt, retry_in, generation);
            }
        }
    }

    fn signal(&mut self, feed: FeedId, signal: FeedSignal) {
        if let FeedSignal::Refused(refusal) = signal {
            return self.link_refused(feed, refusal);
        }
        self.link_received(feed);
        match signal {
            FeedSignal::Live => self.link_live(feed),
            FeedSignal::Subscribed(ids) => self.subscribed(feed, &ids),
            FeedSignal::SubscriptionRejected(ids, reason) => {
                self.subscription_rejected(feed, &ids, &reason);
            }
            FeedSignal::Observed(id, report) => self.pushed(feed, id, *report),
            FeedSignal::Changed(ids) => {
                for target in self.served(feed, ids.as_deref()) {
                    self.look_up(target);
                }
            }
            FeedSignal::Exists(id) => {
                if let Some(target) = self.open_target(feed, &id) {
                    self.targets[target].exists = true;
                }
            }
            FeedSignal::Warning(warning) => self.malformed_message(feed, warning),
            FeedSignal::Refused(_) => {}
        }
    }

    fn link_received(&mut self, feed: FeedId) {
        let link = &mut self.links[feed];
        link.last_received = self.now.elapsed;
        link.gap.received(self.now.wall);
        self.profiles[link.profile].outage.received();
    }

    fn pushed(&mut self, feed: FeedId, id: Id, report: Report) {
        let profile = self.links[feed].profile;
        self.profiles[profile].was_understood = true;
        let target = if self.links[feed].account {
            // The message is signed with the token, so the token is valid.
            self.profiles[profile].accepted(Source::Push);
            Some(self.order(feed, id, &report))
        } else {
            self.open_target(feed, &id)
        };
        if let Some(target) = target {
            let at = self.now.elapsed;
            self.observe(target, Observation { report, source: Source::Push, at });
        }
    }

    fn malformed_message(&mut self, feed: FeedId, warning: Warning) {
        let only = self.links[feed].only_target();
        if warning.code == WarningCode::BadSignature {
            self.suspect_token(self.links[feed].profile);
        }
        if let Some(message) = self.links[feed].malformed(&warning.message) {
            self.warn(only, warning.code, message);
        }
    }

    /// Warns how many messages were malformed, if not all of them were quoted.
    pub(super) fn warn_of_malformed(&mut self) {
        let unquoted_total =
            self.links.iter().filter_map(|link| Some((link.profile, link.unquoted_total()?)));
        for (profile, count) in unquoted_total.collect::<Vec<_>>() {
            let name = &self.plan.profiles[profile].name;
            let message = format!("{count} messages of {name} were ignored in all");
            self.warn(None, WarningCode::MalformedMessages, message);
        }
    }

    /// The target with an id, if it is open.
    fn open_target(&self, feed: FeedId, id: &Id) -> Option<TargetId> {
        let target = self.links[feed].target(id)?;
        self.targets[target].is_open().then_some(target)
    }

    /// The open targets of a connection: those with these ids, or all of them.
    pub(super) fn served(&self, feed: FeedId, ids: Option<&[Id]>) -> Vec<TargetId> {
        match ids {
            Some(ids) => ids.iter().filter_map(|id| self.open_target(feed, id)).collect(),
            None => {
                let all = self.links[feed].targets().into_iter();
                all.filter(|target| self.targets[*target].is_open()).collect()
            }
        }
    }

    /// Changes before the subscription are not pushed, so the targets are looked up.
    fn subscribed(&mut self, feed: FeedId, ids: &[Id]) {
        if self.links[feed].account {
            self.gap_ends(feed);
        }
        let link = &self.links[feed];
        let targets = if link.account {
            self.open_targets_of(link.profile)
        } else {
            self.served(feed, Some(ids))
        };
        for target in targets {
            self.targets[target].subscribed = true;
            self.look_up(target);
        }
    }

    /// Warns once about targets without a report, which cannot be polled and may not exist.
    pub(super) fn warn_of_missing_reports(&mut self, feed: FeedId) {
        let mut unseen = self.served(feed, None);
        unseen.retain(|target| self.targets[*target].tracker.status().is_none());
        let cannot = "without an access token txwatch cannot check that";
        if unseen.len() > MAX_NAMED {
            let count = unseen.len();
            let message = format!("nothing heard yet of {count} orders; {cannot} they exist");
            return self.warn(None, WarningCode::NothingHeard, message);
        }
        for target in unseen {
            let message = format!("nothing heard yet; {cannot} this order exists");
            self.warn_once(target, WarningCode::NothingHeard, message);
        }
    }

    fn link_live(&mut self, feed: FeedId) {
        let profile = self.links[feed].profile;
        if self.links[feed].authenticated {
            self.profiles[profile].accepted(Source::Push);
        }
        match self.links[feed].set_live(self.now.elapsed) {
            PreviousState::Never => {
                let settings = &self.plan.profiles[profile];
                if let Some(limit) = settings.appear_timeout.filter(|_| !settings.can_poll) {
                    let due = self.now.elapsed.saturating_add(limit);
                    self.timers.add(due, Timer::NothingHeard(feed));
                }
            }
            PreviousState::Down(gap) => {
                self.warn_of_gap(feed, gap);
                self.count_reconnect(feed);
            }
            PreviousState::Live => self.count_reconnect(feed),
        }
        self.emit_connection(feed, ConnectionState::Live, 0, None, None);
    }

    fn count_reconnect(&mut self, feed: FeedId) {
        for target in self.links[feed].targets() {
            self.targets[target].reconnects += 1;
        }
    }

    /// While a connection is down its targets are polled, beginning at once.
    fn link_lost(
        &mut self,
        feed: FeedId,
        error: transport::Error,
        attempt: u32,
        retry_in: Duration,
        generation: u32,
    ) {
        let profile = self.links[feed].profile;
        let reason = error.to_string();
        let retry_at = self.now.elapsed.saturating_add(retry_in);
        let is_newly_down = self.links[feed].set_down(reason.clone(), retry_at);
        self.gap_begins(feed);
        for target in self.links[feed].targets() {
            self.targets[target].subscribed = false;
        }
        let shown_reason = Some(reason.clone());
        self.emit_connection(feed, ConnectionState::Lost, attempt, Some(retry_in), shown_reason);
        if self.links[feed].count_down_time(self.now.elapsed) && !self.can_poll(profile) {
            let message = format!("{reason}; trying again, and nothing is heard until then");
            self.warn(self.links[feed].only_target(), WarningCode::PushLost, message);
        }
        let is_repeated = attempt >= MAX_FIRST;
        self.link_failed(feed, error, reason, generation, is_repeated);
        if is_newly_down && !self.needs_push(profile) && self.conclusion.is_none() {
            self.fall_back_to_polling(feed, retry_in);
        }
    }

    /// Handles the error of a lost connection. `is_repeated` says that several attempts in a row failed.
    fn link_failed(
        &mut self,
        feed: FeedId,
        error: transport::Error,
        reason: String,
        generation: u32,
        is_repeated: bool,
    ) {
        let profile = self.links[feed].profile;
        let only = self.links[feed].only_target();
        // A connection that was up proves the address, also where it takes no token.
        let was_live = self.links[feed].was_live;
        let was_right = was_live || self.rides_out(profile);
        match error.kind {
            ErrorKind::Denied
                if error.may_be_gateway
                    && (self.profiles[profile].token.was_accepted(generation)
                        || was_right
                        || !self.needs_push(profile)) =>
            {
                self.attempt_failed(profile, reason, FailureKind::Unreachable);
            }
            // Whoever answers requests without a token may still want one for its events.
            ErrorKind::Denied
                if !self.needs_push(profile)
                    && self.plan.profiles[profile].provider.is_public() =>
            {
                self.push_unavailable(feed, &reason);
            }
            // Whose trouble it is, the answers to requests show.
            ErrorKind::Denied if self.may_be_refused_for_one(feed) => {
                self.push_unavailable(feed, &reason);
            }
            ErrorKind::Denied => {
                let (target, side, message) = (only, Source::Push, reason);
                let reason = DenialReason::Token;
                self.denied(Denial { profile, target, side, generation, reason, message });
            }
            ErrorKind::Untrusted if was_right => {
                self.attempt_failed(profile, reason, FailureKind::Untrusted);
            }
            ErrorKind::Misconfigured if was_right => {
                self.attempt_failed(profile, reason, FailureKind::Config);
            }
            ErrorKind::Misconfigured => {
                self.fail_profile(profile, Failure::from_error(FailureKind::Config, error));
            }
            ErrorKind::Unusable if !is_repeated || !self.needs_push(profile) || was_right => {
                self.attempt_failed(profile, reason, FailureKind::Unreachable);
            }
            ErrorKind::Unusable | ErrorKind::Untrusted => {
                self.fail_profile(profile, Failure::from_error(FailureKind::Untrusted, error));
            }
            ErrorKind::Unsupported if was_live => {
                self.attempt_failed(profile, reason, FailureKind::Unreachable);
            }
            ErrorKind::Unsupported if self.needs_push(profile) => {
                let failure = Failure::from_error(FailureKind::Denied, error);
                let hint = if self.can_poll(profile) {
                    Hint::PushIsOptional
                } else {
                    "is the push_url right?".into()
                };
                self.fail_profile(profile, failure.hint(hint));
            }
            ErrorKind::Unsupported => self.push_unavailable(feed, &reason),
            ErrorKind::Unreachable => {
                self.attempt_failed(profile, reason, FailureKind::Unreachable);
            }
        }
    }

    fn fall_back_to_polling(&mut self, feed: FeedId, retry_in: Duration) {
        let targets = self.served(feed, None);
        if targets.is_empty() {
            return;
        }
        self.emit_connection(feed, ConnectionState::Polling, 0, Some(retry_in), None);
        for target in targets {
            self.look_up(target);
        }
    }

    fn emit_connection(
        &mut self,
        feed: FeedId,
        state: ConnectionState,
        attempt: u32,
        retry_in: Option<Duration>,
        reason: Option<String>,
    ) {
        let link = &self.links[feed];
        let profile = &self.plan.profiles[link.profile];
        let only = link.only_target();
        let connection = Connection {
            profile: profile.name.clone(),
            target: only.map(|target| self.targets[target].name.target.clone()),
            state,
            transport: match state {
                ConnectionState::Polling => "rest",
                _ => profile.provider.spec().push_name,
            },
            attempt,
            retry_in,
            reason,
        };
        self.emit(Event::Connection(connection));
    }

    /// Removes a settled target from its connection, and closes a connection without open targets.
    pub(super) fn release_link(&mut self, target: TargetId) {
        let Some(feed) = self.targets[target].feed else {
            return;
        };
        let link = &mut self.links[feed];
        let is_needed = link.settle_one();
        if link.account {
            return;
        }
        if is_needed {
            let id = self.targets[target].id.clone();
            self.effects.push(Effect::Forget(feed, id));
        } else if !self.links[feed].waits() {
            self.effects.push(Effect::CloseFeed(feed));
            self.waiting_links.closed_one();
        }
    }

    /// Opens connections in the place of those that were closed.
    pub(super) fn open_waiting_links(&mut self) {
        while self.conclusion.is_none()
            && let Some(feed) = self.waiting_links.next()
        {
            if !self.links[feed].stop_waiting() {
                continue;
            }
            self.waiting_links.opened_one();
            // Otherwise it is opened with the others of its profile.
            if self.profiles[self.links[feed].profile].has_begun {
                self.effects.push(Effect::OpenFeed(feed));
            }
        }
    }
}
