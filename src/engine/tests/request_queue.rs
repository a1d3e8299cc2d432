//! The limits of a profile's requests: a provider's quota, Retry-After, and how many are made at once.

use std::collections::{HashMap, VecDeque};

use super::*;
use crate::provider::Quota;
use Status::{Completed, Pending};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A plan at CSPR.cloud's pace.
fn limited(mode: Mode, targets: usize) -> Plan {
    let quota = |requests, within| Quota { requests, within };
    let pace = Pace {
        interval: Duration::from_secs(15),
        safety_interval: Duration::from_secs(30),
        quotas: vec![quota(100, MINUTE), quota(6_000, DAY)],
    };
    let mut plan = plan_with(mode, targets, |profile| {
        profile.interval = pace.interval;
        profile.safety_interval = pace.safety_interval;
        profile.quotas = pace.quotas.clone();
        profile.provider = Arc::new(Fake(Arc::new(Spec { pace, ..spec() })));
    });
    plan.timeout = None;
    plan
}

/// Answers every lookup at once, up to this time. Returns which target was looked up when.
fn lookups(harness: &mut Harness, until: Duration) -> Vec<(Duration, usize)> {
    let mut lookups = Vec::new();
    loop {
        let targets = harness.take_lookups();
        lookups.extend(targets.iter().map(|target| (harness.now, *target)));
        for target in &targets {
            harness.found(*target, report(Pending, None));
        }
        if targets.is_empty() {
            match harness.engine.next_timeout().filter(|due| *due <= until) {
                Some(due) => harness.now = harness.now.max(due),
                None => return lookups,
            }
            harness.input(Input::Wake);
        }
    }
}

/// The most lookups in any span of this length.
fn most(lookups: &[(Duration, usize)], span: Duration) -> usize {
    let (mut recent, mut most) = (VecDeque::new(), 0);
    for (at, _) in lookups {
        recent.push_back(*at);
        while recent.front().is_some_and(|first| *at - *first >= span) {
            recent.pop_front();
        }
        most = most.max(recent.len());
    }
    most
}

fn counts(lookups: &[(Duration, usize)]) -> HashMap<usize, usize> {
    let mut counts = HashMap::new();
    for (_, target) in lookups {
        *counts.entry(*target).or_default() += 1;
    }
    counts
}

#[test]
fn ten_thousand_targets_are_looked_up_within_the_quota_and_in_turn() {
    let mut harness = Harness::new(limited(Mode::Poll, 10_000));
    let lookups = lookups(&mut harness, 3 * DAY);
    assert!(most(&lookups, MINUTE) <= 100, "{}", most(&lookups, MINUTE));
    assert!(most(&lookups, DAY) <= 6_000, "{}", most(&lookups, DAY));
    // The quota is used in full: after the burst it is refilled evenly.
    assert!(lookups.len() > 14_000, "{}", lookups.len());
    let counts = counts(&lookups);
    assert_eq!(counts.len(), 10_000, "everybody has a turn");
    assert!(counts.values().all(|count| (1..=2).contains(count)));
    assert_eq!(harness.warnings(), [WarningCode::SlowedDown], "it is reported once");
}

#[test]
fn a_few_targets_take_turns_when_the_day_is_used_up() {
    let mut harness = Harness::new(limited(Mode::Poll, 3));
    let lookups = lookups(&mut harness, 2 * DAY);
    assert!(most(&lookups, DAY) <= 6_000);
    let counts = counts(&lookups);
    let (least, most) = (counts.values().min().unwrap(), counts.values().max().unwrap());
    assert!(most - least <= 200, "{counts:?}");
    assert_eq!(harness.warnings(), [WarningCode::SlowedDown]);
}

#[test]
fn one_target_is_polled_all_day_at_its_interval() {
    let mut harness = Harness::new(limited(Mode::Poll, 1));
    let lookups = lookups(&mut harness, DAY);
    assert!((5_700..=5_820).contains(&lookups.len()), "{}", lookups.len());
    assert_eq!(harness.warnings(), []);
}

#[test]
fn a_flood_of_reasons_to_look_up_does_not_break_the_quota() {
    let mut harness = Harness::new(limited(Mode::Watch, 50));
    let mut all = Vec::new();
    for second in 1..120 {
        harness.signal(FeedSignal::Live);
        harness.subscribe();
        all.extend(lookups(&mut harness, seconds(second)));
        harness.now = seconds(second);
        harness.lose(unreachable(), 1);
    }
    assert!(most(&all, MINUTE) <= 100, "{}", most(&all, MINUTE));
    assert!(all.len() > 150, "{}", all.len());
}

#[test]
fn without_a_quota_no_lookup_waits() {
    let mut harness = Harness::new(plan(Mode::Poll, 500));
    let lookups = lookups(&mut harness, Duration::ZERO);
    assert_eq!(lookups.len(), 500);
    assert_eq!(harness.warnings(), []);
}

#[test]
fn retry_after_is_honoured() {
    let mut harness = Harness::new(plan(Mode::Poll, 1));
    harness.take();
    harness.read(0, busy("429", Some(40)));
    harness.wait_until(39);
    assert_eq!(harness.take(), [""; 0]);
    harness.wait_until(41);
    assert_eq!((harness.now, harness.take()), (seconds(40), vec!["lookup 0".to_owned()]));
}

#[test]
fn no_wait_outlasts_the_time_limit() {
    let timeout = Some(seconds(20));
    let mut harness = Harness::new(Plan { timeout, ..plan(Mode::Poll, 1) });
    harness.read(0, busy("429", Some(10_000)));
    harness.wait_until(100);
    assert_eq!((harness.now, harness.exit()), (seconds(20), Some(Code::Timeout)));
}

#[test]
fn a_closed_queue_holds_every_target_of_the_profile() {
    let mut harness = Harness::new(plan(Mode::Poll, 3));
    assert_eq!(harness.take(), ["lookup 0", "lookup 1", "lookup 2"]);
    harness.read(0, busy("503", Some(20)));
    harness.found(1, report(Pending, None));
    harness.wait_until(19);
    assert_eq!(harness.take(), [""; 0]);
    harness.wait_until(21);
    assert!(harness.take_lookups().contains(&0));
}

#[test]
fn not_more_than_eight_requests_are_in_flight() {
    let mut harness = Harness::new(plan(Mode::Poll, 20));
    assert_eq!(harness.take().len(), 8);
    harness.found(3, report(Pending, None));
    assert_eq!(harness.take(), ["lookup 8"]);
}

#[test]
fn a_late_response_can_still_close_the_queue() {
    let mut harness = Harness::watching(plan(Mode::Watch, 2));
    harness.subscribe();
    assert_eq!(harness.take(), ["lookup 0", "lookup 1"]);
    harness.push(0, Completed, None);
    harness.found(1, report(Pending, None));
    harness.take();
    harness.read(0, busy("429", Some(100)));
    harness.wait_until(200);
    assert_eq!((harness.now, harness.take()), (seconds(100), vec!["lookup 1".to_owned()]));
}

/// A lookup may take several requests, as at a Casper node.
#[test]
fn a_quota_counts_requests_and_not_lookups() {
    let mut harness = Harness::new(limited(Mode::Poll, 40));
    harness.requests_per_lookup = 5;
    let lookups = lookups(&mut harness, 10 * MINUTE);
    // The first lookups were taken for one request each.
    let late: Vec<_> = lookups.iter().copied().filter(|(at, _)| *at >= MINUTE).collect();
    assert!(late.len() > 50, "{}", late.len());
    assert!(most(&late, MINUTE) * 5 <= 100, "{}", most(&late, MINUTE));
    assert!(most(&lookups, MINUTE) * 5 <= 100 + 8 * 5, "{}", most(&lookups, MINUTE));
    assert!(harness.warnings().contains(&WarningCode::SlowedDown));
}
