//! Tokens that are issued, given in addition, kept, and renewed before they expire.

use jiff::Timestamp;

use super::*;
use crate::credential::CredentialSource;
use crate::error::{Failure, FailureKind, Hint, config};
use crate::wire::Token;
use Status::{Completed, Pending};

/// A profile whose tokens are issued for another secret; a token may be given as well.
pub(super) fn issuing(token: Option<Token>) -> Plan {
    plan_with(Mode::Watch, 1, |profile| {
        let issuer = Credential::value("issuer-secret", "a test".to_owned()).unwrap();
        let source = match token {
            Some(_) => CredentialSource::Value,
            None => CredentialSource::None,
        };
        let issuer = Some(Box::new(issuer));
        profile.credential = Credential { token, source, issuer, ..Credential::none() };
    })
}

/// A watch of such a profile with a token that was issued, and expires then.
fn with_issued(expires_at: i64) -> Harness {
    let mut harness = Harness::new(Plan { timeout: None, ..issuing(None) });
    assert_eq!(harness.take(), ["renew"]);
    harness.renewed(Ok(at(expires_at)));
    harness
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
fn a_missing_token_is_issued_before_anything_begins() {
    let mut harness = Harness::new(issuing(None));
    assert_eq!(harness.take(), ["renew"]);
    harness.renewed(Ok(at(604_800)));
    assert_eq!(harness.take(), ["open"]);
}

/// Goes on until the token of a watch is renewed. Returns when, if that is before this second.
fn renewal(harness: &mut Harness, until: u64) -> Option<Duration> {
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.found(0, report(Pending, None));
    while !harness.done.contains(&"renew".to_owned()) && harness.now < seconds(until) {
        harness.wait_until(until);
        if harness.done.last().is_some_and(|last| last == "lookup 0") {
            harness.found(0, report(Pending, None));
        }
    }
    harness.done.contains(&"renew".to_owned()).then_some(harness.now)
}

#[test]
fn an_issued_token_is_renewed_ten_minutes_before_its_end_and_a_given_one_at_its_end() {
    // The clock of these tests begins at the epoch.
    assert_eq!(renewal(&mut with_issued(1_500), 2_000), Some(seconds(900)));
    let mut given = Harness::new(Plan { timeout: None, ..issuing(token(1_500)) });
    assert_eq!(renewal(&mut given, 2_000), Some(seconds(1_440)));
}

#[test]
fn a_given_token_is_replaced_at_the_start_only_if_it_has_expired() {
    for (expires_at, done) in [(-9_000, "renew"), (0, "renew"), (60, "renew"), (61, "open")] {
        let harness = Harness::new(issuing(token(expires_at)));
        assert_eq!(harness.done, [done], "{expires_at}");
    }
}

/// Issuing one puts it out of force, also for whoever it was taken from.
#[test]
fn a_given_token_is_not_replaced_by_an_issued_one_before_it_expires() {
    let opaque = Some(Token::new("some-token".to_owned().into(), 0));
    for given in [token(604_800), token(300), opaque] {
        let mut harness = Harness::new(issuing(given));
        harness.signal(FeedSignal::Live);
        harness.subscribe();
        harness.take();
        harness.read(0, denied());
        assert_eq!(harness.exit(), Some(Code::Denied));
        assert_eq!(harness.take_lookups(), [0; 0]);
        let closing = harness.closing();
        let failure = &closing.failures[0];
        let causes: Vec<_> = failure.causes().collect();
        let hints: Vec<_> = failure.hints().iter().filter_map(Hint::as_text).collect();
        assert!(causes.join(" ").contains("not replaced by an issued one"), "{causes:?}");
        assert!(
            hints.join(" ").contains("to have txwatch issue tokens, give it none"),
            "{hints:?}"
        );
    }
}

#[test]
fn a_given_token_that_expired_meanwhile_is_replaced_once_it_is_refused() {
    let mut harness = Harness::new(Plan { timeout: None, ..issuing(token(200)) });
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.take();
    harness.now = seconds(150);
    harness.read(0, denied());
    assert_eq!(harness.take(), ["renew"]);
    harness.renewed(Ok(at(604_800)));
    assert_eq!(harness.exit(), None);
}

/// A file or command may have another one meanwhile.
#[test]
fn a_given_token_that_can_be_read_again_is_read_again_before_the_watch_fails() {
    let mut plan = issuing(token(604_800));
    plan.profiles[profile()].credential.source = CredentialSource::File("token".into());
    let mut harness = Harness::new(plan);
    harness.take();
    harness.read(0, denied());
    assert_eq!(harness.take(), ["renew"]);
    harness.obtained(TokenOrigin::Given, Ok(at(604_800)));
    harness.wait_until(5);
    harness.read(0, denied());
    assert_eq!(harness.exit(), Some(Code::Denied));
    let closing = harness.closing();
    let causes: Vec<_> = closing.failures[0].causes().collect();
    assert!(causes.join(" ").contains("not replaced by an issued one"), "{causes:?}");
}

/// Another process has had it issued, and it was put out of force in turn.
#[test]
fn a_kept_token_that_is_refused_has_one_issued() {
    let mut harness = with_issued(604_800);
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    for _ in 0..2 {
        harness.take();
        harness.read(0, denied());
        assert_eq!(harness.take(), ["renew"]);
        harness.obtained(TokenOrigin::Kept, Ok(at(604_800)));
        while !harness.is_looked_up(0) {
            harness.wait_until(1_000);
        }
    }
    harness.read(0, denied());
    harness.renewed(Ok(at(604_800)));
    while !harness.is_looked_up(0) {
        harness.wait_until(1_000);
    }
    harness.read(0, denied());
    assert_eq!(harness.exit(), Some(Code::Denied));
}

/// A token that is issued puts the one before it out of force, and would be refused like that one.
#[test]
fn a_refusal_that_another_token_would_not_help_has_none_issued() {
    // The token was accepted, so that a gateway's refusal may pass.
    for (reason, code) in
        [(DenialReason::Access, Some(Code::Denied)), (DenialReason::Gateway, None)]
    {
        let mut harness = with_issued(604_800);
        harness.signal(FeedSignal::Live);
        harness.subscribe();
        harness.take();
        harness.read(0, Reading::Denied { answer: "403".to_owned(), reason });
        assert_eq!(harness.exit(), code);
        assert!(!harness.take().contains(&"renew".to_owned()));
    }
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
    let mut harness = with_issued(604_800);
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

/// The profile was started without a token, so there is none to go on with.
#[test]
fn an_issuer_that_refuses_after_an_outage_ends_the_watch() {
    let mut harness = Harness::new(Plan { mode: Mode::Poll, ..issuing(None) });
    harness.renewed(Err(later("503")));
    harness.wait_until(100);
    assert_eq!(harness.exit(), None);
    harness.renewed(Err(RenewalError::Failed(config("no"))));
    assert_eq!(harness.exit(), Some(Code::Config));
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
    let mut harness = with_issued(1_500);
    assert_eq!(renewal(&mut harness, 2_000), Some(seconds(900)));
    harness.renewed(Err(RenewalError::Failed(config("no"))));
    assert_eq!(harness.warnings(), [WarningCode::NotRenewed]);
    assert_eq!(harness.exit(), None);
}

#[test]
fn a_token_near_its_expiry_is_used_while_no_other_is_issued() {
    for failure in [RenewalError::Failed(config("no")), later("503")] {
        let mut plan = issuing(token(30));
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
    let mut harness = with_issued(1_500);
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

fn page() -> RenewalError {
    let problem = "it answered 502 without a JSON body";
    RenewalError::Unusable(Failure::new(FailureKind::Untrusted, problem))
}

/// The token endpoint answers with a page while the watch runs.
#[test]
fn a_page_in_place_of_a_token_is_an_outage_once_the_provider_was_understood() {
    let mut harness = with_issued(604_800);
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.found(0, report(Pending, None));
    harness.take();
    harness.read(0, denied());
    assert_eq!(harness.take(), ["renew"]);
    for _ in 0..5 {
        harness.renewed(Err(page()));
        assert_eq!(harness.exit(), None);
        harness.wait_until(harness.now.as_secs() + 40);
        assert_eq!(harness.take(), ["renew"]);
    }
    harness.renewed(Ok(None));
    assert_eq!(harness.take(), ["lookup 0"]);
    harness.found(0, report(Completed, None));
    assert_eq!(harness.exit(), Some(Code::Ok));
}

#[test]
fn a_page_in_place_of_the_first_token_is_a_wrong_address_if_it_is_repeated() {
    let mut harness = Harness::new(Plan { mode: Mode::Poll, ..issuing(None) });
    for attempt in 1..=3 {
        assert_eq!((harness.exit(), harness.take()), (None, vec!["renew".to_owned()]));
        harness.renewed(Err(page()));
        if attempt < 3 {
            harness.wait_until(harness.now.as_secs() + 100);
        }
    }
    assert_eq!(harness.exit(), Some(Code::Protocol));

    let mut harness =
        Harness::new(Plan { mode: Mode::Get { exit_status: false }, ..issuing(None) });
    harness.renewed(Err(page()));
    assert_eq!(harness.exit(), Some(Code::Protocol));
}

#[test]
fn a_page_in_answer_to_a_token_that_is_new_is_an_outage_as_well() {
    let mut harness = with_issued(604_800);
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.found(0, report(Pending, None));
    harness.read(0, denied());
    harness.renewed(Ok(None));
    let answer = "403 without a JSON body".to_owned();
    harness.read(0, Reading::Denied { answer, reason: DenialReason::Gateway });
    assert_eq!(harness.exit(), None);
    harness.found(0, report(Completed, None));
    assert_eq!(harness.exit(), Some(Code::Ok));
}
