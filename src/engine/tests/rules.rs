//! Subscribe, pull, follow; and how it ends.

use super::*;
use Status::{Completed, Failed, Pending, Processing, Unknown};

#[test]
fn a_watch_subscribes_first_and_then_looks() {
    let mut world = World::new(plan(Mode::Watch, 1));
    assert_eq!(world.take(), ["open"]);
    world.feed(FeedInput::Live);
    assert_eq!(world.take(), [""; 0]);
    world.subscribe();
    assert_eq!(world.take(), ["pull 0"]);
}

#[test]
fn a_slow_push_connection_does_not_delay_the_first_look_for_long() {
    let mut world = World::new(plan(Mode::Watch, 1));
    world.take();
    world.wait_until(10);
    assert_eq!((world.now, world.take()), (seconds(2), vec!["pull 0".to_owned()]));
}

#[test]
fn a_subscription_during_a_request_makes_it_ask_again() {
    let mut world = World::new(plan(Mode::Watch, 1));
    world.wait_until(10);
    world.take();
    world.subscribe();
    assert_eq!(world.take(), [""; 0]);
    world.pulled(0, Ok(report(Pending, None)));
    assert_eq!(world.take(), ["pull 0"]);
}

#[test]
fn a_lost_connection_is_carried_by_polling_and_found_again() {
    let mut world = World::watching(plan(Mode::Watch, 1));
    world.lose(unreachable(), 3);
    assert_eq!(world.take(), ["pull 0"]);
    assert_eq!(world.connections(), ["live", "lost", "polling"]);
    world.pulled(0, Ok(report(Pending, None)));
    world.wait_until(100);
    assert_eq!(world.take(), ["pull 0"]);
    assert!(world.now >= Duration::from_millis(4500) && world.now <= Duration::from_millis(5500));
    world.pulled(0, Ok(report(Pending, None)));

    // A second loss in a row is no news for polling.
    world.lose(unreachable(), 7);
    assert_eq!(world.take(), [""; 0]);

    world.feed(FeedInput::Live);
    world.subscribe();
    assert_eq!(world.take(), ["pull 0"]);
    world.pulled(0, Ok(report(Completed, None)));
    assert_eq!(world.exit(), Some(Code::Ok));
    let reconnects = world.events.iter().find_map(|event| match event {
        Event::Result(outcome) => Some(outcome.reconnects),
        _ => None,
    });
    assert_eq!(reconnects, Some(1));
}

#[test]
fn while_push_is_healthy_looks_are_rare() {
    let mut world = World::watching(plan(Mode::Watch, 1));
    world.wait_until(1000);
    assert_eq!(world.take(), ["pull 0"]);
    assert!(world.now >= seconds(54) && world.now <= seconds(66), "{:?}", world.now);
}

#[test]
fn push_alone_looks_only_after_subscribing() {
    let mut world = World::watching(plan(Mode::WatchPushOnly, 1));
    world.lose(unreachable(), 3);
    world.wait_until(200);
    assert_eq!(world.take(), [""; 0]);
    world.feed(FeedInput::Live);
    world.subscribe();
    assert_eq!(world.take(), ["pull 0"]);
}

#[test]
fn the_ending_settles_shows_and_closes() {
    let mut world = World::watching(plan(Mode::Watch, 1));
    world.push(0, Processing, None);
    world.push(0, Completed, None);
    assert_eq!(world.statuses(), [Pending, Processing, Completed]);
    assert_eq!(world.results(), [("fake:0".to_owned(), Code::Ok)]);
    assert_eq!(world.take(), ["close"]);
    assert!(matches!(world.events.last(), Some(Event::Summary(summary)) if summary.exit == 0));
    world.push(0, Failed, None);
    assert_eq!(world.exit(), Some(Code::Ok));
}

#[test]
fn of_several_each_is_forgotten_when_it_is_settled_and_the_largest_code_wins() {
    let mut world = World::watching(plan(Mode::Watch, 3));
    world.push(1, Failed, None);
    assert_eq!(world.take(), ["forget 1"]);
    assert_eq!(world.exit(), None);
    world.push(0, Completed, None);
    world.push(2, Status::Cancelled, None);
    assert_eq!(world.take(), ["forget 0", "close"]);
    assert_eq!(world.exit(), Some(Code::Cancelled));
}

#[test]
fn any_ends_with_the_first_success_but_not_with_a_failure() {
    let mut world = World::watching(Plan { any: true, ..plan(Mode::Watch, 3) });
    world.push(0, Failed, None);
    assert_eq!(world.exit(), None);
    world.push(2, Completed, None);
    assert_eq!(world.exit(), Some(Code::Ok));
    let codes: Vec<_> = world.results().into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, [Code::Failed, Code::Ok, Code::Unfinished]);
    assert!(world.watch.closing().undecided.is_empty());
}

#[test]
fn any_without_a_success_ends_with_the_largest_code() {
    let mut world = World::watching(Plan { any: true, ..plan(Mode::Watch, 2) });
    world.push(0, Failed, None);
    world.push(1, Status::Refunded, None);
    assert_eq!(world.exit(), Some(Code::Refunded));
}

#[test]
fn an_earlier_goal_is_reached_early() {
    let goal = "processing".parse().unwrap();
    let mut world = World::watching(Plan { goal, ..plan(Mode::Watch, 1) });
    world.push(0, Processing, None);
    assert_eq!(world.exit(), Some(Code::Ok));
}

#[test]
fn a_good_ending_that_was_not_the_goal_is_a_mismatch() {
    let goal = "failed".parse().unwrap();
    let mut world = World::watching(Plan { goal, ..plan(Mode::Watch, 1) });
    world.push(0, Completed, None);
    assert_eq!(world.exit(), Some(Code::Mismatch));
}

#[test]
fn expectations_are_held_against_the_report_that_reached_the_goal() {
    let expect = |amount: &str, code| {
        let expectations = vec![amount.parse().unwrap()];
        let mut world = World::watching(Plan { expectations, ..plan(Mode::Watch, 1) });
        let mut done = report(Completed, None);
        done.transaction.crypto_amount = Some("99.50".to_owned());
        done.data = Some(serde_json::json!({ "fee": 1 }));
        world.feed(FeedInput::Observed(Id::new("0"), done));
        assert_eq!(world.exit(), Some(code), "{amount}");
    };
    expect("crypto_amount>=99", Code::Ok);
    expect("crypto_amount>=100", Code::Mismatch);
    expect("fee=1", Code::Ok);
}

#[test]
fn what_an_earlier_status_said_is_no_proof_of_the_end() {
    let expectations = vec!["crypto_amount>=99".parse().unwrap()];
    let mut world = World::watching(Plan { expectations, ..plan(Mode::Watch, 1) });
    let with_amount = |status, clock, amount: &str| {
        let mut report = report(status, Some(clock));
        report.transaction.crypto_amount = Some(amount.to_owned());
        report
    };
    world.feed(FeedInput::Observed(Id::new("0"), with_amount(Processing, 1, "100")));
    world.push(0, Completed, Some(2));
    assert_eq!((world.exit(), world.take()), (None, vec!["pull 0".to_owned()]));
    world.pulled(0, Ok(with_amount(Completed, 2, "95")));
    assert_eq!(world.exit(), Some(Code::Mismatch));
}

#[test]
fn an_expectation_at_the_end_of_a_grace_is_asked_for() {
    let expectations = vec!["crypto_amount=1".parse().unwrap()];
    let goal = "failed".parse().unwrap();
    let mut plan = Plan { expectations, goal, ..plan(Mode::Watch, 1) };
    plan.profiles[0].grace = seconds(5);
    let mut world = World::watching(plan);
    world.push(0, Failed, Some(1));
    world.wait_until(100);
    assert_eq!((world.now, world.take()), (seconds(5), vec!["pull 0".to_owned()]));
    let mut answer = report(Failed, Some(1));
    answer.transaction.crypto_amount = Some("1.0".to_owned());
    world.pulled(0, Ok(answer));
    assert_eq!(world.exit(), Some(Code::Ok));
}

#[test]
fn what_a_push_lacks_is_asked_for_before_it_is_a_mismatch() {
    for (network, code) in [(Some("TRC20"), Code::Ok), (None, Code::Mismatch)] {
        let expectations = vec!["network=TRC20".parse().unwrap()];
        let mut world = World::watching(Plan { expectations, ..plan(Mode::Watch, 1) });
        world.push(0, Completed, Some(5));
        assert_eq!(world.exit(), None);
        // An answer from before the end tells nothing; one about it need not be newer than the push.
        world.pulled(0, Ok(report(Processing, Some(1))));
        assert_eq!(world.exit(), None);
        let mut answer = report(Completed, Some(4));
        answer.transaction.network = network.map(str::to_owned);
        answer.data = Some(serde_json::to_value(&answer.transaction).unwrap());
        world.wait_until(60);
        world.pulled(0, Ok(answer));
        assert_eq!(world.exit(), Some(code));
        assert_eq!(world.statuses(), [Pending, Completed]);
    }
}

#[test]
fn grace_holds_a_failure_that_is_then_revived() {
    let mut plan = plan(Mode::Watch, 1);
    plan.profiles[0].grace = seconds(10);
    let mut world = World::watching(plan);
    world.push(0, Failed, Some(1));
    world.now = seconds(5);
    world.push(0, Processing, Some(2));
    world.wait_until(30);
    assert_eq!(world.exit(), None);
    world.push(0, Completed, Some(3));
    assert_eq!(world.exit(), Some(Code::Ok));
    assert_eq!(world.statuses(), [Pending, Failed, Processing, Completed]);
}

#[test]
fn grace_ends_and_the_failure_is_believed_at_that_moment() {
    let mut plan = plan(Mode::Watch, 1);
    plan.profiles[0].grace = seconds(10);
    let mut world = World::watching(plan);
    world.now = seconds(3);
    world.push(0, Failed, Some(1));
    world.wait_until(100);
    assert_eq!((world.now, world.exit()), (seconds(13), Some(Code::Failed)));
}

#[test]
fn the_time_limit_ends_everything_at_its_second() {
    let timeout = Some(seconds(20));
    let mut world = World::watching(Plan { timeout, ..plan(Mode::Watch, 2) });
    world.push(0, Completed, None);
    while world.exit().is_none() {
        world.wait_until(100);
    }
    assert_eq!((world.now, world.exit()), (seconds(20), Some(Code::Timeout)));
    let closing = world.watch.closing();
    assert_eq!(closing.undecided.len(), 1);
    assert_eq!(closing.undecided[0].last.map(|(status, ..)| status), Some(Pending));
}

#[test]
fn unknown_words_are_warned_about_once_and_never_end_anything() {
    let mut world = World::watching(plan(Mode::Watch, 1));
    world.push(0, Unknown, Some(1));
    world.push(0, Processing, Some(2));
    world.push(0, Unknown, Some(3));
    assert_eq!(world.warnings(), ["unknown_status"]);
    assert_eq!(world.exit(), None);
}

#[test]
fn an_old_looking_ending_is_a_reason_to_ask() {
    let mut world = World::watching(plan(Mode::Watch, 1));
    world.push(0, Processing, Some(10));
    world.push(0, Completed, Some(9));
    assert_eq!(world.exit(), None);
    assert_eq!(world.take(), ["pull 0"]);
}

#[test]
fn a_slow_answer_does_not_overtake_a_push() {
    let mut world = World::watching(plan(Mode::Watch, 1));
    world.subscribe();
    assert_eq!(world.take(), ["pull 0"]);
    let asked = world.now;
    world.now = seconds(2);
    world.push(0, Processing, None);
    let answer = Ok((Reading::Observed(report(Pending, None)), None));
    world.input(Input::Pulled(0, Pulled { asked, generation: 0, answer }));
    assert_eq!(world.statuses(), [Pending, Processing]);
}

#[test]
fn an_ending_that_a_push_overtook_is_asked_for_again_at_once() {
    let mut world = World::new(plan(Mode::Watch, 1));
    world.feed(FeedInput::Live);
    world.subscribe();
    world.take();
    world.now = seconds(1);
    world.push(0, Status::Pending, None);
    let answer = Ok((Reading::Observed(report(Status::Completed, None)), None));
    let pulled = Pulled { asked: seconds(0), generation: 0, answer };
    world.input(Input::Pulled(0, pulled));
    assert_eq!(world.take(), ["pull 0"]);
    assert_eq!(world.warnings(), [""; 0]);
    world.pulled(0, Ok(report(Status::Completed, None)));
    assert_eq!(world.exit(), Some(Code::Ok));
}

#[test]
fn a_look_ends_with_its_first_answer_and_maps_only_when_asked() {
    for (exit_status, status, code) in [
        (false, Pending, Code::Ok),
        (true, Pending, Code::Unfinished),
        (false, Failed, Code::Ok),
        (true, Failed, Code::Failed),
        (true, Completed, Code::Ok),
    ] {
        let mut world = World::new(plan(Mode::Get { exit_status }, 1));
        assert_eq!(world.take(), ["pull 0"]);
        world.pulled(0, Ok(report(status, None)));
        assert_eq!(world.exit(), Some(code), "{exit_status} {status}");
    }
}

#[test]
fn polling_asks_again_and_again_without_a_connection() {
    let mut world = World::new(plan(Mode::Poll, 1));
    for _ in 0..3 {
        assert_eq!(world.take(), ["pull 0"]);
        world.pulled(0, Ok(report(Pending, None)));
        world.wait_until(1000);
    }
    assert!(world.now <= seconds(17), "{:?}", world.now);
    assert!(world.connections().is_empty());
}

#[test]
fn a_heartbeat_comes_only_when_nothing_changes() {
    let mut world = World::watching(Plan { heartbeat: Some(seconds(10)), ..plan(Mode::Watch, 2) });
    let beats = |world: &World| {
        world.events.iter().filter(|event| matches!(event, Event::Heartbeat(_))).count()
    };
    world.now = seconds(9);
    world.push(0, Processing, None);
    world.wait_until(18);
    assert_eq!(beats(&world), 0);
    world.wait_until(19);
    assert_eq!((world.now, beats(&world)), (seconds(19), 1));
    world.push(0, Completed, None);
    world.wait_until(29);
    let last = world.events.iter().rev().find_map(|event| match event {
        Event::Heartbeat(open) => Some(open.total()),
        _ => None,
    });
    assert_eq!(last, Some(1));
}
