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
mod tests {
    use super::*;
    use crate::engine::ListIndex;

    fn queue(batch: usize, targets: usize) -> RequestQueue {
        limited(batch, targets, &[])
    }

    fn limited(batch: usize, targets: usize, quotas: &[Quota]) -> RequestQueue {
        let mut queue = RequestQueue::new(batch, quotas);
        (0..targets).for_each(|target| queue.push(TargetId::at(target), false));
        queue
    }

    fn next(queue: &mut RequestQueue, now: Duration) -> NextLookup {
        queue.next(now, |_| true)
    }

    fn lookup(targets: impl IntoIterator<Item = usize>) -> NextLookup {
        NextLookup::Lookup(targets.into_iter().map(TargetId::at).collect())
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_lookup_takes_as_many_targets_as_it_may_in_their_order() {
        let mut queue = queue(3, 5);
        assert_eq!(next(&mut queue, seconds(0)), lookup([0, 1, 2]));
        assert_eq!(next(&mut queue, seconds(0)), lookup([3, 4]));
        assert_eq!(next(&mut queue, seconds(0)), NextLookup::None);
    }

    #[test]
    fn targets_that_are_not_open_are_dropped_and_cost_nothing() {
        let mut some = queue(3, 6);
        let open = |target: TargetId| [1, 4, 5].contains(&target.index());
        assert_eq!(some.next(seconds(0), open), lookup([1, 4, 5]));

        // A quota of one lookup, which they do not use.
        let mut none = limited(3, 6, &[Quota { requests: 1, within: seconds(60) }]);
        assert_eq!(none.next(seconds(0), |_| false), NextLookup::None);
        none.push(TargetId::at(7), false);
        assert_eq!(next(&mut none, seconds(0)), lookup([7]));
    }

    #[test]
    fn a_target_that_is_looked_up_alone_shares_no_lookup() {
        let mut queue = queue(3, 2);
        queue.push(TargetId::at(2), true);
        queue.push(TargetId::at(3), true);
        queue.push(TargetId::at(4), false);
        queue.push(TargetId::at(5), false);
        for expected in [vec![0, 1], vec![2], vec![3], vec![4, 5]] {
            assert_eq!(next(&mut queue, seconds(0)), lookup(expected));
        }
    }

    #[test]
    fn a_probe_comes_first_and_lookups_may_have_to_wait_for_it() {
        for is_held in [true, false] {
            let mut queue = queue(1, 20);
            (0..6).for_each(|target| assert_eq!(next(&mut queue, seconds(0)), lookup([target])));
            queue.want_probe(is_held);
            queue.want_probe(is_held);
            assert_eq!(next(&mut queue, seconds(0)), NextLookup::Probe);
            assert_eq!(queue.in_flight(), 7);
            queue.want_probe(is_held);
            let during = next(&mut queue, seconds(0));
            assert_eq!(during, if is_held { NextLookup::None } else { lookup([6]) });
            queue.probe_finished(seconds(0), 5);
            let after = if is_held { 6 } else { 7 };
            assert_eq!(next(&mut queue, seconds(0)), lookup([after]));
        }
    }

    #[test]
    fn a_probe_waits_for_an_open_queue_and_counts_for_the_quota() {
        let mut queue = limited(1, 1, &[Quota { requests: 5, within: seconds(400) }]);
        queue.close_until(seconds(10));
        queue.want_probe(true);
        assert_eq!(next(&mut queue, seconds(9)), NextLookup::None);
        assert_eq!(next(&mut queue, seconds(10)), NextLookup::Probe);
        queue.probe_finished(seconds(10), 1);
        assert_eq!(next(&mut queue, seconds(10)), NextLookup::QuotaExhausted(seconds(110)));
    }

    #[test]
    fn a_listing_comes_before_lookups_one_at_a_time_and_counts_for_the_quota() {
        let feed = FeedId::at(3);
        let mut queue = limited(1, 2, &[Quota { requests: 15, within: seconds(1_200) }]);
        queue.want_listing(feed);
        queue.close_until(seconds(10));
        assert_eq!(next(&mut queue, seconds(9)), NextLookup::None);
        assert_eq!(next(&mut queue, seconds(10)), NextLookup::Listing(feed));
        // Another one is wanted meanwhile, and is made after this one.
        queue.want_listing(feed);
        assert_eq!(next(&mut queue, seconds(10)), lookup([0]));
        queue.listing_finished(seconds(10), 1);
        assert_eq!(next(&mut queue, seconds(10)), NextLookup::Listing(feed));
        assert_eq!(next(&mut queue, seconds(10)), NextLookup::QuotaExhausted(seconds(110)));
        queue.want_listing(feed);
        queue.listing_finished(seconds(10), 1);
        queue.drop_listing();
        assert_eq!(next(&mut queue, seconds(110)), lookup([1]));
        assert_eq!(next(&mut queue, seconds(900)), NextLookup::None);
    }

    #[test]
    fn eight_lookups_are_in_flight_and_the_next_one_waits_for_one_of_them() {
        let mut queue = queue(3, 30);
        for first in (0..24).step_by(3) {
            assert_eq!(next(&mut queue, seconds(0)), lookup(first..first + 3));
        }
        assert_eq!(next(&mut queue, seconds(0)), NextLookup::None);
        queue.lookup_finished(seconds(0), 1);
        assert_eq!(next(&mut queue, seconds(0)), lookup([24, 25, 26]));
        assert_eq!(next(&mut queue, seconds(0)), NextLookup::None);
    }

    #[test]
    fn a_closed_queue_lets_nothing_through_and_never_opens_earlier() {
        let mut queue = queue(1, 2);
        assert_eq!(queue.close_until(seconds(20)), seconds(20));
        assert_eq!(queue.close_until(seconds(10)), seconds(20));
        assert!(queue.is_closed(Duration::from_millis(19_999)));
        assert_eq!(next(&mut queue, Duration::from_millis(19_999)), NextLookup::None);
        assert!(!queue.is_closed(seconds(20)));
        assert_eq!(next(&mut queue, seconds(20)), lookup([0]));
    }

    #[test]
    fn a_quota_counts_lookups_and_that_it_is_used_up_is_returned_once() {
        // Two at once, and then one each second.
        let quota = Quota { requests: 10, within: seconds(8) };
        let mut queue = limited(3, 10, &[quota]);
        assert_eq!(next(&mut queue, seconds(0)), lookup([0, 1, 2]));
        assert_eq!(next(&mut queue, seconds(0)), lookup([3, 4, 5]));
        assert_eq!(next(&mut queue, seconds(0)), NextLookup::QuotaExhausted(seconds(1)));
        assert_eq!(next(&mut queue, Duration::from_millis(500)), NextLookup::None);
        assert_eq!(next(&mut queue, seconds(1)), lookup([6, 7, 8]));
        assert_eq!(next(&mut queue, seconds(1)), NextLookup::QuotaExhausted(seconds(2)));
        assert_eq!(next(&mut queue, seconds(2)), lookup([9]));
    }

    #[test]
    fn a_quota_counts_the_requests_that_a_lookup_made() {
        // Two at once, and then one each second.
        let quota = Quota { requests: 10, within: seconds(8) };
        let mut queue = limited(1, 10, &[quota]);
        assert_eq!(next(&mut queue, seconds(0)), lookup([0]));
        queue.lookup_finished(seconds(0), 5);
        // It is refilled after five seconds, and the next lookup is expected to make five requests again.
        assert_eq!(next(&mut queue, seconds(0)), NextLookup::QuotaExhausted(seconds(5)));
        assert_eq!(next(&mut queue, seconds(5)), lookup([1]));
        queue.lookup_finished(seconds(5), 1);
        // What was not needed is put back.
        assert_eq!(next(&mut queue, seconds(5)), lookup([2]));
        assert_eq!(next(&mut queue, seconds(5)), NextLookup::QuotaExhausted(seconds(6)));
    }

    #[test]
    fn lookups_may_end_in_any_order() {
        let quota = Quota { requests: 100, within: seconds(80) };
        let used_until = |ends: [u32; 2]| {
            let mut queue = limited(1, 200, &[quota]);
            queue.cost = 3;
            assert_eq!(next(&mut queue, seconds(0)), lookup([0]));
            assert_eq!(next(&mut queue, seconds(0)), lookup([1]));
            for requests in ends {
                queue.lookup_finished(seconds(0), requests);
            }
            queue.cost = 20;
            next(&mut queue, seconds(0))
        };
        assert_eq!(used_until([1, 5]), NextLookup::QuotaExhausted(seconds(6)));
        assert_eq!(used_until([5, 1]), used_until([1, 5]));
    }

    #[test]
    fn of_several_quotas_the_strictest_holds() {
        let quota = |requests, within| Quota { requests, within: seconds(within) };
        let mut queue = limited(1, 5, &[quota(10, 8), quota(5, 400)]);
        assert_eq!(next(&mut queue, seconds(0)), lookup([0]));
        assert_eq!(next(&mut queue, seconds(0)), NextLookup::QuotaExhausted(seconds(100)));
    }

    #[test]
    fn the_wait_of_the_last_one_is_that_of_the_lookups_before_it() {
        let quota = Quota { requests: 10, within: seconds(8) };
        let waiting = |batch| limited(batch, 9, &[quota]).backlog(seconds(0));
        assert_eq!(waiting(1), (9, Some(seconds(9))));
        assert_eq!(waiting(3), (9, Some(seconds(3))));
        assert_eq!(queue(3, 9).backlog(seconds(0)), (9, None));
    }
}
