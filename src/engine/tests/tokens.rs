//! Tokens: refused, and read again.

use super::*;
use crate::error::{FailureKind, config};
use Status::Pending;

/// A profile whose token a command prints.
fn from_a_command(mode: Mode) -> Plan {
    plan_with(mode, 1, |profile| {
        profile.credential = Credential::command(vec!["print-token".into()], "a test".to_owned());
    })
}

#[test]
fn a_refused_token_that_cannot_change_ends_the_watch() {
    let mut harness = Harness::new(plan(Mode::Poll, 2));
    harness.read(0, denied());
    assert_eq!((harness.exit(), harness.results().len()), (None, 1));
    harness.read(1, denied());
    assert_eq!(harness.exit(), Some(Code::Denied));
    assert_eq!(harness.results().len(), 2);
    // It is the same with both, so that it is told once.
    let failures = harness.closing().failures;
    assert_eq!(failures.len(), 1);
    assert!(failures[0].to_string().starts_with("Fake refused the token"), "{}", failures[0]);
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
    assert!(harness.closing().undecided.is_empty());
}

/// The file of the token has vanished while the watch runs.
#[test]
fn a_token_that_cannot_be_read_again_leaves_what_was_seen_not_final() {
    let mut harness = Harness::new(from_a_command(Mode::Poll));
    harness.renewed(Ok(None));
    harness.found(0, report(Pending, None));
    harness.wait_until(100);
    harness.read(0, denied());
    harness.renewed(Err(RenewalError::Failed(config("the file is gone"))));
    assert_eq!(harness.exit(), Some(Code::Config));
    let closing = harness.closing();
    assert_eq!(closing.undecided[0].last.map(|(status, ..)| status), Some(Pending));
}
