//! Profiles that cannot be polled: without a token there is only push.

use super::*;
use Status::{Completed, Pending};

fn push_only(targets: usize) -> Plan {
    plan_with(Mode::Watch, targets, |profile| {
        profile.can_poll = false;
        profile.credential = Credential::none();
    })
}

#[test]
fn nothing_is_ever_looked_up_without_a_token() {
    let mut harness = Harness::new(push_only(2));
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.push(0, Pending, Some(500));
    harness.lose(unreachable(), 1);
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    // A final status that seems stale would be looked up.
    harness.push(0, Completed, Some(3));
    let warnings = [WarningCode::PushLost, WarningCode::Gap, WarningCode::StalePush];
    assert_eq!(harness.warnings(), warnings);
    harness.wait_until(50);
    assert_eq!(harness.take(), ["open"]);
    assert!(!harness.connections().contains(&"polling"), "{:?}", harness.connections());
    harness.push(0, Completed, Some(501));
    harness.push(1, Completed, None);
    assert_eq!(harness.exit(), Some(Code::Ok));
}

#[test]
fn a_channel_without_messages_is_reported_once_and_the_watch_goes_on() {
    let mut harness = Harness::new(push_only(2));
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.push(1, Pending, None);
    harness.events.clear();
    harness.wait_until(1000);
    assert_eq!(harness.now, seconds(60));
    match &harness.events[..] {
        [Event::Warning { target: Some(target), warning }] => {
            assert_eq!(&**target, "fake:0");
            assert_eq!(warning.code, WarningCode::NothingHeard);
            assert_eq!(
                warning.message,
                "nothing heard yet; without an access token txwatch cannot check that this order exists"
            );
        }
        other => panic!("{other:?}"),
    }
    harness.lose(unreachable(), 1);
    harness.signal(FeedSignal::Live);
    harness.wait_until(1000);
    let warnings = [WarningCode::NothingHeard, WarningCode::PushLost, WarningCode::Gap];
    assert_eq!(harness.warnings(), warnings);
    assert_eq!(harness.exit(), None);
}

#[test]
fn without_an_appear_timeout_missing_reports_are_not_reported() {
    let mut plan = push_only(1);
    plan.profiles[profile()].appear_timeout = None;
    let mut harness = Harness::new(plan);
    harness.signal(FeedSignal::Live);
    harness.wait_until(1000);
    assert_eq!(harness.warnings(), []);
}

#[test]
fn many_channels_without_messages_share_one_warning() {
    let mut harness = Harness::new(push_only(500));
    harness.signal(FeedSignal::Live);
    harness.wait_until(1000);
    assert_eq!(harness.warnings(), [WarningCode::NothingHeard]);
}

#[test]
fn what_push_refuses_cannot_be_looked_up_instead() {
    let mut harness = Harness::new(push_only(2));
    harness.signal(FeedSignal::Live);
    let rejected = vec![Id::new("0")];
    harness.signal(FeedSignal::SubscriptionRejected(rejected, "no (403)".to_owned()));
    let denied = Outcome::Failed(FailureKind::Denied);
    assert_eq!(harness.results(), [("fake:0".to_owned(), denied)]);

    let mut harness = Harness::new(push_only(2));
    harness.lose(Error::unsupported("no upgrade here".to_owned()), 1);
    assert_eq!(harness.exit(), Some(Code::Denied));
}

#[test]
fn what_is_expected_and_cannot_be_looked_up_does_not_hold() {
    let expectations = vec!["crypto_amount>=99".parse().unwrap()];
    let mut harness = Harness::new(Plan { expectations, ..push_only(1) });
    harness.signal(FeedSignal::Live);
    harness.push(0, Completed, None);
    assert_eq!(harness.exit(), Some(Code::Mismatch));
}

/// A public connection was up: what a firewall or a captive portal answers later is weather.
#[test]
fn a_page_in_place_of_a_connection_that_was_live_before_is_an_outage() {
    let page = || {
        let mut error = Error::denied("403".to_owned());
        error.may_be_gateway = true;
        error
    };
    let untrusted = || Error::untrusted("its certificate is not trusted".to_owned());
    let unsupported = || Error::unsupported("200".to_owned());
    let pages: [(fn() -> Error, Code); 3] =
        [(page, Code::Denied), (unsupported, Code::Denied), (untrusted, Code::Protocol)];
    for (error, code) in pages {
        let mut harness = Harness::new(push_only(1));
        harness.engine.links[feed()].authenticated = false;
        harness.lose(error(), 1);
        assert_eq!(harness.exit(), Some(code), "never live");

        let mut harness = Harness::new(push_only(1));
        harness.engine.links[feed()].authenticated = false;
        harness.signal(FeedSignal::Live);
        harness.subscribe();
        harness.now = seconds(100);
        harness.lose(unreachable(), 1);
        for _ in 0..5 {
            harness.now += seconds(30);
            harness.connect(1);
            harness.lose(error(), 1);
            assert_eq!(harness.exit(), None);
        }
        harness.signal(FeedSignal::Live);
        harness.push(0, Completed, Some(3));
        assert_eq!(harness.exit(), Some(Code::Ok));
    }
}
