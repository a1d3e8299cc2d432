//! How a target ends, and how a command does.

use super::*;
use Status::{Cancelled, Completed, Failed, Pending, Processing, Refunded, Unknown};

#[test]
fn the_ending_settles_shows_and_closes() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    harness.push(0, Processing, None);
    harness.push(0, Completed, None);
    assert_eq!(harness.statuses(), [Pending, Processing, Completed]);
    assert_eq!(harness.results(), [("fake:0".to_owned(), Outcome::Reached)]);
    assert_eq!(harness.take(), ["close"]);
    let last = harness.events.last();
    assert!(matches!(last, Some(Event::Summary(summary)) if Code::from(summary).number() == 0));
    harness.push(0, Failed, None);
    assert_eq!(harness.exit(), Some(Code::Ok));
}

#[test]
fn of_several_each_is_forgotten_when_it_is_settled_and_the_largest_code_wins() {
    let mut harness = Harness::watching(plan(Mode::Watch, 3));
    harness.push(1, Failed, None);
    assert_eq!(harness.take(), ["forget 1"]);
    assert_eq!(harness.exit(), None);
    harness.push(0, Completed, None);
    harness.push(2, Cancelled, None);
    assert_eq!(harness.take(), ["forget 0", "close"]);
    assert_eq!(harness.exit(), Some(Code::Cancelled));
}

#[test]
fn any_ends_with_the_first_success_but_not_with_a_failure() {
    let mut harness = Harness::watching(Plan { any: true, ..plan(Mode::Watch, 3) });
    harness.push(0, Failed, None);
    assert_eq!(harness.exit(), None);
    harness.push(2, Completed, None);
    assert_eq!(harness.exit(), Some(Code::Ok));
    let outcomes: Vec<_> = harness.results().into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes, [Outcome::Missed(Failed), Outcome::Reached, Outcome::Unfinished]);
    assert!(harness.closing().undecided.is_empty());
}

#[test]
fn any_without_a_success_ends_with_the_largest_code() {
    let mut harness = Harness::watching(Plan { any: true, ..plan(Mode::Watch, 2) });
    harness.push(0, Failed, None);
    harness.push(1, Refunded, None);
    assert_eq!(harness.exit(), Some(Code::Refunded));
}

#[test]
fn an_earlier_goal_is_reached_early() {
    let goal = "processing".parse().unwrap();
    let mut harness = Harness::watching(Plan { goal, ..plan(Mode::Watch, 1) });
    harness.push(0, Processing, None);
    assert_eq!(harness.exit(), Some(Code::Ok));
}

#[test]
fn completed_without_being_the_goal_is_a_mismatch() {
    let goal = "failed".parse().unwrap();
    let mut harness = Harness::watching(Plan { goal, ..plan(Mode::Watch, 1) });
    harness.push(0, Completed, None);
    assert_eq!(harness.exit(), Some(Code::Mismatch));
}

#[test]
fn expectations_are_checked_on_the_report_that_reached_the_goal() {
    let expect = |amount: &str, code| {
        let expectations = vec![amount.parse().unwrap()];
        let mut harness = Harness::watching(Plan { expectations, ..plan(Mode::Watch, 1) });
        let mut done = report(Completed, None);
        done.transaction.crypto_amount = Some("99.50".to_owned());
        done.data = Some(serde_json::json!({ "fee": 1 }));
        harness.signal(FeedSignal::Observed(Id::new("0"), done));
        assert_eq!(harness.exit(), Some(code), "{amount}");
    };
    expect("crypto_amount>=99", Code::Ok);
    expect("crypto_amount>=100", Code::Mismatch);
    expect("fee=1", Code::Ok);
}

#[test]
fn a_field_that_the_first_record_lacks_is_told_once_before_the_end() {
    let expectations =
        vec!["fe=1".parse().unwrap(), "hash!=1".parse().unwrap(), "fee=1".parse().unwrap()];
    let mut harness = Harness::watching(Plan { expectations, ..plan(Mode::Watch, 2) });
    let with_data = |status, clock| {
        let mut report = report(status, Some(clock));
        report.data = Some(serde_json::json!({ "fee": 1 }));
        report
    };
    // A push may have fewer fields than a response.
    harness.signal(FeedSignal::Observed(Id::new("0"), with_data(Pending, 1)));
    assert!(harness.warnings().is_empty());
    harness.found(0, report(Pending, Some(1)));
    assert!(harness.warnings().is_empty(), "there is nothing to see fields by");
    harness.found(0, with_data(Pending, 1));
    harness.found(0, with_data(Processing, 2));
    harness.found(1, with_data(Processing, 2));
    assert_eq!(harness.warnings(), [WarningCode::ExpectedFieldMissing]);
    let message = harness.events.iter().find_map(|event| match event {
        Event::Warning { warning, .. } => Some(warning.message.clone()),
        _ => None,
    });
    let message = message.unwrap();
    assert!(
        message.starts_with(
            "fe=1 is expected, but there is no fe in the first record (did you mean fee?)"
        ),
        "{message}"
    );
}

#[test]
fn expectations_are_not_checked_on_an_earlier_status() {
    let expectations = vec!["crypto_amount>=99".parse().unwrap()];
    let mut harness = Harness::watching(Plan { expectations, ..plan(Mode::Watch, 1) });
    let with_amount = |status, clock, amount: &str| {
        let mut report = report(status, Some(clock));
        report.transaction.crypto_amount = Some(amount.to_owned());
        report
    };
    harness.signal(FeedSignal::Observed(Id::new("0"), with_amount(Processing, 1, "100")));
    harness.push(0, Completed, Some(2));
    assert_eq!((harness.exit(), harness.take()), (None, vec!["lookup 0".to_owned()]));
    harness.found(0, with_amount(Completed, 2, "95"));
    assert_eq!(harness.exit(), Some(Code::Mismatch));
}

#[test]
fn an_expectation_at_the_end_of_a_grace_is_looked_up() {
    let plan = plan_with(Mode::Watch, 1, |profile| profile.grace = seconds(5));
    let expectations = vec!["crypto_amount=1".parse().unwrap()];
    let goal = "failed".parse().unwrap();
    let mut harness = Harness::watching(Plan { expectations, goal, ..plan });
    harness.push(0, Failed, Some(1));
    harness.wait_until(100);
    assert_eq!((harness.now, harness.take()), (seconds(5), vec!["lookup 0".to_owned()]));
    let mut answer = report(Failed, Some(1));
    answer.transaction.crypto_amount = Some("1.0".to_owned());
    harness.found(0, answer);
    assert_eq!(harness.exit(), Some(Code::Ok));
}

#[test]
fn what_a_push_lacks_is_looked_up_before_it_is_a_mismatch() {
    for (network, code) in [(Some("TRC20"), Code::Ok), (None, Code::Mismatch)] {
        let expectations = vec!["network=TRC20".parse().unwrap()];
        let mut harness = Harness::watching(Plan { expectations, ..plan(Mode::Watch, 1) });
        harness.push(0, Completed, Some(5));
        assert_eq!(harness.exit(), None);
        // A result from before the end confirms nothing; one about it need not be newer than the push.
        harness.found(0, report(Processing, Some(1)));
        assert_eq!(harness.exit(), None);
        let mut answer = report(Completed, Some(4));
        answer.transaction.network = network.map(str::to_owned);
        answer.data = Some(serde_json::to_value(&answer.transaction).unwrap());
        harness.wait_until(60);
        harness.found(0, answer);
        assert_eq!(harness.exit(), Some(code));
        assert_eq!(harness.statuses(), [Pending, Completed]);
    }
}

#[test]
fn grace_holds_a_failure_that_is_then_reopened() {
    let plan = plan_with(Mode::Watch, 1, |profile| profile.grace = seconds(10));
    let mut harness = Harness::watching(plan);
    harness.push(0, Failed, Some(1));
    harness.now = seconds(5);
    harness.push(0, Processing, Some(2));
    harness.wait_until(30);
    assert_eq!(harness.exit(), None);
    harness.push(0, Completed, Some(3));
    assert_eq!(harness.exit(), Some(Code::Ok));
    assert_eq!(harness.statuses(), [Pending, Failed, Processing, Completed]);
}

#[test]
fn grace_ends_and_the_failure_is_accepted_at_that_moment() {
    let plan = plan_with(Mode::Watch, 1, |profile| profile.grace = seconds(10));
    let mut harness = Harness::watching(plan);
    harness.now = seconds(3);
    harness.push(0, Failed, Some(1));
    harness.wait_until(100);
    assert_eq!((harness.now, harness.exit()), (seconds(13), Some(Code::Failed)));
}

#[test]
fn an_ending_that_may_be_retried_is_told_once_unless_grace_waited_for_it() {
    for (grace, status, told) in [
        (0, Failed, 1),
        (3599, Failed, 1),
        (3600, Failed, 0),
        (7200, Failed, 0),
        (0, Cancelled, 0),
        (0, Completed, 0),
    ] {
        let plan = plan_with(Mode::Watch, 2, |profile| {
            profile.grace = seconds(grace);
            profile.max_outage = None;
        });
        let mut harness = Harness::watching(Plan { timeout: None, ..plan });
        harness.push(0, status, Some(1));
        harness.push(1, status, Some(1));
        while harness.exit().is_none() {
            harness.wait_until(grace + 1);
        }
        let revivable = harness.closing().revivable;
        assert_eq!(revivable.len(), told, "{grace} {status}: {revivable:?}");
        for one in revivable {
            assert_eq!((one.status, one.window), (Failed, seconds(3600)));
        }
    }
}

#[test]
fn the_time_limit_ends_everything_at_its_second() {
    let timeout = Some(seconds(20));
    let mut harness = Harness::watching(Plan { timeout, ..plan(Mode::Watch, 2) });
    harness.push(0, Completed, None);
    while harness.exit().is_none() {
        harness.wait_until(100);
    }
    assert_eq!((harness.now, harness.exit()), (seconds(20), Some(Code::Timeout)));
    let closing = harness.closing();
    assert_eq!(closing.undecided.len(), 1);
    assert_eq!(closing.undecided[0].last.map(|(status, ..)| status), Some(Pending));
}

/// A late `Wake` would first wait for what arrived meanwhile, as after a suspension.
#[test]
fn the_time_limit_ends_it_at_once_where_the_loop_was_held_up_until_then() {
    for (input, exit) in [(Input::Wake, None), (Input::TimeIsUp, Some(Code::Timeout))] {
        let timeout = Some(seconds(20));
        let mut harness = Harness::watching(Plan { timeout, ..plan(Mode::Watch, 1) });
        harness.now = seconds(20);
        harness.input(input);
        assert_eq!(harness.exit(), exit);
    }
}

#[test]
fn unknown_statuses_are_warned_about_once_and_never_end_anything() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    harness.push(0, Unknown, Some(1));
    harness.push(0, Processing, Some(2));
    harness.push(0, Unknown, Some(3));
    assert_eq!(harness.warnings(), [WarningCode::UnknownStatus]);
    assert_eq!(harness.exit(), None);
}

#[test]
fn a_single_lookup_ends_with_its_first_result_and_maps_the_status_only_on_request() {
    for (exit_status, status, code) in [
        (false, Pending, Code::Ok),
        (true, Pending, Code::Unfinished),
        (false, Failed, Code::Ok),
        (true, Failed, Code::Failed),
        (true, Completed, Code::Ok),
    ] {
        let mut harness = Harness::new(plan(Mode::Get { exit_status }, 1));
        assert_eq!(harness.take(), ["lookup 0"]);
        harness.found(0, report(status, None));
        assert_eq!(harness.exit(), Some(code), "{exit_status} {status}");
    }
}

#[test]
fn a_heartbeat_comes_only_when_nothing_changes() {
    let heartbeat = Some(seconds(10));
    let mut harness = Harness::watching(Plan { heartbeat, ..plan(Mode::Watch, 2) });
    let beats = |harness: &Harness| {
        harness.events.iter().filter(|event| matches!(event, Event::Heartbeat(_))).count()
    };
    harness.now = seconds(9);
    harness.push(0, Processing, None);
    harness.wait_until(18);
    assert_eq!(beats(&harness), 0);
    harness.wait_until(19);
    assert_eq!((harness.now, beats(&harness)), (seconds(19), 1));
    harness.push(0, Completed, None);
    harness.wait_until(29);
    let last = harness.events.iter().rev().find_map(|event| match event {
        Event::Heartbeat(open) => Some(open.total()),
        _ => None,
    });
    assert_eq!(last, Some(1));
}
