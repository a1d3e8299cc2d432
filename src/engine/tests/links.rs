//! Push connections: lost and reconnected, rejected, unavailable, and with malformed messages.

use super::*;
use Status::{Completed, Pending};

#[test]
fn a_lost_connection_is_carried_by_polling_and_found_again() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    harness.lose(unreachable(), 3);
    assert_eq!(harness.take(), ["lookup 0"]);
    assert_eq!(harness.connections(), ["live", "lost", "polling"]);
    harness.found(0, report(Pending, None));
    harness.wait_until(100);
    assert_eq!(harness.take(), ["lookup 0"]);
    let interval = Duration::from_millis(4500)..=Duration::from_millis(5500);
    assert!(interval.contains(&harness.now), "{:?}", harness.now);
    harness.found(0, report(Pending, None));

    // A second loss in a row does not start polling again.
    harness.lose(unreachable(), 7);
    assert_eq!(harness.take(), [""; 0]);

    harness.signal(FeedSignal::Live);
    harness.subscribe();
    assert_eq!(harness.take(), ["lookup 0"]);
    harness.found(0, report(Completed, None));
    assert_eq!(harness.exit(), Some(Code::Ok));
    let reconnects = harness.events.iter().find_map(|event| match event {
        Event::Result(result) => Some(result.reconnects),
        _ => None,
    });
    assert_eq!(reconnects, Some(1));
}

#[test]
fn a_subscription_that_is_rejected_is_polled_where_there_is_a_token() {
    let mut harness = Harness::new(plan(Mode::Watch, 1));
    harness.signal(FeedSignal::Live);
    harness.take();
    let rejected = vec![Id::new("0")];
    harness.signal(FeedSignal::SubscriptionRejected(rejected, "no (403)".to_owned()));
    assert_eq!(harness.take(), ["lookup 0"]);
    assert_eq!(harness.warnings(), [WarningCode::PushUnavailable]);
    harness.found(0, report(Pending, None));
    // At the polling interval: the connection is live, but does not serve this target.
    harness.wait_until(6);
    assert_eq!(harness.take(), ["lookup 0"]);
}

#[test]
fn where_push_is_not_to_be_had_polling_carries_unless_push_was_demanded() {
    let unsupported = || Error::unsupported("404".to_owned());
    let mut harness = Harness::new(plan(Mode::Watch, 1));
    harness.lose(unsupported(), 1);
    harness.lose(unsupported(), 1);
    assert_eq!(harness.warnings(), [WarningCode::PushUnavailable]);
    harness.found(0, report(Completed, None));
    assert_eq!(harness.exit(), Some(Code::Ok));

    let mut harness = Harness::new(plan(Mode::WatchPushOnly, 1));
    harness.lose(unsupported(), 1);
    assert_eq!(harness.exit(), Some(Code::Denied));
}

#[test]
fn endless_malformed_messages_are_not_quoted_without_end() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    for index in 0..1000 {
        harness.warn(WarningCode::MalformedMessage, &format!("it is malformed no. {index}"));
    }
    assert_eq!(harness.warnings().len(), 20);
    harness.push(0, Completed, None);
    assert_eq!(harness.warnings().last(), Some(&WarningCode::MalformedMessages));
}

#[test]
fn the_same_malformed_message_is_quoted_once_and_counted() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    for _ in 0..5 {
        harness.warn(WarningCode::MalformedMessage, "it is not JSON");
    }
    assert_eq!(harness.warnings(), [WarningCode::MalformedMessage]);
    harness.push(0, Completed, None);
    let warning = harness.events.iter().rev().find_map(|event| match event {
        Event::Warning { warning, .. } => Some(warning.message.clone()),
        _ => None,
    });
    assert_eq!(warning.unwrap(), "5 messages of fake were ignored in all");
}

/// A gateway in front of the push connection: whether the token is accepted is seen by the lookups.
#[test]
fn a_page_that_forbids_push_leaves_the_watch_to_polling() {
    let page = || {
        let mut error = Error::denied("403".to_owned());
        error.may_be_gateway = true;
        error
    };
    let mut harness = Harness::new(plan(Mode::Watch, 1));
    harness.lose(page(), 1);
    assert_eq!(
        (harness.exit(), harness.take()),
        (None, ["open", "lookup 0"].map(str::to_owned).to_vec())
    );
    harness.found(0, report(Completed, None));
    assert_eq!(harness.exit(), Some(Code::Ok));

    let mut harness = Harness::new(plan(Mode::WatchPushOnly, 1));
    harness.lose(page(), 1);
    assert_eq!(harness.exit(), Some(Code::Denied));
}

/// The limit of open files allows two of five connections.
#[test]
fn a_connection_that_waits_is_opened_once_another_one_is_closed() {
    let plan = plan(Mode::Watch, 5);
    let route = |(id, target): (TargetId, &Target)| Route {
        profile: profile(),
        targets: vec![(target.id.clone(), id)],
        account: false,
        authenticated: true,
        waits: id.index() >= 2,
    };
    let routes = plan.targets.enumerate().map(route).collect();
    let mut harness = Harness::with_routes(plan, routes);
    // The others are polled from the start.
    assert_eq!(harness.take(), ["open", "open", "lookup 2", "lookup 3", "lookup 4"]);
    harness.found(2, report(Status::Completed, None));
    (3..5).for_each(|target| harness.found(target, report(Status::Pending, None)));
    assert_eq!(harness.take(), [""; 0]);

    // The third target has none to open any more.
    let signal = |harness: &mut Harness, feed, signal| {
        harness.input(Input::Feed(FeedId::at(feed), LinkEvent::Signal(signal)));
    };
    let completed = FeedSignal::Observed(Id::new("0"), report(Status::Completed, None));
    signal(&mut harness, 0, completed);
    assert_eq!(harness.take(), ["close", "open"]);
    signal(&mut harness, 3, FeedSignal::Live);
    signal(&mut harness, 3, FeedSignal::Subscribed(vec![Id::new("3")]));
    assert_eq!(harness.take(), ["lookup 3"]);

    // Nothing is opened for a command that ends.
    harness.input(Input::Interrupted(crate::error::Signal::Interrupt));
    assert!(!harness.take().contains(&"open".to_owned()));
}
