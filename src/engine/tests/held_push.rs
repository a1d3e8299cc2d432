//! Pushes that anybody could have sent are confirmed by a lookup before they end anything.

use super::*;
use Status::{Completed, Expired, Failed, Pending, Processing, Refunded};

fn unsigned(status: Status, clock: Option<i64>) -> Box<Report> {
    Box::new(Report { is_unsigned: true, ..*report(status, clock) })
}

fn push(harness: &mut Harness, report: Box<Report>) {
    harness.signal(FeedSignal::Observed(Id::new("0"), report));
}

fn watching() -> Harness {
    Harness::watching(plan(Mode::Watch, 1))
}

#[test]
fn an_ending_is_looked_up_at_once_and_what_the_answer_says_counts() {
    for (pushed, answered, code) in [
        (Completed, Completed, Code::Ok),
        (Completed, Expired, Code::Expired),
        (Failed, Completed, Code::Ok),
        (Expired, Refunded, Code::Refunded),
    ] {
        let mut harness = watching();
        push(&mut harness, unsigned(pushed, Some(9)));
        assert_eq!((harness.exit(), harness.take()), (None, vec!["lookup 0".to_owned()]));
        harness.found(0, report(answered, Some(9)));
        assert_eq!(harness.exit(), Some(code));
        assert_eq!(harness.statuses(), [Pending, answered]);
        assert_eq!(harness.warnings(), []);
    }
}

#[test]
fn what_ends_nothing_is_shown_at_once() {
    let mut harness = watching();
    push(&mut harness, unsigned(Processing, Some(5)));
    assert_eq!(harness.statuses(), [Pending, Processing]);
    assert_eq!(harness.take(), [""; 0]);
}

#[test]
fn a_goal_that_is_no_ending_is_confirmed_as_well() {
    let goal = "processing".parse().unwrap();
    let mut harness = Harness::watching(Plan { goal, ..plan(Mode::Watch, 1) });
    push(&mut harness, unsigned(Processing, Some(5)));
    assert_eq!((harness.exit(), harness.take()), (None, vec!["lookup 0".to_owned()]));
    harness.found(0, report(Processing, Some(5)));
    assert_eq!(harness.exit(), Some(Code::Ok));
}

/// While REST lags it is asked every five seconds, and after a minute the push is believed.
#[test]
fn after_a_minute_without_a_confirmation_it_is_believed_with_a_warning() {
    let lagging: [fn() -> Reading; 5] = [
        || Reading::Observed(report(Pending, Some(1))),
        || Reading::Observed(report(Processing, Some(4))),
        || busy("503", None),
        not_found,
        malformed,
    ];
    for answer in lagging {
        let mut harness = watching();
        push(&mut harness, unsigned(Completed, Some(9)));
        let mut lookups = 0;
        while harness.exit().is_none() {
            if harness.take_lookups().contains(&0) {
                lookups += 1;
                harness.read(0, answer());
            }
            harness.wait_until(1000);
        }
        assert_eq!((harness.now, harness.exit()), (seconds(60), Some(Code::Ok)));
        assert!(harness.warnings().contains(&WarningCode::Unconfirmed));
        assert!((4..=15).contains(&lookups), "{lookups}");
    }
}

#[test]
fn an_answer_that_is_newer_than_the_push_refutes_it() {
    let mut harness = watching();
    push(&mut harness, unsigned(Completed, Some(9)));
    harness.found(0, report(Processing, Some(10)));
    assert_eq!(harness.warnings(), [WarningCode::StalePush]);
    harness.wait_until(59);
    harness.now = seconds(100);
    harness.wait_until(101);
    assert_eq!(harness.exit(), None);
    assert_eq!(harness.statuses(), [Pending, Processing]);
}

/// The push proves that there is such a transaction.
#[test]
fn what_is_not_found_while_a_push_is_held_back_is_no_unknown_id() {
    let plan = plan_with(Mode::Watch, 1, |profile| profile.appear_timeout = Some(seconds(5)));
    let mut harness = Harness::new(plan);
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    push(&mut harness, unsigned(Completed, Some(9)));
    while harness.exit().is_none() {
        if harness.take_lookups().contains(&0) {
            harness.read(0, not_found());
        }
        harness.wait_until(1000);
    }
    assert_eq!((harness.now, harness.exit()), (seconds(60), Some(Code::Ok)));
}

/// The minute counts from the first push of the last one.
#[test]
fn of_several_endings_the_last_one_is_held_back() {
    let mut harness = watching();
    push(&mut harness, unsigned(Failed, Some(9)));
    harness.now = seconds(30);
    push(&mut harness, unsigned(Refunded, Some(12)));
    harness.now = seconds(40);
    push(&mut harness, unsigned(Refunded, Some(12)));
    while harness.exit().is_none() {
        if harness.take_lookups().contains(&0) {
            harness.found(0, report(Pending, Some(1)));
        }
        harness.wait_until(1000);
    }
    assert_eq!((harness.now, harness.exit()), (seconds(90), Some(Code::Refunded)));
}

#[test]
fn a_signed_push_and_one_that_cannot_be_confirmed_end_at_once() {
    let mut harness = watching();
    push(&mut harness, report(Completed, Some(9)));
    assert_eq!(harness.exit(), Some(Code::Ok));

    let plan = plan_with(Mode::Watch, 1, |profile| profile.can_poll = false);
    let mut harness = Harness::new(plan);
    harness.signal(FeedSignal::Live);
    push(&mut harness, unsigned(Completed, Some(9)));
    assert_eq!(harness.exit(), Some(Code::Ok));
}

#[test]
fn a_confirmed_failure_is_still_held_by_grace() {
    let plan = plan_with(Mode::Watch, 1, |profile| profile.grace = seconds(600));
    let mut harness = Harness::watching(plan);
    push(&mut harness, unsigned(Failed, Some(9)));
    harness.found(0, report(Failed, Some(9)));
    assert_eq!((harness.exit(), harness.warnings()), (None, vec![WarningCode::Held]));
    push(&mut harness, unsigned(Completed, Some(12)));
    harness.wait_until(5);
    harness.found(0, report(Completed, Some(12)));
    assert_eq!(harness.exit(), Some(Code::Ok));
}

#[test]
fn what_was_known_by_an_answer_needs_no_confirmation_and_a_settled_target_none_at_all() {
    let mut harness = watching();
    push(&mut harness, unsigned(Completed, Some(9)));
    harness.found(0, report(Completed, Some(9)));
    harness.take();
    push(&mut harness, unsigned(Failed, Some(12)));
    assert_eq!(harness.take(), [""; 0]);
    assert_eq!(harness.exit(), Some(Code::Ok));
}

/// REST repeats an ending that it told before the push: it lags, and refutes nothing.
#[test]
fn an_older_answer_again_does_not_drop_a_push_that_reopens_an_ending() {
    let plan = plan_with(Mode::Watch, 1, |profile| profile.grace = seconds(8));
    let mut harness = Harness::watching(plan);
    harness.found(0, report(Failed, Some(9)));
    harness.now = seconds(5);
    push(&mut harness, unsigned(Completed, Some(12)));
    harness.found(0, report(Failed, Some(9)));
    harness.take();
    // The grace period ends, but not while the push waits for its confirmation.
    harness.wait_until(9);
    harness.wait_until(10);
    assert_eq!((harness.exit(), harness.take()), (None, vec!["lookup 0".to_owned()]));
    harness.found(0, report(Completed, Some(12)));
    assert_eq!(harness.exit(), Some(Code::Ok));
}

/// Unlike a push that is refuted by a newer answer.
#[test]
fn a_grace_period_that_ended_meanwhile_ends_the_target_once_the_push_is_refuted() {
    let plan = plan_with(Mode::Watch, 1, |profile| profile.grace = seconds(8));
    let mut harness = Harness::watching(plan);
    harness.found(0, report(Failed, Some(9)));
    harness.now = seconds(5);
    push(&mut harness, unsigned(Completed, Some(12)));
    harness.now = seconds(10);
    harness.input(Input::Wake);
    assert_eq!(harness.exit(), None);
    harness.found(0, report(Failed, Some(13)));
    assert_eq!(harness.exit(), Some(Code::Failed));
}

/// Each push would lead to another request as soon as the one before is answered.
#[test]
fn a_push_that_is_repeated_while_it_is_held_back_costs_no_further_lookup() {
    let mut harness = watching();
    push(&mut harness, unsigned(Completed, Some(9)));
    assert_eq!(harness.take(), ["lookup 0"]);
    for _ in 0..100 {
        push(&mut harness, unsigned(Completed, Some(9)));
    }
    harness.found(0, report(Processing, Some(4)));
    for clock in 0..100 {
        let status = if clock % 2 == 0 { Completed } else { Failed };
        push(&mut harness, unsigned(status, Some(9 + clock)));
    }
    assert_eq!(harness.take(), [""; 0]);
    harness.wait_until(6);
    assert_eq!(harness.take(), ["lookup 0"]);
}

/// The push is newer, and may have reopened the ending that a lagging server tells.
#[test]
fn an_older_ending_waits_for_the_push_that_may_have_reopened_it() {
    for (confirmed_at, code) in [(Some(30), Code::Ok), (None, Code::Failed)] {
        let mut harness = watching();
        push(&mut harness, unsigned(Completed, Some(9)));
        while harness.exit().is_none() {
            if harness.take_lookups().contains(&0) {
                let is_confirmed = confirmed_at.is_some_and(|at| harness.now >= seconds(at));
                let (status, clock) = if is_confirmed { (Completed, 9) } else { (Failed, 4) };
                harness.found(0, report(status, Some(clock)));
            }
            harness.wait_until(1000);
        }
        assert_eq!(harness.exit(), Some(code));
        assert!(harness.now <= seconds(60), "{:?}", harness.now);
        let is_doubted = harness.warnings().contains(&WarningCode::StalePush);
        assert_eq!(is_doubted, confirmed_at.is_none(), "{:?}", harness.warnings());
    }
}
