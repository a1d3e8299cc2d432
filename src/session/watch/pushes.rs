//! Push connections: what comes over them, and what their coming and going means.

use std::time::Duration;

use super::agenda::Timer;
use super::health::{Refusal, whole_seconds};
use super::{Command, FeedInput, FeedState, LinkState, Renewal, Watch};
use crate::error::Failure;
use crate::exit::Code;
use crate::lifecycle::{Observation, Source};
use crate::provider::{BAD_SIGNATURE, Id};
use crate::render::{Connection, ConnectionState, Event};
use crate::session::plan::Mode;
use crate::transport::{self, ErrorKind};

/// How many odd messages of a connection are quoted, and each only once.
const MOST_QUOTED: usize = 20;

impl Watch {
    pub(super) fn pushed(&mut self, feed: usize, input: FeedInput) {
        let profile = self.feeds[feed].profile;
        match input {
            FeedInput::Connecting(attempt) => {
                self.asked(profile);
                self.connection(feed, ConnectionState::Connecting, attempt, None, None);
            }
            FeedInput::Live => self.live(feed),
            FeedInput::Alive => self.feed_heard(feed),
            FeedInput::Subscribed(ids) => {
                self.feed_heard(feed);
                self.subscribed(feed, &ids);
            }
            FeedInput::Unserved(ids, why) => {
                self.feed_heard(feed);
                self.unserved(feed, &ids, &why);
            }
            FeedInput::Observed(id, report) => {
                self.feed_heard(feed);
                self.profiles[profile].understood = true;
                let heard = self.now.elapsed;
                if self.feeds[feed].account {
                    // What is signed with our token shows that it is the right one.
                    self.accepted(profile, Source::Push);
                }
                if let Some(target) = self.followed(feed, id) {
                    let observation = Observation { report: *report, source: Source::Push, heard };
                    self.observe(target, observation);
                }
            }
            FeedInput::Warning(code, message) => {
                self.feed_heard(feed);
                self.odd(feed, code, message);
            }
            FeedInput::Refused(code, message) => {
                let failure = Failure::new(code, message);
                let failure = if self.asks(profile) && !self.plan.account {
                    failure.hint("txwatch poll, or --transport poll, does without push")
                } else {
                    failure
                };
                self.fail_profile(profile, failure);
            }
            FeedInput::Lost { error, attempt, retry_in, generation } => {
                self.lost(feed, error, attempt, retry_in, generation);
            }
        }
    }

    /// A peer that talks nonsense without end is quoted only for a while.
    fn odd(&mut self, feed: usize, code: &'static str, message: String) {
        let target = self.only_target(feed);
        if code == BAD_SIGNATURE {
            self.doubt_token(self.feeds[feed].profile);
        }
        let state = &mut self.feeds[feed];
        state.oddities = state.oddities.saturating_add(1);
        if state.quoted.len() < MOST_QUOTED && state.quoted.insert(message.clone()) {
            let more = if state.quoted.len() == MOST_QUOTED {
                "; more of this is counted, not told"
            } else {
                ""
            };
            self.warn(target, code, format!("{message}{more}"));
        }
    }

    /// Messages that are signed with another token than ours: a newer one may have been issued elsewhere.
    fn doubt_token(&mut self, profile: usize) {
        let credential = &self.plan.profiles[profile].credential;
        if credential.is_renewable() && self.profiles[profile].renewal == Renewal::Possible {
            self.renew(profile, Some(Source::Push));
        }
    }

    /// How much nonsense there was, where not all of it was quoted.
    pub(super) fn tell_oddities(&mut self) {
        let told = |feed: &FeedState| (feed.profile, feed.oddities, feed.quoted.len());
        let told: Vec<_> = self.feeds.iter().map(told).collect();
        for (profile, count, _) in told.into_iter().filter(|(_, count, told)| *count > *told as u32)
        {
            let name = &self.plan.profiles[profile].name;
            let message = format!("{count} messages of {name} were ignored in all");
            self.warn(None, "bad_frames", message);
        }
    }

    /// The target that a report is for, if anybody still waits for it.
    fn followed(&mut self, feed: usize, id: Id) -> Option<usize> {
        if self.feeds[feed].account {
            return Some(self.order(feed, id));
        }
        self.open(feed, &id)
    }

    fn open(&self, feed: usize, id: &Id) -> Option<usize> {
        let target = self.feeds[feed].targets.get(id).copied()?;
        self.targets[target].settled.is_none().then_some(target)
    }

    /// What happened before must be asked for.
    fn subscribed(&mut self, feed: usize, ids: &[Id]) {
        let targets: Vec<usize> = if self.feeds[feed].account {
            self.targets_of(self.feeds[feed].profile)
        } else {
            ids.iter().filter_map(|id| self.open(feed, id)).collect()
        };
        for target in targets {
            self.targets[target].subscribed = true;
            self.pull(target);
        }
    }

    /// Push does not serve these; requests have to.
    fn unserved(&mut self, feed: usize, ids: &[Id], why: &str) {
        let profile = self.feeds[feed].profile;
        let title = self.plan.profiles[profile].provider.spec().title;
        let refused = format!("{title} refuses the subscription: {why}");
        if self.feeds[feed].account {
            return self.fail_profile(profile, Failure::new(Code::Denied, refused));
        }
        for target in ids.iter().filter_map(|id| self.open(feed, id)).collect::<Vec<_>>() {
            if self.is_carried_by_push(profile) {
                self.fail(target, Failure::new(Code::Denied, refused.clone()));
            } else {
                self.warn_once(target, "push_unavailable", format!("{refused}; polling instead"));
                self.pull(target);
            }
        }
    }

    /// Whether nothing but push can carry the watch.
    fn is_carried_by_push(&self, profile: usize) -> bool {
        self.plan.mode == Mode::WatchPushOnly || !self.asks(profile)
    }

    /// Nobody can ask whether an id exists whose channel stays silent, so it is told once.
    pub(super) fn tell_unheard(&mut self, feed: usize) {
        /// More than these are told in one sentence.
        const MOST: usize = 10;
        let unheard: Vec<usize> = self.feeds[feed].targets.values().copied().collect();
        let unheard: Vec<usize> = unheard
            .into_iter()
            .filter(|target| {
                let state = &self.targets[*target];
                state.settled.is_none() && state.tracker.status().is_none()
            })
            .collect();
        let cannot = "without an access token txwatch cannot check that";
        if unheard.len() > MOST {
            let count = unheard.len();
            let message = format!("nothing heard yet of {count} orders; {cannot} they exist");
            return self.warn(None, "nothing_heard", message);
        }
        for target in unheard {
            let message = format!("nothing heard yet; {cannot} this order exists");
            self.warn_once(target, "nothing_heard", message);
        }
    }

    fn feed_heard(&mut self, feed: usize) {
        self.feeds[feed].heard = self.now.elapsed;
        self.heard(self.feeds[feed].profile);
    }

    fn live(&mut self, feed: usize) {
        self.feed_heard(feed);
        if self.feeds[feed].authenticated {
            self.accepted(self.feeds[feed].profile, Source::Push);
        }
        self.tell_gap(feed);
        let state = &mut self.feeds[feed];
        state.link = LinkState::Live;
        if std::mem::replace(&mut state.was_live, true) {
            for target in self.feeds[feed].targets.values() {
                self.targets[*target].reconnects += 1;
            }
        } else if let Some(limit) = self.plan.profiles[state.profile].appear_timeout
            && !self.plan.profiles[state.profile].asks
        {
            self.agenda.add(self.now.elapsed.saturating_add(limit), Timer::Unheard(feed));
        }
        self.connection(feed, ConnectionState::Live, 0, None, None);
    }

    /// Where nobody can be asked, what happened while the connection was down is missed.
    fn tell_gap(&mut self, feed: usize) {
        let state = &mut self.feeds[feed];
        let Some(since) = state.down_since.take().filter(|_| state.was_live) else {
            return;
        };
        if !self.asks(self.feeds[feed].profile) {
            let gap = self.now.elapsed.saturating_sub(since);
            let message = format!(
                "the connection was down for {}; a change in between was missed",
                humantime::format_duration(whole_seconds(gap))
            );
            self.warn(self.only_target(feed), "gap", message);
        }
    }

    /// While push is down, something may have ended: look at once, and keep looking.
    fn lost(
        &mut self,
        feed: usize,
        error: transport::Error,
        attempt: u32,
        retry_in: Duration,
        generation: u32,
    ) {
        let profile = self.feeds[feed].profile;
        let reason = error.to_string();
        let newly = !matches!(self.feeds[feed].link, LinkState::Down { .. });
        let retry_at = self.now.elapsed.saturating_add(retry_in);
        self.feeds[feed].link = LinkState::Down { reason: reason.clone(), retry_at };
        for target in self.feeds[feed].targets.values() {
            self.targets[*target].subscribed = false;
        }
        self.connection(feed, ConnectionState::Lost, attempt, Some(retry_in), Some(reason.clone()));
        if !self.asks(profile) && self.feeds[feed].down_since.is_none() {
            let message = format!("{reason}; trying again, and nothing is heard until then");
            self.warn(self.only_target(feed), "push_lost", message);
        }
        self.feeds[feed].down_since.get_or_insert(self.now.elapsed);
        match error.kind {
            ErrorKind::Denied => self.denied(Refusal {
                profile,
                target: self.only_target(feed),
                side: Source::Push,
                generation,
                message: reason,
            }),
            ErrorKind::Untrusted => {
                self.fail_profile(profile, Failure::from_error(Code::Protocol, error))
            }
            ErrorKind::Unsupported if self.is_carried_by_push(profile) => {
                let failure = Failure::from_error(Code::Denied, error);
                let failure = if self.asks(profile) {
                    failure.hint("without --transport push, polling would carry the watch")
                } else {
                    failure.hint("is the push_url right?")
                };
                self.fail_profile(profile, failure);
            }
            ErrorKind::Unsupported => {
                if !std::mem::replace(&mut self.feeds[feed].warned, true) {
                    let target = self.only_target(feed);
                    self.warn(target, "push_unavailable", format!("{reason}; polling instead"));
                }
            }
            ErrorKind::Unreachable => self.trouble(profile, reason),
        }
        if newly && !self.is_carried_by_push(profile) && self.exit.is_none() {
            self.fall_back(feed, retry_in);
        }
    }

    fn fall_back(&mut self, feed: usize, retry_in: Duration) {
        let targets: Vec<_> = self.feeds[feed].targets.values().copied().collect();
        if targets.iter().all(|target| self.targets[*target].settled.is_some()) {
            return;
        }
        self.connection(feed, ConnectionState::Polling, 0, Some(retry_in), None);
        for target in targets {
            self.pull(target);
        }
    }

    fn connection(
        &mut self,
        feed: usize,
        state: ConnectionState,
        attempt: u32,
        retry_in: Option<Duration>,
        reason: Option<String>,
    ) {
        let profile = &self.plan.profiles[self.feeds[feed].profile];
        let only = self.only_target(feed);
        let connection = Connection {
            profile: profile.name.clone(),
            target: only.map(|target| self.targets[target].name.target.clone()),
            state,
            transport: match state {
                ConnectionState::Polling => "rest",
                _ => profile.provider.push_name(),
            },
            attempt,
            retry_in,
            reason,
        };
        self.emit(Event::Connection(connection));
    }

    fn only_target(&self, feed: usize) -> Option<usize> {
        let feed = &self.feeds[feed];
        let mut targets = feed.targets.values();
        match (targets.next(), targets.next()) {
            (Some(only), None) if !feed.account => Some(*only),
            _ => None,
        }
    }

    /// A settled target needs its feed no more; a feed without targets needs no connection.
    pub(super) fn release(&mut self, target: usize) {
        let Some(feed) = self.targets[target].feed else {
            return;
        };
        self.feeds[feed].unsettled -= 1;
        if self.feeds[feed].account {
            return;
        }
        match self.feeds[feed].unsettled {
            0 => self.out.push(Command::Close(feed)),
            _ => self.out.push(Command::Forget(feed, self.targets[target].id.clone())),
        }
    }
}
