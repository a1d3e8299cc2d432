//! Orders of an account, which come and go.

use super::*;
use Status::{Completed, Failed, Pending, Processing, Refunded};

fn account() -> World {
    let mut world = World::new(Plan { account: true, ..plan(Mode::Watch, 0) });
    world.feed(FeedInput::Live);
    world.subscribe();
    assert_eq!(world.take(), ["open"]);
    world
}

impl World {
    fn summary(&self) -> &crate::event::Summary {
        match self.events.last() {
            Some(Event::Summary(summary)) => summary,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn orders_appear_and_end_and_the_watch_goes_on() {
    let mut world = account();
    world.push(1, Pending, Some(1));
    world.push(2, Processing, Some(1));
    world.push(1, Completed, Some(2));
    world.push(2, Failed, Some(2));
    assert_eq!(world.statuses(), [Pending, Processing, Completed, Failed]);
    assert_eq!(
        world.results(),
        [("fake:1".to_owned(), Code::Ok), ("fake:2".to_owned(), Code::Failed)]
    );
    assert_eq!(world.exit(), None);
    assert_eq!(world.take(), [""; 0], "what is pushed needs no request");
}

#[test]
fn what_ended_the_command_is_its_exit_code_and_no_orders_ending() {
    let mut world = account();
    world.push(1, Failed, Some(1));
    world.push(2, Pending, Some(1));
    world.wait_until(2000);
    world.wait_until(2000);
    assert_eq!(world.exit(), Some(Code::Timeout));
    assert_eq!(world.results().last().unwrap(), &("fake:2".to_owned(), Code::Timeout));
    let summary = world.summary();
    assert_eq!((summary.exit, summary.targets), (124, 2));
    assert_eq!(summary.outcomes.iter().collect::<Vec<_>>(), [(&"failed", &1), (&"timeout", &1)]);
    assert!(world.watch.closing().account);
}

#[test]
fn a_signal_and_an_outage_end_it_though_no_order_is_open() {
    let mut world = account();
    world.input(Input::Interrupted(Code::Interrupted));
    assert_eq!(world.exit(), Some(Code::Interrupted));

    let mut world = account();
    world.lose(unreachable(), 1);
    world.feed(FeedInput::Connecting(1));
    world.wait_until(1000);
    world.wait_until(1000);
    assert_eq!(world.exit(), Some(Code::Unreachable));
}

#[test]
fn any_ends_with_the_first_that_reaches_the_goal() {
    let mut world = World::new(Plan { account: true, any: true, ..plan(Mode::Watch, 0) });
    world.feed(FeedInput::Live);
    world.push(1, Failed, None);
    world.push(2, Pending, None);
    assert_eq!(world.exit(), None);
    world.push(3, Completed, None);
    assert_eq!(world.exit(), Some(Code::Ok));
    assert_eq!(world.summary().targets, 3);
}

#[test]
fn a_late_word_about_an_ended_order_is_known_as_such() {
    let mut world = account();
    world.push(1, Failed, Some(5));
    world.push(1, Failed, Some(5));
    world.push(1, Processing, Some(4));
    assert_eq!(world.statuses(), [Failed]);
    // Paid back later: told, but the order has had its result.
    world.push(1, Refunded, Some(9));
    assert_eq!(world.statuses(), [Failed, Refunded]);
    assert_eq!(world.results().len(), 1);
    assert_eq!(world.watch.known, 1);
}

#[test]
fn memory_is_bounded_however_many_orders_pass() {
    let mut world = account();
    for order in 0..20_000 {
        world.push(order, Pending, Some(1));
        world.push(order, Completed, Some(2));
        world.events.clear();
    }
    assert!(world.watch.targets.len() <= 1_001, "{}", world.watch.targets.len());
    assert!(world.watch.targets.capacity() <= 2_048, "{}", world.watch.targets.capacity());
    assert!(world.watch.feeds[0].targets.len() <= 1_001);
    assert!(world.watch.account.len() <= 25_000, "{}", world.watch.account.len());
    world.input(Input::Interrupted(Code::Terminated));
    assert_eq!(world.summary().targets, 20_000);
    assert_eq!(world.summary().outcomes["ok"], 20_000);
}

#[test]
fn the_order_that_is_open_the_longest_makes_room_and_that_is_told() {
    let mut world = account();
    for order in 0..10_002 {
        world.push(order, Pending, Some(1));
    }
    assert_eq!(
        world.results(),
        [("fake:0".to_owned(), Code::Unfinished), ("fake:1".to_owned(), Code::Unfinished)]
    );
    assert_eq!(world.warnings(), ["too_many_orders"]);
    assert_eq!(world.watch.unsettled, 10_000);
}

#[test]
fn after_a_reconnect_the_open_orders_are_asked_for_and_then_no_more() {
    let mut world = account();
    world.push(1, Pending, Some(1));
    world.push(2, Completed, Some(1));
    world.lose(unreachable(), 1);
    assert_eq!(world.take(), ["pull 0"]);
    world.feed(FeedInput::Live);
    world.pulled(0, Ok(report(Pending, Some(1))));
    world.subscribe();
    assert_eq!(world.take(), ["pull 0"]);
    world.pulled(0, Ok(report(Processing, Some(2))));
    world.wait_until(600);
    assert_eq!(world.take(), [""; 0]);
}

/// Numbers of targets are used again, and an answer must not be taken for another order's.
#[test]
fn an_answer_on_its_way_keeps_its_orders_place() {
    let mut world = account();
    world.push(0, Pending, Some(1));
    world.lose(unreachable(), 1);
    world.feed(FeedInput::Live);
    assert_eq!(world.take(), ["pull 0"]);
    world.push(0, Failed, Some(2));
    for order in 1..3_000 {
        world.push(order, Failed, Some(2));
    }
    world.push(9_999, Pending, Some(2));
    let before = world.results().len();
    world.pulled(0, Ok(report(Completed, Some(3))));
    assert_eq!(world.results().len(), before);
    assert!(!world.statuses().contains(&Completed));
    assert!(world.watch.targets.len() <= 1_002, "{}", world.watch.targets.len());
}

#[test]
fn what_is_told_in_the_end_is_bounded_too_and_has_what_ended_the_command() {
    let mut plan = Plan { account: true, ..plan(Mode::Watch, 0) };
    plan.expectations = vec!["crypto_amount>=99".parse().unwrap()];
    plan.profiles[0].can_poll = false;
    let mut world = World::new(plan);
    world.feed(FeedInput::Live);
    for order in 0..1_500 {
        world.push(order, Completed, None);
    }
    world.feed(FeedInput::Refused(Code::Denied, "no".to_owned()));
    assert_eq!(world.summary().outcomes["mismatch"], 1_500);
    let failures = world.watch.closing().failures;
    assert_eq!(failures.len(), 1_001);
    assert_eq!(failures.last().unwrap().code(), Code::Denied);
}
