//! Orders of an account that began or changed while its push connection was down.

use super::*;
use crate::credential::CredentialSource;
use crate::lifecycle::Source;
use crate::provider::{Listed, Quota};
use Status::{Completed, Failed, Pending, Processing};

/// An account whose connection was subscribed, and told something at 500 s.
fn account() -> Harness {
    account_of(plan(Mode::Watch, 0))
}

fn account_of(plan: Plan) -> Harness {
    let mut harness = Harness::new(Plan { account: true, ..plan });
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.now = seconds(500);
    harness.link_event(LinkEvent::Alive);
    harness.take();
    harness
}

impl Harness {
    /// The connection is lost at this second, and is subscribed again twenty seconds later.
    fn reconnect_at(&mut self, second: u64) {
        self.lose_at(second);
        self.reconnected_at(second + 20);
    }

    fn lose_at(&mut self, second: u64) {
        self.now = seconds(second);
        self.lose(unreachable(), 5);
    }

    fn reconnected_at(&mut self, second: u64) {
        self.now = seconds(second);
        self.connect(1);
        self.signal(FeedSignal::Live);
        self.subscribe();
    }

    /// The listing that was made just now is done.
    fn listed(&mut self, result: Result<Result<Listed, Reading>, Error>) {
        let (started, generation) = (self.now, self.generation());
        let done = OrdersListed { feed: feed(), started, generation, requests: 1, result };
        self.input(Input::OrdersListed(done));
    }

    /// The same with these orders: their ids, and their status since a second.
    fn lists(&mut self, orders: &[(&str, Status, i64)]) {
        let listed =
            |(id, status, at): &(&str, Status, i64)| (Id::new(id), *report(*status, Some(*at)));
        let orders = orders.iter().map(listed).collect();
        self.listed(Ok(Ok(Listed { orders, incomplete: None })));
    }

    /// What is shown of statuses: the orders, and where they are known from.
    fn shown(&self) -> Vec<(String, Status, Source)> {
        let shown = self.events.iter().filter_map(|event| match event {
            Event::Status(it) => Some((it.name.target.to_string(), it.status, it.source)),
            _ => None,
        });
        shown.collect()
    }

    fn messages(&self, of: WarningCode) -> Vec<&str> {
        let messages = self.events.iter().filter_map(|event| match event {
            Event::Warning { warning, .. } if warning.code == of => Some(&*warning.message),
            _ => None,
        });
        messages.collect()
    }
}

#[test]
fn orders_are_listed_after_each_reconnect_and_not_at_first() {
    let mut harness = Harness::new(Plan { account: true, ..plan(Mode::Watch, 0) });
    // It takes three attempts until it is subscribed for the first time.
    for _ in 0..2 {
        harness.connect(1);
        harness.signal(FeedSignal::Live);
        harness.lose(unreachable(), 1);
    }
    harness.connect(1);
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    assert_eq!(harness.take(), ["open"]);
    harness.now = seconds(500);
    harness.link_event(LinkEvent::Alive);
    // Lost long after it was last heard of; a minute before that is asked for as well.
    harness.reconnect_at(620);
    assert_eq!(harness.take(), ["list 440"]);
    harness.lists(&[]);
    harness.wait_until(900);
    assert_eq!(harness.take(), [""; 0]);
    harness.reconnect_at(1000);
    assert_eq!(harness.take(), ["list 580"]);
}

#[test]
fn nothing_is_listed_from_before_the_start() {
    let mut harness = Harness::new(Plan { account: true, ..plan(Mode::Watch, 0) });
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.take();
    harness.reconnect_at(30);
    assert_eq!(harness.take(), ["list 0"]);
}

/// As after a close frame that asks to come back at once.
#[test]
fn a_connection_that_is_replaced_without_being_down_has_a_gap_too() {
    let mut harness = account();
    harness.reconnected_at(501);
    assert_eq!(harness.take(), ["list 440"]);
}

#[test]
fn an_order_that_began_meanwhile_is_shown_and_followed_to_its_end() {
    let mut harness = account();
    harness.reconnect_at(510);
    harness.lists(&[("ended", Completed, 515), ("open", Pending, 520)]);
    let pull = Source::Pull;
    assert_eq!(
        harness.shown(),
        [("fake:ended".to_owned(), Completed, pull), ("fake:open".to_owned(), Pending, pull)]
    );
    assert_eq!(harness.results(), [("fake:ended".to_owned(), Outcome::Reached)]);
    let push = |harness: &mut Harness, status, at| {
        harness.signal(FeedSignal::Observed(Id::new("open"), report(status, Some(at))));
    };
    push(&mut harness, Failed, 540);
    assert_eq!(harness.results()[1], ("fake:open".to_owned(), Outcome::Missed(Failed)));
    assert_eq!(harness.warnings(), []);
}

#[test]
fn what_is_known_is_not_shown_twice_and_no_older_status_replaces_a_newer_one() {
    let mut harness = account();
    harness.push(1, Processing, Some(400));
    harness.push(2, Completed, Some(450));
    harness.reconnect_at(510);
    assert_eq!(harness.take(), ["lookup 0", "list 440"]);
    // Pushed after the reconnect, before the answer.
    harness.push(1, Completed, Some(535));
    harness.push(3, Processing, Some(535));
    let before = harness.shown().len();
    harness.lists(&[
        ("1", Processing, 400),
        ("2", Completed, 450),
        ("3", Pending, 525),
        ("3", Processing, 535),
    ]);
    assert_eq!(harness.shown().len(), before, "{:?}", harness.shown());
    assert_eq!(harness.results().len(), 2);
    harness.reconnect_at(600);
    harness.lists(&[("3", Processing, 535)]);
    assert_eq!(harness.shown().len(), before);
}

#[test]
fn any_ends_with_an_order_that_was_listed() {
    let mut harness = account_of(Plan { any: true, ..plan(Mode::Watch, 0) });
    harness.reconnect_at(510);
    harness.lists(&[("a", Failed, 512), ("b", Completed, 513), ("c", Completed, 514)]);
    assert_eq!(harness.exit(), Some(Code::Ok));
    assert_eq!(harness.shown().len(), 2);
}

#[test]
fn a_listing_that_fails_is_repeated_and_the_third_failure_is_reported() {
    let mut harness = account();
    harness.reconnect_at(510);
    harness.take();
    let failures = [
        Ok(Err(busy("503", None))),
        Ok(Err(html())),
        Err(unreachable()),
        Ok(Err(malformed())),
        Ok(Err(not_found())),
    ];
    for failure in failures {
        harness.listed(failure);
        harness.wait_until(600);
        assert_eq!(harness.take(), ["list 440"]);
    }
    let [message] = harness.messages(WarningCode::ListIncomplete)[..] else {
        panic!("{:?}", harness.events)
    };
    assert!(message.starts_with("Fake: ") && message.ends_with("gone; asking again"), "{message}");
    harness.lists(&[("a", Completed, 515)]);
    assert_eq!(harness.results().len(), 1);
    harness.wait_until(700);
    assert_eq!(harness.take(), [""; 0]);
    assert_eq!(harness.exit(), None);
}

#[test]
fn retry_after_and_the_quota_hold_for_the_listing() {
    let mut harness = account();
    harness.reconnect_at(510);
    harness.take();
    harness.listed(Ok(Err(busy("429", Some(40)))));
    harness.wait_until(569);
    assert_eq!(harness.take(), [""; 0]);
    harness.wait_until(580);
    assert_eq!(harness.take(), ["list 440"]);

    let quota = Quota { requests: 1, within: seconds(100) };
    let plan = plan_with(Mode::Watch, 0, |profile| profile.quotas = vec![quota]);
    let mut harness = account_of(plan);
    harness.reconnect_at(510);
    harness.lists(&[]);
    harness.reconnect_at(550);
    assert_eq!(harness.take(), ["list 440"]);
    harness.wait_until(700);
    assert_eq!(harness.take(), ["list 470"]);
    assert!(harness.now >= seconds(630), "{:?}", harness.now);
}

#[test]
fn a_connection_that_is_lost_again_has_what_was_missed_listed_from_the_first_gap_on() {
    let mut harness = account();
    harness.reconnect_at(510);
    harness.take();
    // The listing fails after the next loss; it is repeated only with the next subscription.
    harness.lose_at(540);
    harness.listed(Err(unreachable()));
    harness.wait_until(555);
    assert_eq!(harness.take(), [""; 0]);
    harness.reconnected_at(560);
    assert_eq!(harness.take(), ["list 440"]);
    harness.lists(&[]);

    // While the queue is closed the listing waits, but not beyond the next loss.
    harness.reconnect_at(600);
    harness.take();
    harness.listed(Ok(Err(busy("429", Some(60)))));
    harness.lose_at(640);
    harness.wait_until(700);
    assert_eq!(harness.take(), [""; 0]);
    harness.reconnected_at(710);
    assert_eq!(harness.take(), ["list 500"]);
}

#[test]
fn an_incomplete_list_is_one_warning() {
    let mut harness = account();
    harness.reconnect_at(510);
    let orders = vec![(Id::new("a"), *report(Completed, Some(515)))];
    let incomplete = Some("there are more".to_owned());
    harness.listed(Ok(Ok(Listed { orders, incomplete })));
    let expected = "the list of orders that changed while the connection was down may be incomplete: there are more";
    assert_eq!(harness.messages(WarningCode::ListIncomplete), [expected]);
    assert_eq!(harness.results().len(), 1);
}

#[test]
fn only_where_nothing_can_be_listed_the_gap_is_reported() {
    let no_list = Spec { has_account_feed: false, ..spec() };
    let no_list: Arc<dyn Provider> = Arc::new(Fake(Arc::new(no_list)));
    for (can_poll, can_list) in [(true, true), (true, false), (false, true)] {
        let plan = plan_with(Mode::Watch, 0, |profile| {
            profile.can_poll = can_poll;
            if !can_list {
                profile.provider = no_list.clone();
            }
        });
        let mut harness = account_of(plan);
        harness.reconnect_at(510);
        let is_listed = can_poll && can_list;
        let message = "the connection was down for 20s; a change in between was missed";
        let expected = if is_listed { vec![] } else { vec![message] };
        assert_eq!(harness.messages(WarningCode::Gap), expected, "{can_poll} {can_list}");
        assert_eq!(harness.take().contains(&"list 440".to_owned()), is_listed);
    }
}

#[test]
fn a_refusal_renews_the_token_and_then_fails() {
    let mut harness = account_of(reads_token_again());
    harness.reconnect_at(510);
    harness.take();
    harness.listed(Ok(Err(denied())));
    assert_eq!(harness.take(), ["renew"]);
    harness.renewed(Ok(None));
    harness.wait_until(600);
    assert_eq!(harness.take(), ["list 440"]);
    harness.listed(Ok(Err(denied())));
    assert_eq!(harness.exit(), Some(Code::Denied));

    let mut harness = account();
    harness.reconnect_at(510);
    // Nothing showed that the token is accepted.
    harness.engine.profiles[profile()].token = super::token_renewal::TokenRenewal::new(None);
    harness.listed(Ok(Err(denied())));
    assert_eq!(harness.exit(), Some(Code::Denied));
}

/// It may not have access to the list, and is good for what is pushed.
#[test]
fn a_token_that_is_accepted_otherwise_is_not_given_up() {
    let access = Reading::Denied { answer: "403".to_owned(), reason: DenialReason::Access };
    for answer in [denied(), access] {
        let mut harness = account();
        harness.push(1, Pending, Some(1));
        harness.push(1, Completed, Some(2));
        harness.reconnect_at(510);
        harness.take();
        harness.listed(Ok(Err(answer)));
        harness.wait_until(900);
        assert_eq!((harness.exit(), harness.take()), (None, vec![]));
        let [message] = harness.messages(WarningCode::ListIncomplete)[..] else {
            panic!("{:?}", harness.events)
        };
        assert!(message.contains("cannot be listed: Fake refused the token: 40"), "{message}");
    }
}

/// A watch whose token can be read again.
fn reads_token_again() -> Plan {
    plan_with(Mode::Watch, 0, |profile| {
        profile.credential.source = CredentialSource::File("token".into());
    })
}
