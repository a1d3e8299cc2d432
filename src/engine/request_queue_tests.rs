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
