//! A provider whose lookups serve three ids.

use super::*;
use crate::provider::Quota;
use Status::{Completed, Failed, Pending};

fn in_threes(mode: Mode, targets: usize) -> Plan {
    limited(mode, targets, Vec::new())
}

fn limited(mode: Mode, targets: usize, quotas: Vec<Quota>) -> Plan {
    plan_with(mode, targets, |profile| {
        let spec = Spec { ids_per_lookup: 3, ..spec() };
        profile.quotas = quotas;
        profile.provider = Arc::new(Fake(Arc::new(spec)));
    })
}

impl Harness {
    /// The lookup of these targets is done.
    fn answer_for(&mut self, targets: &[usize], result: Result<Vec<Reading>, Error>) {
        let targets = targets.iter().map(|target| TargetId::at(*target)).collect();
        let (started, generation) = (self.now, self.generation());
        let done = LookupDone { targets, started, generation, requests: 1, result };
        self.input(Input::LookupDone(done));
    }
}

fn observed(status: Status) -> Reading {
    Reading::Observed(report(status, None))
}

#[test]
fn five_targets_make_lookups_of_three_and_of_two() {
    let mut harness = Harness::new(in_threes(Mode::Poll, 5));
    assert_eq!(harness.take(), ["lookup 0 1 2", "lookup 3 4"]);
}

#[test]
fn every_target_of_a_lookup_gets_its_own_reading() {
    let mut harness = Harness::new(in_threes(Mode::Poll, 5));
    let readings = vec![observed(Completed), not_found(), observed(Failed)];
    harness.answer_for(&[0, 1, 2], Ok(readings));
    harness.answer_for(&[3, 4], Ok(vec![observed(Pending), observed(Completed)]));
    assert_eq!(harness.statuses(), [Completed, Failed, Pending, Completed]);
    assert_eq!(
        harness.results(),
        [
            ("fake:0".to_owned(), Outcome::Reached),
            ("fake:2".to_owned(), Outcome::Missed(Failed)),
            ("fake:4".to_owned(), Outcome::Reached),
        ]
    );
    let warned = harness.events.iter().find_map(|event| match event {
        Event::Warning { target, warning } => Some((target.clone().unwrap(), warning.code)),
        _ => None,
    });
    assert_eq!(warned, Some(("fake:1".into(), WarningCode::NotSeenYet)));
}

#[test]
fn what_was_looked_up_together_is_looked_up_together_again() {
    let mut harness = Harness::new(in_threes(Mode::Poll, 5));
    harness.answer_for(&[0, 1, 2], Ok([(); 3].map(|()| observed(Pending)).into()));
    harness.answer_for(&[3, 4], Ok([(); 2].map(|()| observed(Pending)).into()));
    harness.take();
    harness.wait_until(6);
    let first = harness.now;
    harness.wait_until(6);
    let mut again = harness.take();
    again.sort_unstable();
    assert_eq!(again, ["lookup 0 1 2", "lookup 3 4"]);
    assert!(seconds(4) < first && first < harness.now, "{first:?} {:?}", harness.now);
}

/// One of them may be the reason.
#[test]
fn a_lookup_that_told_nothing_about_any_target_is_made_again_for_each_of_them() {
    let nothing = || [html(), malformed(), busy("502", None), denied()].into_iter().map(Ok);
    for result in nothing().chain([Err(unreachable())]) {
        let mut harness = Harness::new(in_threes(Mode::Poll, 5));
        harness.take();
        harness.answer_for(&[0, 1, 2], result.map(|reading| vec![reading; 3]));
        assert_eq!(harness.take(), ["lookup 0", "lookup 1", "lookup 2"]);
        harness.answer_for(&[1], Err(unreachable()));
        harness.answer_for(&[0], Ok(vec![observed(Pending)]));
        harness.answer_for(&[2], Ok(vec![observed(Pending)]));
        assert_eq!(harness.results(), []);
        harness.wait_until(1);
        assert_eq!(harness.take(), ["lookup 1"]);
        harness.answer_for(&[1], Ok(vec![observed(Completed)]));
        assert_eq!(harness.exit(), None);
    }
}

#[test]
fn in_get_one_bad_id_costs_the_others_of_its_lookup_one_more_request() {
    let mut plan = in_threes(Mode::Get { exit_status: false }, 3);
    plan.profiles[profile()].max_outage = Some(Duration::ZERO);
    let mut harness = Harness::new(plan);
    harness.take();
    harness.answer_for(&[0, 1, 2], Ok(vec![busy("502", None); 3]));
    assert_eq!(harness.take(), ["lookup 0", "lookup 1", "lookup 2"]);
    harness.answer_for(&[0], Ok(vec![busy("502", None)]));
    harness.answer_for(&[1], Ok(vec![observed(Pending)]));
    harness.answer_for(&[2], Ok(vec![observed(Completed)]));
    let unreachable = Outcome::Failed(FailureKind::Unreachable);
    assert_eq!(
        harness.results(),
        [
            ("fake:0".to_owned(), unreachable),
            ("fake:1".to_owned(), Outcome::Unfinished),
            ("fake:2".to_owned(), Outcome::Reached),
        ]
    );
}

#[test]
fn a_retry_after_holds_every_target_of_a_lookup() {
    let mut harness = Harness::new(in_threes(Mode::Poll, 3));
    harness.take();
    harness.answer_for(&[0, 1, 2], Ok([(); 3].map(|()| busy("429", Some(40))).into()));
    harness.wait_until(100);
    assert_eq!((harness.now, harness.take()), (seconds(40), vec!["lookup 0 1 2".to_owned()]));
}

#[test]
fn a_target_that_is_settled_during_its_lookup_is_ignored() {
    let mut harness = Harness::new(in_threes(Mode::Watch, 3));
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    assert_eq!(harness.take(), ["open", "lookup 0 1 2"]);
    harness.push(1, Failed, None);
    harness.answer_for(&[0, 1, 2], Ok([(); 3].map(|()| observed(Completed)).into()));
    assert_eq!(harness.statuses(), [Failed, Completed, Completed]);
    assert_eq!(
        harness.results(),
        [
            ("fake:1".to_owned(), Outcome::Missed(Failed)),
            ("fake:0".to_owned(), Outcome::Reached),
            ("fake:2".to_owned(), Outcome::Reached),
        ]
    );
    assert_eq!(harness.exit(), Some(Code::Failed));
}

#[test]
fn a_refusal_for_one_of_them_is_its_own() {
    let mut harness = Harness::new(in_threes(Mode::Poll, 3));
    harness.answer_for(&[0, 1, 2], Ok(vec![denied(), observed(Completed), observed(Pending)]));
    let denied = Outcome::Failed(FailureKind::Denied);
    let reached = Outcome::Reached;
    let results = [("fake:0".to_owned(), denied), ("fake:1".to_owned(), reached)];
    assert_eq!(harness.results(), results);
    assert_eq!(harness.statuses(), [Completed, Pending]);
}

#[test]
fn only_the_target_that_changed_meanwhile_is_looked_up_again() {
    let mut harness = Harness::new(in_threes(Mode::Watch, 3));
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.take();
    harness.signal(FeedSignal::Changed(Some(vec![Id::new("1")])));
    assert_eq!(harness.take(), [""; 0]);
    harness.answer_for(&[0, 1, 2], Ok([(); 3].map(|()| observed(Pending)).into()));
    assert_eq!(harness.take(), ["lookup 1"]);
}

#[test]
fn lookups_and_not_targets_are_limited() {
    let mut harness = Harness::new(in_threes(Mode::Poll, 30));
    let lookups = harness.take();
    assert_eq!((lookups.len(), lookups.last().unwrap().as_str()), (8, "lookup 21 22 23"));
    harness.answer_for(&[3, 4, 5], Ok([(); 3].map(|()| observed(Pending)).into()));
    assert_eq!(harness.take(), ["lookup 24 25 26"]);
}

/// Fifteen targets need five lookups, which the quota allows within the interval of five seconds.
#[test]
fn a_quota_that_suffices_for_the_lookups_delays_none() {
    for (within, warnings) in [(4, vec![]), (80, vec![WarningCode::SlowedDown])] {
        let quota = Quota { requests: 5, within: seconds(within) };
        let mut harness = Harness::new(limited(Mode::Poll, 15, vec![quota]));
        assert_eq!(harness.take(), ["lookup 0 1 2"]);
        harness.wait_until(0);
        assert_eq!(harness.warnings(), warnings, "{within}");
    }
}
