//! When targets are looked up.

use super::*;
use Status::{Completed, Pending, Processing};

#[test]
fn a_watch_subscribes_first_and_then_looks_up() {
    let mut harness = Harness::new(plan(Mode::Watch, 1));
    assert_eq!(harness.take(), ["open"]);
    harness.signal(FeedSignal::Live);
    assert_eq!(harness.take(), [""; 0]);
    harness.subscribe();
    assert_eq!(harness.take(), ["lookup 0"]);
}

#[test]
fn a_slow_push_connection_does_not_delay_the_first_lookup_for_long() {
    let mut harness = Harness::new(plan(Mode::Watch, 1));
    harness.take();
    harness.wait_until(10);
    assert_eq!((harness.now, harness.take()), (seconds(2), vec!["lookup 0".to_owned()]));
}

#[test]
fn a_subscription_during_a_lookup_has_it_repeated() {
    let mut harness = Harness::new(plan(Mode::Watch, 1));
    harness.wait_until(10);
    harness.take();
    harness.subscribe();
    assert_eq!(harness.take(), [""; 0]);
    harness.found(0, report(Pending, None));
    assert_eq!(harness.take(), ["lookup 0"]);
}

#[test]
fn while_push_is_healthy_lookups_are_rare() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    harness.wait_until(1000);
    assert_eq!(harness.take(), ["lookup 0"]);
    assert!(harness.now >= seconds(54) && harness.now <= seconds(66), "{:?}", harness.now);
}

#[test]
fn push_alone_looks_up_only_after_subscribing() {
    let mut harness = Harness::watching(plan(Mode::WatchPushOnly, 1));
    harness.lose(unreachable(), 3);
    harness.wait_until(200);
    assert_eq!(harness.take(), [""; 0]);
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    assert_eq!(harness.take(), ["lookup 0"]);
}

#[test]
fn polling_looks_up_again_and_again_without_a_connection() {
    let mut harness = Harness::new(plan(Mode::Poll, 1));
    for _ in 0..3 {
        assert_eq!(harness.take(), ["lookup 0"]);
        harness.found(0, report(Pending, None));
        harness.wait_until(1000);
    }
    assert!(harness.now <= seconds(17), "{:?}", harness.now);
    assert!(harness.connections().is_empty());
}

#[test]
fn a_stale_ending_is_looked_up() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    harness.push(0, Processing, Some(10));
    harness.push(0, Completed, Some(9));
    assert_eq!(harness.exit(), None);
    assert_eq!(harness.take(), ["lookup 0"]);
}

#[test]
fn a_slow_answer_does_not_overtake_a_push() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    harness.subscribe();
    assert_eq!(harness.take(), ["lookup 0"]);
    let started = harness.now;
    harness.now = seconds(2);
    harness.push(0, Processing, None);
    harness.answer_to(started, 0, 0, Ok(Reading::Observed(report(Pending, None))));
    assert_eq!(harness.statuses(), [Pending, Processing]);
}

#[test]
fn an_ending_that_a_push_overtook_is_looked_up_again_at_once() {
    let mut harness = Harness::new(plan(Mode::Watch, 1));
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.take();
    harness.now = seconds(1);
    harness.push(0, Pending, None);
    harness.answer_to(seconds(0), 0, 0, Ok(Reading::Observed(report(Completed, None))));
    assert_eq!(harness.take(), ["lookup 0"]);
    assert_eq!(harness.warnings(), []);
    harness.found(0, report(Completed, None));
    assert_eq!(harness.exit(), Some(Code::Ok));
}
