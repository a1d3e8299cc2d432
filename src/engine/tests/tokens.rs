//! Tokens: refused, read again, issued, and renewed before they expire.

use jiff::Timestamp;

use super::*;
use crate::credential::CredentialSource;
use crate::error::config;
use crate::wire::Token;
use Status::{Completed, Pending};

/// A profile whose token a command prints.
fn from_a_command(mode: Mode) -> Plan {
    plan_with(mode, 1, |profile| {
        profile.credential = Credential::command(vec!["print-token".into()], "a test".to_owned());
    })
}

/// A profile whose tokens are issued for another secret.
pub(super) fn issuing(token: Option<Token>) -> Plan {
    plan_with(Mode::Watch, 1, |profile| {
        let issuer = Credential::value("issuer-secret", "a test".to_owned()).unwrap();
        let (source, issuer) = (CredentialSource::Value, Some(Box::new(issuer)));
        profile.credential = Credential { token, source, issuer, ..Credential::none() };
    })
}

pub(super) fn at(second: i64) -> Option<Timestamp> {
    Some(Timestamp::from_second(second).unwrap())
}

pub(super) fn token(expires_at: i64) -> Option<Token> {
    let token = Token::new("some-token".to_owned().into(), 0);
    Some(token.expiring(Timestamp::from_second(expires_at).unwrap()))
}

fn later(reason: &str) -> RenewalError {
    RenewalError::Later { reason: reason.to_owned(), retry_after: None }
}

#[test]
fn a_refused_token_that_cannot_change_ends_the_watch() {
    let mut harness = Harness::new(plan(Mode::Poll, 2));
    harness.read(0, denied());
    assert_eq!(harness.exit(), Some(Code::Denied));
    assert_eq!(harness.results().len(), 2);
}

#[test]
fn a_token_command_is_run_before_anything_is_sent() {
    let mut harness = Harness::new(from_a_command(Mode::Poll));
    assert_eq!(harness.take(), ["renew"]);
    harness.renewed(Ok(None));
    assert_eq!(harness.take(), ["lookup 0"]);
}

#[test]
fn a_refused_token_is_read_again_once() {
    let mut harness = Harness::new(from_a_command(Mode::Poll));
    harness.renewed(Ok(None));
    harness.take();
    harness.read(0, denied());
    assert_eq!(harness.take(), ["renew"]);
    harness.renewed(Ok(None));
    harness.wait_until(5);
    assert_eq!(harness.take(), ["lookup 0"]);
    harness.read(0, denied());
    assert_eq!(harness.exit(), Some(Code::Denied));
}

#[test]
fn after_an_accepted_answer_a_token_may_be_read_again() {
    let mut harness = Harness::new(from_a_command(Mode::Poll));
    harness.renewed(Ok(None));
    for _ in 0..3 {
        harness.take();
        harness.read(0, denied());
        assert_eq!(harness.take(), ["renew"]);
        harness.renewed(Ok(None));
        while !harness.take_lookups().contains(&0) {
            harness.wait_until(1000);
        }
        harness.found(0, report(Pending, None));
        while !harness.is_looked_up(0) {
            harness.wait_until(1000);
        }
    }
    assert_eq!(harness.exit(), None);
}

#[test]
fn two_sides_that_disagree_about_a_token_do_not_have_it_read_without_end() {
    let mut harness = Harness::new(from_a_command(Mode::Watch));
    harness.renewed(Ok(None));
    let refuse = |harness: &mut Harness| {
        let generation = harness.generation();
        let error = Error::denied("the upgrade was refused: 401".to_owned());
        let retry_in = seconds(1);
        harness.link_event(LinkEvent::Lost { error, attempt: 1, retry_in, generation });
    };
    harness.take();
    refuse(&mut harness);
    assert!(harness.take().contains(&"renew".to_owned()));
    harness.renewed(Ok(None));
    harness.found(0, report(Pending, None));
    refuse(&mut harness);
    assert_eq!(harness.exit(), Some(Code::Denied));
}

#[test]
fn a_token_that_was_accepted_is_refused_for_one_target_alone() {
    let mut harness = Harness::new(plan(Mode::Poll, 2));
    harness.found(0, report(Pending, None));
    harness.read(1, denied());
    let denied = Outcome::Failed(FailureKind::Denied);
    assert_eq!(harness.results(), [("fake:1".to_owned(), denied)]);
    assert_eq!(harness.exit(), None);
}

/// Another process may have had a newer token issued.
#[test]
fn a_wrong_signature_has_a_token_issued_once_until_one_is_right() {
    let mut plan = from_a_command(Mode::Watch);
    plan.targets = List::default();
    plan.account = true;
    let mut harness = Harness::new(plan);
    harness.renewed(Ok(None));
    harness.signal(FeedSignal::Live);
    harness.take();
    let wrong = |harness: &mut Harness| harness.warn(WarningCode::BadSignature, "wrong");
    wrong(&mut harness);
    assert_eq!(harness.take(), ["renew"]);
    wrong(&mut harness);
    harness.renewed(Ok(None));
    wrong(&mut harness);
    assert_eq!(harness.take(), [""; 0]);
    harness.push(1, Pending, None);
    wrong(&mut harness);
    assert_eq!(harness.take(), ["renew"]);
}

#[test]
fn a_refusal_of_an_older_token_counts_for_nothing() {
    let mut harness = Harness::new(from_a_command(Mode::Poll));
    harness.renewed(Ok(None));
    assert_eq!(harness.take(), ["renew", "lookup 0"]);
    harness.answer_to(seconds(0), 0, 0, Ok(denied()));
    assert_eq!(harness.exit(), None);
    assert!(!harness.take().contains(&"renew".to_owned()));
}

#[test]
fn a_token_that_cannot_be_read_ends_the_watch() {
    let mut harness = Harness::new(from_a_command(Mode::Poll));
    harness.renewed(Err(RenewalError::Failed(config("the command failed"))));
    assert_eq!(harness.exit(), Some(Code::Config));
}

#[test]
fn a_missing_token_is_issued_before_anything_begins() {
    let mut harness = Harness::new(issuing(None));
    assert_eq!(harness.take(), ["renew"]);
    harness.renewed(Ok(at(604_800)));
    assert_eq!(harness.take(), ["open"]);
}

#[test]
fn a_token_near_its_expiry_is_renewed_first_and_one_that_lasts_in_time() {
    // The clock of these tests begins at the epoch.
    let mut harness = Harness::new(issuing(token(300)));
    assert_eq!(harness.take(), ["renew"]);

    let mut harness = Harness::new(Plan { timeout: None, ..issuing(token(1_500)) });
    assert_eq!(harness.take(), ["open"]);
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.found(0, report(Pending, None));
    while !harness.done.contains(&"renew".to_owned()) {
        harness.wait_until(2_000);
        if harness.done.last().is_some_and(|last| last == "lookup 0") {
            harness.found(0, report(Pending, None));
        }
    }
    assert_eq!(harness.now, seconds(900));
}

#[test]
fn a_token_that_seems_to_have_expired_when_it_was_issued_is_used_for_a_while() {
    let mut harness = Harness::new(issuing(None));
    harness.renewed(Ok(at(0)));
    assert_eq!(harness.take(), ["renew", "open"]);
    harness.signal(FeedSignal::Live);
    harness.wait_until(290);
    assert!(!harness.take().contains(&"renew".to_owned()));
}

#[test]
fn a_refused_token_is_issued_anew_once() {
    let mut harness = Harness::new(issuing(token(604_800)));
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.take();
    harness.read(0, denied());
    assert_eq!(harness.take(), ["renew"]);
    harness.renewed(Ok(at(604_800)));
    harness.wait_until(5);
    assert_eq!(harness.take(), ["lookup 0"]);
    harness.read(0, denied());
    assert_eq!(harness.exit(), Some(Code::Denied));
}

#[test]
fn while_no_token_can_be_issued_push_carries_the_watch() {
    let mut harness = Harness::new(issuing(None));
    harness.take();
    harness.renewed(Err(later("503")));
    assert_eq!(harness.take(), ["open"]);
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    // The first lookup waits for the token, whose request is repeated.
    harness.wait_until(100);
    assert_eq!(harness.take(), ["renew"]);
    harness.renewed(Err(later("503")));
    harness.push(0, Completed, None);
    assert_eq!(harness.exit(), Some(Code::Ok));
}

#[test]
fn an_issuer_that_is_never_reached_is_an_outage() {
    let mut harness = Harness::new(Plan { mode: Mode::Poll, ..issuing(None) });
    while harness.exit().is_none() {
        for done in harness.take() {
            if done == "renew" {
                harness.renewed(Err(later("no answer")));
            }
        }
        harness.wait_until(1_000);
    }
    assert_eq!((harness.exit(), harness.now), (Some(Code::Unreachable), seconds(300)));
}

#[test]
fn a_renewal_may_fail_while_the_current_token_is_valid() {
    let mut harness = Harness::new(Plan { timeout: None, ..issuing(token(1_500)) });
    harness.renewed(Err(RenewalError::Failed(config("no"))));
    assert_eq!(harness.warnings(), [WarningCode::NotRenewed]);
    assert_eq!(harness.exit(), None);
}

#[test]
fn a_token_near_its_expiry_is_used_while_no_other_is_issued() {
    for failure in [RenewalError::Failed(config("no")), later("503")] {
        let mut plan = issuing(token(300));
        plan.mode = Mode::Get { exit_status: false };
        plan.profiles[profile()].max_outage = Some(Duration::ZERO);
        let mut harness = Harness::new(plan);
        assert_eq!(harness.take(), ["renew"]);
        harness.renewed(Err(failure));
        assert_eq!(harness.take(), ["lookup 0"]);
        assert_eq!(harness.warnings(), [WarningCode::NotRenewed]);
        harness.found(0, report(Completed, None));
        assert_eq!(harness.exit(), Some(Code::Ok));
    }
}

#[test]
fn a_token_that_was_renewed_early_is_not_renewed_again_when_the_old_one_would_have_been() {
    let mut harness = Harness::new(Plan { timeout: None, ..issuing(token(1_500)) });
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.read(0, denied());
    harness.renewed(Ok(at(604_800)));
    harness.take();
    for _ in 0..200 {
        harness.wait_until(2_000);
        for done in harness.take() {
            assert_ne!((done.as_str(), harness.now), ("renew", seconds(900)));
            if done == "lookup 0" {
                harness.found(0, report(Pending, None));
            }
        }
    }
    assert!(harness.now > seconds(900));
}
