//! Profiles that can only be listened to, and tokens that a provider issues.

use jiff::Timestamp;

use super::*;
use Status::{Completed, Pending};

fn listening(targets: usize) -> Plan {
    let mut plan = plan(Mode::Watch, targets);
    plan.profiles[0].can_poll = false;
    plan.profiles[0].credential = Credential::none();
    plan
}

#[test]
fn nothing_is_ever_asked_without_a_token() {
    let mut world = World::new(listening(2));
    world.feed(FeedInput::Live);
    world.subscribe();
    world.push(0, Pending, Some(5));
    world.lose(unreachable(), 1);
    world.feed(FeedInput::Live);
    world.subscribe();
    // An ending that looks old would be asked about.
    world.push(0, Completed, Some(3));
    assert_eq!(world.warnings(), ["push_lost", "gap", "stale_push"]);
    world.wait_until(50);
    assert_eq!(world.take(), ["open"]);
    assert!(!world.connections().contains(&"polling"), "{:?}", world.connections());
    world.push(0, Completed, Some(6));
    world.push(1, Completed, None);
    assert_eq!(world.exit(), Some(Code::Ok));
}

#[test]
fn a_channel_that_stays_silent_is_told_once_and_the_watch_goes_on() {
    let mut world = World::new(listening(2));
    world.feed(FeedInput::Live);
    world.subscribe();
    world.push(1, Pending, None);
    world.events.clear();
    world.wait_until(1000);
    assert_eq!(world.now, seconds(60));
    match &world.events[..] {
        [Event::Warning { target: Some(target), code: "nothing_heard", message }] => {
            assert_eq!(&**target, "fake:0");
            assert_eq!(
                message,
                "nothing heard yet; without an access token txwatch cannot check that this order exists"
            );
        }
        other => panic!("{other:?}"),
    }
    world.lose(unreachable(), 1);
    world.feed(FeedInput::Live);
    world.wait_until(1000);
    assert_eq!(world.warnings(), ["nothing_heard", "push_lost", "gap"]);
    assert_eq!(world.exit(), None);
}

#[test]
fn silence_is_not_told_if_nobody_wants_to_know() {
    let mut plan = listening(1);
    plan.profiles[0].appear_timeout = None;
    let mut world = World::new(plan);
    world.feed(FeedInput::Live);
    world.wait_until(1000);
    assert_eq!(world.warnings(), [""; 0]);
}

#[test]
fn many_silent_channels_are_told_in_one_sentence() {
    let mut world = World::new(listening(500));
    world.feed(FeedInput::Live);
    world.wait_until(1000);
    assert_eq!(world.warnings(), ["nothing_heard"]);
}

#[test]
fn what_push_refuses_cannot_be_asked_for_instead() {
    let mut world = World::new(listening(2));
    world.feed(FeedInput::Live);
    world.feed(FeedInput::SubscriptionRejected(vec![Id::new("0")], "no (403)".to_owned()));
    assert_eq!(world.results(), [("fake:0".to_owned(), Code::Denied)]);
    world.lose(Error::unsupported("no upgrade here".to_owned()), 1);
    assert_eq!(world.exit(), Some(Code::Denied));
}

#[test]
fn with_a_token_what_push_refuses_is_asked_for() {
    let mut world = World::new(plan(Mode::Watch, 1));
    world.feed(FeedInput::Live);
    world.take();
    world.feed(FeedInput::SubscriptionRejected(vec![Id::new("0")], "no (403)".to_owned()));
    assert_eq!(world.take(), ["pull 0"]);
    assert_eq!(world.warnings(), ["push_unavailable"]);
    world.pulled(0, Ok(report(Pending, None)));
    // At the interval, for the connection is live but says nothing of this one.
    world.wait_until(6);
    assert_eq!(world.take(), ["pull 0"]);
}

#[test]
fn what_is_expected_and_cannot_be_asked_for_does_not_hold() {
    let mut plan = listening(1);
    plan.expectations = vec!["crypto_amount>=99".parse().unwrap()];
    let mut world = World::new(plan);
    world.feed(FeedInput::Live);
    world.push(0, Completed, None);
    assert_eq!(world.exit(), Some(Code::Mismatch));
}

/// A profile whose tokens are issued for another secret.
pub(super) fn issuing(token: Option<Token>) -> Plan {
    let mut plan = plan(Mode::Watch, 1);
    let issuer = Credential::fixed("issuer-secret", "a test".to_owned()).unwrap();
    plan.profiles[0].credential = Credential {
        token,
        source: crate::credential::CredentialSource::Fixed,
        issuer: Some(Box::new(issuer)),
        ..Credential::none()
    };
    plan
}

pub(super) fn at(second: i64) -> Option<Timestamp> {
    Some(Timestamp::from_second(second).unwrap())
}

pub(super) fn token(expires_at: i64) -> Option<Token> {
    let token = Token::new("some-token".to_owned().into(), 0);
    Some(token.expiring(Timestamp::from_second(expires_at).unwrap()))
}

#[test]
fn a_missing_token_is_issued_before_anything_begins() {
    let mut world = World::new(issuing(None));
    assert_eq!(world.take(), ["renew"]);
    world.input(Input::Renewed(0, Ok(at(604_800))));
    assert_eq!(world.take(), ["open"]);
}

#[test]
fn a_token_near_its_end_is_renewed_first_and_one_that_lasts_in_time() {
    // The clock of these tests begins at the epoch.
    let mut world = World::new(issuing(token(300)));
    assert_eq!(world.take(), ["renew"]);

    let mut plan = issuing(token(1_500));
    plan.timeout = None;
    let mut world = World::new(plan);
    assert_eq!(world.take(), ["open"]);
    world.feed(FeedInput::Live);
    world.subscribe();
    world.pulled(0, Ok(report(Pending, None)));
    while !world.done.contains(&"renew".to_owned()) {
        world.wait_until(2_000);
        if world.done.last().is_some_and(|last| last == "pull 0") {
            world.pulled(0, Ok(report(Pending, None)));
        }
    }
    assert_eq!(world.now, seconds(900));
}

#[test]
fn a_token_that_seems_to_have_ended_at_birth_is_used_for_a_while() {
    let mut world = World::new(issuing(None));
    world.input(Input::Renewed(0, Ok(at(0))));
    assert_eq!(world.take(), ["renew", "open"]);
    world.feed(FeedInput::Live);
    world.wait_until(290);
    assert!(!world.take().contains(&"renew".to_owned()));
}

#[test]
fn a_refused_token_is_issued_anew_once() {
    let mut world = World::new(issuing(token(604_800)));
    world.feed(FeedInput::Live);
    world.subscribe();
    world.take();
    world.pulled(0, Err(Reading::Denied("401".to_owned())));
    assert_eq!(world.take(), ["renew"]);
    world.input(Input::Renewed(0, Ok(at(604_800))));
    world.wait_until(5);
    assert_eq!(world.take(), ["pull 0"]);
    world.pulled(0, Err(Reading::Denied("401".to_owned())));
    assert_eq!(world.exit(), Some(Code::Denied));
}

#[test]
fn while_no_token_can_be_issued_push_carries_the_watch() {
    let mut world = World::new(issuing(None));
    world.take();
    let later = || Err(Unrenewed::Later { reason: "503".to_owned(), wait: None });
    world.input(Input::Renewed(0, later()));
    assert_eq!(world.take(), ["open"]);
    world.feed(FeedInput::Live);
    world.subscribe();
    // The first question waits for the token, which is asked for again.
    world.wait_until(100);
    assert_eq!(world.take(), ["renew"]);
    world.input(Input::Renewed(0, later()));
    world.push(0, Completed, None);
    assert_eq!(world.exit(), Some(Code::Ok));
}

#[test]
fn an_issuer_that_is_never_reached_is_an_outage() {
    let mut plan = issuing(None);
    plan.mode = Mode::Poll;
    let mut world = World::new(plan);
    while world.exit().is_none() {
        for done in world.take() {
            if done == "renew" {
                let reason = "no answer".to_owned();
                world.input(Input::Renewed(0, Err(Unrenewed::Later { reason, wait: None })));
            }
        }
        world.wait_until(1_000);
    }
    assert_eq!((world.exit(), world.now), (Some(Code::Unreachable), seconds(300)));
}

#[test]
fn a_renewal_that_nobody_waits_for_may_fail() {
    let mut plan = issuing(token(1_500));
    plan.timeout = None;
    let mut world = World::new(plan);
    world.input(Input::Renewed(0, Err(Unrenewed::Failed(crate::error::config("no")))));
    assert_eq!(world.warnings(), ["not_renewed"]);
    assert_eq!(world.exit(), None);
}

#[test]
fn a_token_near_its_end_is_used_while_no_other_can_be_had() {
    let failures = [
        Unrenewed::Failed(crate::error::config("no")),
        Unrenewed::Later { reason: "503".to_owned(), wait: None },
    ];
    for failure in failures {
        let mut plan = issuing(token(300));
        plan.mode = Mode::Get { exit_status: false };
        plan.profiles[0].max_outage = Some(Duration::ZERO);
        let mut world = World::new(plan);
        assert_eq!(world.take(), ["renew"]);
        world.input(Input::Renewed(0, Err(failure)));
        assert_eq!(
            (world.take(), world.warnings()),
            (vec!["pull 0".to_owned()], vec!["not_renewed"])
        );
        world.pulled(0, Ok(report(Completed, None)));
        assert_eq!(world.exit(), Some(Code::Ok));
    }
}

#[test]
fn a_token_that_was_renewed_early_is_not_renewed_again_when_the_old_one_would_have_been() {
    let mut plan = issuing(token(1_500));
    plan.timeout = None;
    let mut world = World::new(plan);
    world.feed(FeedInput::Live);
    world.subscribe();
    world.pulled(0, Err(Reading::Denied("401".to_owned())));
    world.input(Input::Renewed(0, Ok(at(604_800))));
    world.take();
    for _ in 0..200 {
        world.wait_until(2_000);
        for done in world.take() {
            assert_ne!((done.as_str(), world.now), ("renew", seconds(900)));
            if done == "pull 0" {
                world.pulled(0, Ok(report(Pending, None)));
            }
        }
    }
    assert!(world.now > seconds(900));
}

#[test]
fn an_answer_that_comes_after_the_end_still_asks_to_wait() {
    let mut world = World::watching(plan(Mode::Watch, 2));
    world.subscribe();
    assert_eq!(world.take(), ["pull 0", "pull 1"]);
    world.push(0, Status::Completed, None);
    world.pulled(1, Ok(report(Status::Pending, None)));
    world.take();
    let busy = Reading::Busy("429".to_owned());
    world.answer(0, Ok((busy, Some(seconds(100)))));
    world.wait_until(200);
    assert_eq!((world.now, world.take()), (seconds(100), vec!["pull 1".to_owned()]));
}
