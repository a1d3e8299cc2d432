//! The request queue of a profile. All lookups go through it, so that limits, quotas and `Retry-After` are honoured
//! in one place.

use std::collections::VecDeque;
use std::time::Duration;

use super::token_bucket::TokenBucket;
use super::{FeedId, TargetId};
use crate::provider::Quota;

/// How many lookups of a profile may be under way at the same time.
const MAX_IN_FLIGHT: usize = 8;

/// The targets of a profile that are to be looked up.
pub(super) struct RequestQueue {
    /// How many targets one lookup may serve.
    batch: usize,
    waiting: VecDeque<Waiting>,
    probe: Probe,
    /// Whether no lookup is started until the probe is done.
    is_held: bool,
    /// The push connection of the account whose orders are to be listed.
    listing: Option<FeedId>,
    is_listing: bool,
    /// For each lookup under way, how many requests were taken out of the quotas for it. They end in any order, which
    /// the sums do not depend on.
    in_flight: VecDeque<u32>,
    /// As time of the command.
    closed_until: Duration,
    buckets: Vec<TokenBucket>,
    /// How many requests the last lookup made, and the next one is expected to make.
    cost: u32,
    /// Set while the quota is used up: until this time of the command.
    exhausted_until: Option<Duration>,
}

/// A target in the queue.
#[derive(Clone, Copy)]
struct Waiting {
    target: TargetId,
    /// Whether it is looked up without others.
    is_alone: bool,
}

/// The probe of a profile: a lookup of an id that nobody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    None,
    Wanted,
    InFlight,
}

/// The next lookup of a queue.
#[derive(Debug, PartialEq)]
pub(super) enum NextLookup {
    /// A lookup of these targets.
    Lookup(Vec<TargetId>),
    /// The probe.
    Probe,
    /// The listing of the orders of this connection's account.
    Listing(FeedId),
    /// The quota is used up until this time of the command, which was not returned before.
    QuotaExhausted(Duration),
    /// None at present.
    None,
}

impl RequestQueue {
    /// An empty queue of lookups that serve at most `batch` targets each.
    pub(super) fn new(batch: usize, quotas: &[Quota]) -> Self {
        RequestQueue {
            batch: batch.max(1),
            waiting: VecDeque::new(),
            probe: Probe::None,
            is_held: false,
            listing: None,
            is_listing: false,
            in_flight: VecDeque::new(),
            closed_until: Duration::ZERO,
            buckets: quotas.iter().map(TokenBucket::new).collect(),
            cost: 1,
            exhausted_until: None,
        }
    }

    /// Adds a target; `is_alone` says that it is looked up without others.
    pub(super) fn push(&mut self, target: TargetId, is_alone: bool) {
        self.waiting.push_back(Waiting { target, is_alone });
    }

    /// Has a probe made before the next lookup; `is_held` says that no lookup is started until it is done.
    pub(super) fn want_probe(&mut self, is_held: bool) {
        self.is_held = is_held;
        if self.probe == Probe::None {
            self.probe = Probe::Wanted;
        }
    }

    /// Has no probe made, unless it is under way.
    pub(super) fn drop_probe(&mut self) {
        if self.probe == Probe::Wanted {
            self.probe = Probe::None;
        }
    }

    /// The probe is done, which made this many requests.
    pub(super) fn probe_finished(&mut self, now: Duration, requests: u32) {
        let cost = self.cost;
        self.lookup_finished(now, requests);
        self.cost = cost;
        self.probe = Probe::None;
    }

    /// Has an account's orders listed before the next lookup; after the listing that is under way, if one is.
    pub(super) fn want_listing(&mut self, feed: FeedId) {
        self.listing = Some(feed);
    }

    /// Has no orders listed, unless that is under way.
    pub(super) fn drop_listing(&mut self) {
        self.listing = None;
    }

    /// The listing is done, which made this many requests.
    pub(super) fn listing_finished(&mut self, now: Duration, requests: u32) {
        let cost = self.cost;
        self.lookup_finished(now, requests);
        self.cost = cost;
        self.is_listing = false;
    }

    /// How many lookups are under way, with the probe and the listing.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// The next lookup. Targets for which `is_open` returns false are dropped.
    pub(super) fn next(
        &mut self,
        now: Duration,
        mut is_open: impl FnMut(TargetId) -> bool,
    ) -> NextLookup {
        let is_full = self.in_flight.len() >= MAX_IN_FLIGHT;
        let is_held = self.is_held && self.probe == Probe::InFlight;
        if is_full || is_held || now < self.closed_until {
            return NextLookup::None;
        }
        while self.waiting.front().is_some_and(|first| !is_open(first.target)) {
            self.waiting.pop_front();
        }
        let may_list = self.listing.is_some() && !self.is_listing;
        if self.waiting.is_empty() && self.probe != Probe::Wanted && !may_list {
            return NextLookup::None;
        }
        let available_at = self.buckets.iter().map(|bucket| bucket.available_at(self.cost)).max();
        let available_at = available_at.unwrap_or_default();
        if now < available_at {
            let is_new = self.exhausted_until.replace(available_at) != Some(available_at);
            return if is_new {
                NextLookup::QuotaExhausted(available_at)
            } else {
                NextLookup::None
            };
        }
        self.exhausted_until = None;
        self.in_flight.push_back(self.cost);
        self.buckets.iter_mut().for_each(|bucket| bucket.take(now, self.cost));
        if self.probe == Probe::Wanted {
            self.probe = Probe::InFlight;
            return NextLookup::Probe;
        }
        if let Some(feed) = self.listing.take_if(|_| may_list) {
            self.is_listing = true;
            return NextLookup::Listing(feed);
        }
        NextLookup::Lookup(self.next_batch(is_open))
    }

    /// The first targets, as many as one lookup may serve.
    fn next_batch(&mut self, mut is_open: impl FnMut(TargetId) -> bool) -> Vec<TargetId> {
        let mut targets = Vec::new();
        while targets.len() < self.batch
            && let Some(next) = self.waiting.front().copied()
            && (targets.is_empty() || !next.is_alone)
        {
            self.waiting.pop_front();
            if is_open(next.target) {
                targets.push(next.target);
                if next.is_alone {
                    break;
                }
            }
        }
        targets
    }

    /// A lookup is done, which made this many requests. The quotas count requests, so the difference to what was
    /// expected is taken out of them or put back.
    pub(super) fn lookup_finished(&mut self, now: Duration, requests: u32) {
        let requests = requests.max(1);
        let taken = self.in_flight.pop_front().unwrap_or(requests);
        for bucket in &mut self.buckets {
            if requests > taken {
                bucket.take(now, requests - taken);
            } else {
                bucket.put_back(taken - requests);
            }
        }
        self.cost = requests;
    }

    pub(super) fn is_closed(&self, now: Duration) -> bool {
        now < self.closed_until
    }

    /// Closes the queue until this time of the command, or longer if it is closed longer already. Returns until when.
    pub(super) fn close_until(&mut self, time: Duration) -> Duration {
        self.closed_until = self.closed_until.max(time);
        self.closed_until
    }

    /// How many targets wait, and how long the last of them has to wait for the quota, if there is one.
    pub(super) fn backlog(&self, now: Duration) -> (usize, Option<Duration>) {
        let waiting = self.waiting.len();
        let requests = waiting.div_ceil(self.batch).saturating_mul(self.cost as usize);
        (waiting, self.buckets.iter().map(|bucket| bucket.wait(now, requests)).max())
    }
}

#[cfg(test)]
#[path = "request_queue_tests.rs"]
mod tests;
