//! Clocks of one provider that differ: a push that is stamped ahead does not lock the truth out.

use super::*;
use Status::{Completed, Failed, Pending, Processing};

const YEAR: i64 = 365 * 24 * 60 * 60;

/// Answers every lookup with this until the command ends or this second.
fn answer_all(harness: &mut Harness, second: u64, answer: impl Fn() -> Box<Report>) {
    while harness.exit().is_none() && harness.now < seconds(second) {
        if harness.take_lookups().contains(&0) {
            harness.found(0, answer());
        } else {
            harness.wait_until(second);
        }
    }
}

#[test]
fn an_ending_that_was_asked_for_after_the_push_and_is_repeated_is_believed() {
    for (ahead, ending, code) in
        [(30, Completed, Code::Ok), (YEAR, Completed, Code::Ok), (YEAR, Failed, Code::Failed)]
    {
        let mut harness = Harness::watching(plan(Mode::Watch, 1));
        harness.push(0, Processing, Some(ahead));
        answer_all(&mut harness, 300, || report(ending, Some(20)));
        assert_eq!(harness.exit(), Some(code));
        // The safety interval of a minute, and the repetition.
        assert!(harness.now < seconds(75), "{:?}", harness.now);
        assert_eq!(harness.statuses(), [Pending, Processing, ending]);
        assert_eq!(harness.warnings(), [WarningCode::StaleAnswer]);
    }
}

#[test]
fn what_is_no_ending_is_not_believed_against_the_clock() {
    for (pushed, answered) in [(Pending, Processing), (Processing, Pending), (Failed, Pending)] {
        let plan = plan_with(Mode::Watch, 1, |profile| profile.grace = seconds(900));
        let mut harness = Harness::watching(plan);
        harness.push(0, pushed, Some(YEAR));
        let shown = harness.statuses();
        answer_all(&mut harness, 300, || report(answered, Some(20)));
        assert_eq!(harness.statuses(), shown, "{pushed} {answered}");
    }
}

/// A failure that is stamped ahead, while the customer pays after all.
#[test]
fn an_ending_that_may_follow_another_one_is_believed_as_well() {
    let plan = plan_with(Mode::Watch, 1, |profile| profile.grace = seconds(900));
    let mut harness = Harness::watching(plan);
    harness.push(0, Failed, Some(YEAR));
    answer_all(&mut harness, 300, || report(Completed, Some(20)));
    assert_eq!(harness.exit(), Some(Code::Ok));
}

#[test]
fn an_answer_that_was_asked_for_before_the_push_is_not_believed() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    harness.now = seconds(10);
    harness.push(0, Processing, Some(40));
    for started in [1, 5, 9] {
        harness.signal(FeedSignal::Changed(None));
        harness.answer_to(seconds(started), 0, 0, Ok(Reading::Observed(report(Failed, Some(20)))));
    }
    assert_eq!((harness.exit(), harness.statuses()), (None, vec![Pending, Processing]));
}

/// Two servers behind one address, of which one lags: what alternates is not believed.
#[test]
fn an_answer_that_is_contradicted_in_between_is_not_believed() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    harness.push(0, Processing, Some(40));
    let mut count = 0;
    while harness.now < seconds(600) {
        if harness.take_lookups().contains(&0) {
            count += 1;
            let (status, clock) = if count % 2 == 0 { (Processing, 40) } else { (Failed, 20) };
            harness.found(0, report(status, Some(clock)));
        } else {
            harness.wait_until(600);
        }
    }
    assert!(count > 10, "{count}");
    assert_eq!((harness.exit(), harness.statuses()), (None, vec![Pending, Processing]));
}

/// A failed payment that was tried again: a lagging server still shows the failure.
#[test]
fn an_ending_that_was_reopened_is_not_believed_again() {
    let plan = plan_with(Mode::Watch, 1, |profile| profile.grace = seconds(900));
    let mut harness = Harness::watching(plan);
    harness.push(0, Failed, Some(20));
    harness.push(0, Processing, Some(40));
    answer_all(&mut harness, 600, || report(Failed, Some(20)));
    assert_eq!(harness.statuses(), [Pending, Failed, Processing]);
}

fn push_only() -> Harness {
    let plan = plan_with(Mode::Watch, 1, |profile| profile.can_poll = false);
    let mut harness = Harness::new(plan);
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness
}

#[test]
fn without_lookups_an_ending_of_nearly_the_same_time_is_believed_after_a_short_hold() {
    let mut harness = push_only();
    harness.now = seconds(100);
    harness.push(0, Processing, Some(40));
    harness.push(0, Completed, Some(39));
    assert_eq!(harness.exit(), None);
    harness.wait_until(200);
    assert_eq!((harness.now, harness.exit()), (seconds(110), Some(Code::Ok)));
    assert_eq!(harness.statuses(), [Processing, Completed]);
    assert_eq!(harness.warnings(), [WarningCode::StalePush]);
}

/// Pusher may deliver a message twice, and two channels may carry the same one.
#[test]
fn a_push_that_is_repeated_during_the_hold_contradicts_nothing() {
    let mut harness = push_only();
    harness.push(0, Processing, Some(40));
    harness.push(0, Completed, Some(39));
    harness.push(0, Processing, Some(40));
    harness.wait_until(200);
    assert_eq!((harness.now, harness.exit()), (seconds(10), Some(Code::Ok)));
}

#[test]
fn a_push_during_the_hold_decides_and_an_old_ending_is_not_held_at_all() {
    let mut harness = push_only();
    harness.push(0, Processing, Some(40));
    harness.push(0, Failed, Some(39));
    harness.push(0, Processing, Some(41));
    harness.now = seconds(300);
    harness.wait_until(301);
    assert_eq!((harness.exit(), harness.statuses()), (None, vec![Processing]));

    let mut harness = push_only();
    harness.push(0, Processing, Some(400));
    harness.push(0, Completed, Some(300));
    harness.now = seconds(300);
    harness.wait_until(301);
    assert_eq!((harness.exit(), harness.warnings()), (None, vec![WarningCode::StalePush]));
}
