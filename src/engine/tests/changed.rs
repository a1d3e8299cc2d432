//! `FeedSignal::Changed`: lookups because something may have happened.

use super::*;
use Status::{Completed, Pending};

impl Harness {
    /// These targets may have changed, or all.
    fn changed(&mut self, targets: Option<&[usize]>) {
        let ids = |targets: &[usize]| targets.iter().map(|id| Id::new(&id.to_string())).collect();
        self.signal(FeedSignal::Changed(targets.map(ids)));
    }
}

#[test]
fn the_targets_that_are_named_are_looked_up_at_once() {
    let mut harness = Harness::watching(plan(Mode::Watch, 3));
    harness.changed(Some(&[2, 1]));
    assert_eq!(harness.take(), ["lookup 2", "lookup 1"]);
    assert_eq!(harness.warnings(), []);
}

#[test]
fn without_names_every_open_target_of_the_connection_is_looked_up() {
    let mut harness = Harness::watching(plan(Mode::Watch, 3));
    harness.push(1, Completed, None);
    harness.take();
    harness.changed(None);
    assert_eq!(harness.take(), ["lookup 0", "lookup 2"]);
}

#[test]
fn a_settled_target_and_an_unknown_id_are_ignored() {
    let mut harness = Harness::watching(plan(Mode::Watch, 2));
    harness.push(0, Completed, None);
    harness.take();
    harness.changed(Some(&[0, 77]));
    assert_eq!(harness.take(), [""; 0]);
}

#[test]
fn a_lookup_in_flight_is_repeated_once() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    harness.changed(None);
    assert_eq!(harness.take(), ["lookup 0"]);
    harness.changed(Some(&[0]));
    harness.changed(None);
    assert_eq!(harness.take(), [""; 0]);
    harness.found(0, report(Pending, None));
    assert_eq!(harness.take(), ["lookup 0"]);
    harness.found(0, report(Completed, None));
    assert_eq!(harness.take(), ["close"]);
    assert_eq!(harness.exit(), Some(Code::Ok));
}

#[test]
fn a_target_that_waits_already_is_looked_up_once() {
    let mut harness = Harness::watching(plan(Mode::Watch, 9));
    harness.changed(None);
    assert_eq!(harness.take().len(), 8);
    harness.changed(Some(&[8]));
    harness.changed(Some(&[8]));
    harness.found(0, report(Pending, None));
    assert_eq!(harness.take(), ["lookup 8"]);
    harness.found(8, report(Pending, None));
    assert_eq!(harness.take(), [""; 0]);
}

#[test]
fn a_closed_queue_holds_it_too() {
    let mut harness = Harness::watching(plan(Mode::Watch, 2));
    harness.changed(Some(&[0]));
    assert_eq!(harness.take(), ["lookup 0"]);
    harness.read(0, busy("429", Some(40)));
    harness.changed(None);
    assert_eq!(harness.take(), [""; 0]);
    harness.wait_until(100);
    assert_eq!(harness.now, seconds(40));
    assert_eq!(harness.take(), ["lookup 0", "lookup 1"]);
}

#[test]
fn no_more_than_eight_are_in_flight() {
    let mut harness = Harness::watching(plan(Mode::Watch, 20));
    harness.changed(None);
    assert_eq!(harness.take().len(), 8);
}

#[test]
fn it_replaces_the_lookup_that_was_planned() {
    let mut harness = Harness::watching(plan(Mode::Watch, 1));
    harness.now = seconds(50);
    harness.changed(None);
    harness.found(0, report(Pending, None));
    assert_eq!(harness.take(), ["lookup 0"]);
    // A minute after this one, and not after the first.
    harness.wait_until(1000);
    assert_eq!(harness.take(), ["lookup 0"]);
    assert!((seconds(104)..=seconds(116)).contains(&harness.now), "{:?}", harness.now);
}

#[test]
fn it_is_nothing_where_nothing_can_be_polled() {
    let mut harness = Harness::new(plan_with(Mode::Watch, 1, |profile| profile.can_poll = false));
    harness.signal(FeedSignal::Live);
    harness.changed(None);
    assert_eq!(harness.take(), ["open"]);
}

#[test]
fn it_is_a_sign_of_life_and_averts_an_outage() {
    for (is_received, exit) in [(true, None), (false, Some(Code::Unreachable))] {
        let mut harness = Harness::new(plan_with(Mode::WatchPushOnly, 1, |profile| {
            profile.max_outage = Some(seconds(30));
        }));
        harness.signal(FeedSignal::Live);
        harness.connect(1);
        harness.now = seconds(20);
        if is_received {
            harness.changed(Some(&[77]));
        }
        harness.wait_until(100);
        assert_eq!(harness.exit(), exit);
    }
}

#[test]
fn the_open_orders_of_an_account_are_looked_up() {
    let mut harness = Harness::new(Plan { account: true, ..plan(Mode::Watch, 0) });
    harness.signal(FeedSignal::Live);
    harness.push(1, Completed, None);
    harness.push(2, Pending, None);
    harness.take();
    harness.changed(None);
    assert_eq!(harness.take(), ["lookup 1"]);
}
