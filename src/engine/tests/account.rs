//! Orders of an account.

use std::collections::HashMap;

use super::*;
use crate::error::Signal;
use crate::event::Summary;
use crate::protocol::{Refusal, RefusalKind};
use Status::{Completed, Failed, Pending, Processing, Refunded};

fn account() -> Harness {
    let mut harness = Harness::new(Plan { account: true, ..plan(Mode::Watch, 0) });
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    assert_eq!(harness.take(), ["open"]);
    harness
}

impl Harness {
    fn summary(&self) -> &Summary {
        match self.events.last() {
            Some(Event::Summary(summary)) => summary,
            other => panic!("{other:?}"),
        }
    }

    /// The index of an order's target.
    fn index_of(&self, order: usize) -> usize {
        self.engine.links[feed()].target(&Id::new(&order.to_string())).unwrap().index()
    }
}

#[test]
fn orders_appear_and_end_and_the_watch_goes_on() {
    let mut harness = account();
    harness.push(1, Pending, Some(1));
    harness.push(2, Processing, Some(1));
    harness.push(1, Completed, Some(2));
    harness.push(2, Failed, Some(2));
    assert_eq!(harness.statuses(), [Pending, Processing, Completed, Failed]);
    assert_eq!(
        harness.results(),
        [("fake:1".to_owned(), Outcome::Reached), ("fake:2".to_owned(), Outcome::Missed(Failed))]
    );
    assert_eq!(harness.exit(), None);
    assert_eq!(harness.take(), [""; 0], "what is pushed needs no request");
}

#[test]
fn what_ended_the_command_is_its_exit_code_and_no_orders_ending() {
    let mut harness = account();
    harness.push(1, Failed, Some(1));
    harness.push(2, Pending, Some(1));
    harness.wait_until(2000);
    harness.wait_until(2000);
    let timed_out = Outcome::Failed(FailureKind::TimedOut);
    assert_eq!(harness.exit(), Some(Code::Timeout));
    assert_eq!(harness.results().last().unwrap(), &("fake:2".to_owned(), timed_out));
    let summary = harness.summary();
    assert_eq!((Code::from(summary).number(), summary.targets), (124, 2));
    let outcomes = HashMap::from([(Outcome::Missed(Failed), 1), (timed_out, 1)]);
    assert_eq!(summary.outcomes, outcomes);
    assert!(harness.closing().account);
}

#[test]
fn a_signal_and_an_outage_end_it_though_no_order_is_open() {
    let mut harness = account();
    harness.input(Input::Interrupted(Signal::Interrupt));
    assert_eq!(harness.exit(), Some(Code::Interrupted));

    let mut harness = account();
    harness.lose(unreachable(), 1);
    harness.connect(1);
    harness.wait_until(1000);
    harness.wait_until(1000);
    assert_eq!(harness.exit(), Some(Code::Unreachable));
}

#[test]
fn any_ends_with_the_first_that_reaches_the_goal() {
    let plan = Plan { account: true, any: true, ..plan(Mode::Watch, 0) };
    let mut harness = Harness::new(plan);
    harness.signal(FeedSignal::Live);
    harness.push(1, Failed, None);
    harness.push(2, Pending, None);
    assert_eq!(harness.exit(), None);
    harness.push(3, Completed, None);
    assert_eq!(harness.exit(), Some(Code::Ok));
    assert_eq!(harness.summary().targets, 3);
}

#[test]
fn a_late_message_about_an_ended_order_is_known_as_such() {
    let mut harness = account();
    harness.push(1, Failed, Some(5));
    harness.push(1, Failed, Some(5));
    harness.push(1, Processing, Some(4));
    assert_eq!(harness.statuses(), [Failed]);
    // Paid back later: shown, but the order has had its result.
    harness.push(1, Refunded, Some(9));
    assert_eq!(harness.statuses(), [Failed, Refunded]);
    assert_eq!(harness.results().len(), 1);
    assert_eq!(harness.engine.tally.known(), 1);
}

#[test]
fn memory_is_bounded_however_many_orders_pass() {
    let mut harness = account();
    let mut highest = 0;
    for order in 0..20_000 {
        harness.push(order, Pending, Some(1));
        highest = highest.max(harness.index_of(order));
        harness.push(order, Completed, Some(2));
        harness.events.clear();
    }
    let engine = &harness.engine;
    assert!(engine.targets.len() <= 1_001, "{}", engine.targets.len());
    // The ids of removed orders are reused.
    assert!(highest <= 1_001, "{highest}");
    assert!(engine.links[feed()].targets().len() <= 1_001);
    let remembered = engine.account.open.len() + engine.account.ended.len();
    assert!(remembered <= 25_000, "{remembered}");
    harness.input(Input::Interrupted(Signal::Terminate));
    assert_eq!(harness.summary().targets, 20_000);
    assert_eq!(harness.summary().outcomes[&Outcome::Reached], 20_000);
}

#[test]
fn the_account_may_fail_while_the_result_of_a_lookup_is_applied() {
    let plan = plan_with(Mode::Watch, 0, |profile| profile.max_outage = Some(Duration::ZERO));
    let mut harness = Harness::new(Plan { account: true, ..plan });
    harness.signal(FeedSignal::Live);
    for order in 0..1_500 {
        harness.push(order, Pending, Some(1));
    }
    harness.subscribe();
    assert!(harness.is_looked_up(0));
    harness.answer(0, Err(unreachable()));
    assert_eq!(harness.exit(), Some(Code::Unreachable));
    assert_eq!(harness.results().len(), 1_500);
}

#[test]
fn the_order_that_is_open_the_longest_makes_room_and_that_is_reported() {
    let mut harness = account();
    for order in 0..10_002 {
        harness.push(order, Pending, Some(1));
    }
    assert_eq!(
        harness.results(),
        [("fake:0".to_owned(), Outcome::Unfinished), ("fake:1".to_owned(), Outcome::Unfinished)]
    );
    assert_eq!(harness.warnings(), [WarningCode::TooManyOrders]);
    assert_eq!(harness.engine.tally.open(), 10_000);
}

#[test]
fn after_a_reconnect_the_open_orders_are_looked_up_and_then_no_more() {
    let mut harness = account();
    harness.push(1, Pending, Some(1));
    harness.push(2, Completed, Some(1));
    harness.lose(unreachable(), 1);
    assert_eq!(harness.take(), ["lookup 0"]);
    harness.signal(FeedSignal::Live);
    harness.found(0, report(Pending, Some(1)));
    harness.subscribe();
    assert_eq!(harness.take(), ["list 0", "lookup 0"]);
    harness.found(0, report(Processing, Some(2)));
    harness.wait_until(600);
    assert_eq!(harness.take(), [""; 0]);
}

/// Ids of targets are reused, and a result must not be applied to another order.
#[test]
fn a_lookup_in_flight_keeps_its_orders_place() {
    let mut harness = account();
    harness.push(0, Pending, Some(1));
    harness.lose(unreachable(), 1);
    harness.signal(FeedSignal::Live);
    assert_eq!(harness.take(), ["lookup 0"]);
    harness.push(0, Failed, Some(2));
    for order in 1..3_000 {
        harness.push(order, Failed, Some(2));
    }
    harness.push(9_999, Pending, Some(2));
    let before = harness.results().len();
    harness.found(0, report(Completed, Some(3)));
    assert_eq!(harness.results().len(), before);
    assert!(!harness.statuses().contains(&Completed));
    assert!(harness.engine.targets.len() <= 1_002, "{}", harness.engine.targets.len());
}

#[test]
fn the_closing_report_is_bounded_too_and_has_what_ended_the_command() {
    let plan = plan_with(Mode::Watch, 0, |profile| profile.can_poll = false);
    let expectations = vec!["crypto_amount>=99".parse().unwrap()];
    let mut harness = Harness::new(Plan { account: true, expectations, ..plan });
    harness.signal(FeedSignal::Live);
    for order in 0..1_500 {
        harness.push(order, Completed, None);
    }
    let (kind, message) = (RefusalKind::Denied, "no".to_owned());
    harness.signal(FeedSignal::Refused(Refusal { kind, message }));
    let mismatch = Outcome::Failed(FailureKind::Mismatch);
    assert_eq!(harness.summary().outcomes[&mismatch], 1_500);
    let failures = harness.closing().failures;
    assert_eq!(failures.len(), 1_001);
    assert_eq!(failures.last().unwrap().kind(), FailureKind::Denied);
}

/// Its clock begins at the epoch.
#[test]
fn the_time_that_an_order_took_counts_from_its_own_start() {
    for (created_at, took) in [
        (Some("1970-01-01T00:00:40Z"), 60),
        // Not known, or by a clock that is ahead.
        (None, 0),
        (Some("yesterday"), 0),
        (Some("1970-01-01T01:00:00Z"), 0),
    ] {
        let mut plan = plan(Mode::Watch, 0);
        plan.account = true;
        let mut harness = Harness::new(plan);
        harness.signal(FeedSignal::Live);
        harness.now = seconds(100);
        let mut completed = report(Status::Completed, None);
        completed.transaction.created_at = created_at.map(str::to_owned);
        harness.signal(FeedSignal::Observed(Id::new("late"), completed));
        let elapsed = harness.events.iter().filter_map(|event| match event {
            Event::Status(change) => Some(change.elapsed),
            Event::Result(result) => Some(result.elapsed),
            _ => None,
        });
        assert_eq!(elapsed.collect::<Vec<_>>(), [seconds(took); 2], "{created_at:?}");
    }
}
