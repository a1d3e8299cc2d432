//! Push connections: what comes over them, and what their coming and going means.

use std::cmp::Ordering;
use std::time::Duration;

use super::health::Refusal;
use super::{Command, FeedInput, LinkState, Watch};
use crate::error::Failure;
use crate::exit::Code;
use crate::lifecycle::{Observation, Source};
use crate::provider::Id;
use crate::render::{Connection, ConnectionState, Event};
use crate::session::plan::Mode;
use crate::transport::{self, ErrorKind};

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
                for target in self.known(feed, &ids) {
                    self.pull(target);
                }
            }
            FeedInput::Observed(id, report) => {
                self.feed_heard(feed);
                self.profiles[profile].understood = true;
                let heard = self.now.elapsed;
                for target in self.known(feed, &[id]) {
                    let report = (*report).clone();
                    self.observe(target, Observation { report, source: Source::Push, heard });
                }
            }
            FeedInput::Warning(code, message) => {
                self.feed_heard(feed);
                self.odd(feed, code, message);
            }
            FeedInput::Refused(code, message) => {
                self.fail_profile(profile, Failure::new(code, message));
            }
            FeedInput::Lost { error, attempt, retry_in, generation } => {
                self.lost(feed, error, attempt, retry_in, generation);
            }
        }
    }

    /// A peer that talks nonsense without end is quoted only for a while.
    fn odd(&mut self, feed: usize, code: &'static str, message: String) {
        const MOST: u32 = 20;
        let target = self.only_target(feed);
        let oddities = &mut self.feeds[feed].oddities;
        *oddities = oddities.saturating_add(1);
        match (*oddities).cmp(&MOST) {
            Ordering::Less => self.warn(target, code, message),
            Ordering::Equal => {
                self.warn(target, code, format!("{message}; more of it is not told"))
            }
            Ordering::Greater => {}
        }
    }

    fn known(&self, feed: usize, ids: &[Id]) -> Vec<usize> {
        let targets = &self.feeds[feed].targets;
        ids.iter()
            .filter_map(|id| targets.get(id).copied())
            .filter(|target| self.targets[*target].settled.is_none())
            .collect()
    }

    fn feed_heard(&mut self, feed: usize) {
        self.feeds[feed].heard = self.now.elapsed;
        self.heard(self.feeds[feed].profile);
    }

    fn live(&mut self, feed: usize) {
        self.feed_heard(feed);
        self.accepted(self.feeds[feed].profile, Source::Push);
        let state = &mut self.feeds[feed];
        state.link = LinkState::Live;
        if std::mem::replace(&mut state.was_live, true) {
            for target in self.feeds[feed].targets.values() {
                self.targets[*target].reconnects += 1;
            }
        }
        self.connection(feed, ConnectionState::Live, 0, None, None);
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
        self.connection(feed, ConnectionState::Lost, attempt, Some(retry_in), Some(reason.clone()));
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
            ErrorKind::Unsupported if self.plan.mode == Mode::WatchPushOnly => {
                let failure = Failure::from_error(Code::Denied, error)
                    .hint("without --transport push, polling would carry the watch");
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
        if newly && self.plan.mode == Mode::Watch && self.exit.is_none() {
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
            target: only.map(|target| self.plan.targets[target].name.target.clone()),
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
        let mut targets = self.feeds[feed].targets.values();
        match (targets.next(), targets.next()) {
            (Some(only), None) => Some(*only),
            _ => None,
        }
    }

    /// A settled target needs its feed no more; a feed without targets needs no connection.
    pub(super) fn release(&mut self, target: usize) {
        let Some(feed) = self.targets[target].feed else {
            return;
        };
        self.feeds[feed].unsettled -= 1;
        match self.feeds[feed].unsettled {
            0 => self.out.push(Command::Close(feed)),
            _ => self.out.push(Command::Forget(feed, self.plan.targets[target].id.clone())),
        }
    }
}
