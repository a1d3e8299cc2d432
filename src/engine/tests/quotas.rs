//! A provider's quota is kept, however many targets there are.

use std::collections::{HashMap, VecDeque};

use super::*;
use crate::provider::Quota;
use Status::Pending;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// CSPR.cloud's pace.
static LIMITED: Spec = Spec {
    pace: Pace {
        interval: Duration::from_secs(15),
        safety: Duration::from_secs(30),
        quotas: &[Quota { requests: 100, within: MINUTE }, Quota { requests: 6_000, within: DAY }],
    },
    ..SPEC
};

fn limited(mode: Mode, targets: usize) -> Plan {
    let mut plan = plan(mode, targets);
    plan.profiles[0].provider = Arc::new(Fake(&LIMITED));
    plan.profiles[0].interval = LIMITED.pace.interval;
    plan.profiles[0].safety = LIMITED.pace.safety;
    plan.timeout = None;
    plan
}

/// Answers every request at once, up to this time; tells who was asked for when.
fn asked(world: &mut World, until: Duration) -> Vec<(Duration, usize)> {
    let mut asked = Vec::new();
    loop {
        let pulls: Vec<usize> = world
            .take()
            .iter()
            .filter_map(|done| done.strip_prefix("pull ")?.parse().ok())
            .collect();
        asked.extend(pulls.iter().map(|target| (world.now, *target)));
        for target in &pulls {
            world.pulled(*target, Ok(report(Pending, None)));
        }
        if pulls.is_empty() {
            match world.watch.wake_at().filter(|due| *due <= until) {
                Some(due) => world.now = world.now.max(due),
                None => return asked,
            }
            world.input(Input::Woken);
        }
    }
}

/// The most requests in any span of this length.
fn most(asked: &[(Duration, usize)], span: Duration) -> usize {
    let (mut recent, mut most) = (VecDeque::new(), 0);
    for (at, _) in asked {
        recent.push_back(*at);
        while recent.front().is_some_and(|first| *at - *first >= span) {
            recent.pop_front();
        }
        most = most.max(recent.len());
    }
    most
}

fn counts(asked: &[(Duration, usize)]) -> HashMap<usize, usize> {
    let mut counts = HashMap::new();
    for (_, target) in asked {
        *counts.entry(*target).or_default() += 1;
    }
    counts
}

#[test]
fn ten_thousand_targets_are_asked_for_within_the_quota_and_in_turn() {
    let mut world = World::new(limited(Mode::Poll, 10_000));
    let asked = asked(&mut world, 3 * DAY);
    assert!(most(&asked, MINUTE) <= 100, "{}", most(&asked, MINUTE));
    assert!(most(&asked, DAY) <= 6_000, "{}", most(&asked, DAY));
    // What is allowed is used: what is saved in the beginning comes back evenly.
    assert!(asked.len() > 14_000, "{}", asked.len());
    let counts = counts(&asked);
    assert_eq!(counts.len(), 10_000, "everybody has a turn");
    assert!(counts.values().all(|count| (1..=2).contains(count)));
    assert_eq!(world.warnings(), ["slowed_down"], "it is told once");
}

#[test]
fn a_few_targets_take_turns_when_the_day_is_used_up() {
    let mut world = World::new(limited(Mode::Poll, 3));
    let asked = asked(&mut world, 2 * DAY);
    assert!(most(&asked, DAY) <= 6_000);
    let counts = counts(&asked);
    let (least, most) = (counts.values().min().unwrap(), counts.values().max().unwrap());
    assert!(most - least <= 200, "{counts:?}");
    assert_eq!(world.warnings(), ["slowed_down"]);
}

#[test]
fn one_target_is_asked_for_all_day_at_its_interval() {
    let mut world = World::new(limited(Mode::Poll, 1));
    let asked = asked(&mut world, DAY);
    assert!((5_700..=5_820).contains(&asked.len()), "{}", asked.len());
    assert_eq!(world.warnings(), [""; 0]);
}

#[test]
fn a_flood_of_reasons_to_look_does_not_break_the_quota() {
    let mut world = World::new(limited(Mode::Watch, 50));
    let mut all = Vec::new();
    for second in 1..120 {
        world.feed(FeedInput::Live);
        world.subscribe();
        all.extend(asked(&mut world, seconds(second)));
        world.now = seconds(second);
        world.lose(unreachable(), 1);
    }
    assert!(most(&all, MINUTE) <= 100, "{}", most(&all, MINUTE));
    assert!(all.len() > 150, "{}", all.len());
}

#[test]
fn without_a_quota_nobody_waits() {
    let mut world = World::new(plan(Mode::Poll, 500));
    let asked = asked(&mut world, Duration::ZERO);
    assert_eq!(asked.len(), 500);
    assert_eq!(world.warnings(), [""; 0]);
}
