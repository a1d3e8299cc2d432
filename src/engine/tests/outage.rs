//! Outages, with one target and with many.

use super::*;
use Status::{Completed, Pending};

/// Polls so many targets while every response is a 503 until this second. Returns the number of lookups until then,
/// and the harness after all of them were answered.
fn busy_until(targets: usize, until: u64) -> (usize, Harness) {
    let mut plan = plan_with(Mode::Poll, targets, |profile| profile.max_outage = None);
    plan.timeout = None;
    let mut harness = Harness::new(plan);
    harness.probed = Some(Ok(busy("503", None)));
    let mut lookups = 0;
    while harness.exit().is_none() {
        if harness.done.is_empty() {
            harness.wait_until(100_000);
        }
        for target in harness.take_lookups() {
            if harness.now < seconds(until) {
                lookups += 1;
                harness.read(target, busy("503", None));
            } else {
                harness.found(target, report(Completed, None));
            }
        }
    }
    (lookups, harness)
}

#[test]
fn a_storm_of_503s_is_waited_out_with_few_requests() {
    for targets in [1, 8, 100] {
        let (lookups, harness) = busy_until(targets, 600);
        assert_eq!(harness.exit(), Some(Code::Ok));
        assert_eq!(harness.results().len(), targets);
        // At most eight at once, and in the end every 15 seconds on average.
        let rounds = lookups.div_ceil(targets.min(8));
        assert!((20..=90).contains(&rounds), "{targets}: {rounds} rounds");
        assert!(harness.now <= seconds(632), "{targets}: {:?}", harness.now);
    }
}

/// A moment of failure is one failure for the backoff, however many requests were under way.
#[test]
fn one_moment_of_503s_does_not_make_many_targets_wait_for_long() {
    for targets in [1, 8, 100] {
        let (_, harness) = busy_until(targets, 1);
        assert!(harness.now <= seconds(4), "{targets}: {:?}", harness.now);
    }
}

#[test]
fn a_storm_of_503s_that_lasts_is_an_outage() {
    let mut harness = Harness::new(plan(Mode::Poll, 20));
    harness.probed = Some(Ok(busy("503", None)));
    while harness.exit().is_none() {
        if harness.done.is_empty() {
            harness.wait_until(1_000);
        }
        for target in harness.take_lookups() {
            harness.read(target, busy("503", None));
        }
    }
    assert_eq!((harness.now, harness.exit()), (seconds(300), Some(Code::Unreachable)));
}

#[test]
fn silence_is_an_outage_only_after_an_attempt() {
    let mut harness = Harness::watching(plan_with(Mode::WatchPushOnly, 1, |profile| {
        profile.max_outage = Some(seconds(30));
    }));
    harness.wait_until(200);
    assert_eq!(harness.exit(), None);
    harness.lose(unreachable(), 1000);
    harness.wait_until(1000);
    assert_eq!((harness.now, harness.exit()), (seconds(230), Some(Code::Unreachable)));
}

#[test]
fn an_outage_ends_at_its_limit_with_its_reason() {
    let mut harness = Harness::watching(plan_with(Mode::Watch, 1, |profile| {
        profile.max_outage = Some(seconds(30));
    }));
    harness.now = seconds(10);
    harness.link_event(LinkEvent::Alive);
    harness.lose(unreachable(), 1000);
    while harness.exit().is_none() {
        harness.wait_until(1000);
        if harness.take_lookups().contains(&0) {
            harness.answer(0, Err(unreachable()));
        }
    }
    assert_eq!((harness.now, harness.exit()), (seconds(40), Some(Code::Unreachable)));
    let closing = harness.closing();
    assert!(closing.failures[0].to_string().contains("30s"), "{}", closing.failures[0]);
    assert!(closing.failures[0].to_string().contains("1006"), "{}", closing.failures[0]);
    assert_eq!(closing.undecided[0].last.map(|(status, ..)| status), Some(Pending));
}

#[test]
fn a_sign_of_life_averts_the_outage() {
    let mut harness = Harness::watching(plan_with(Mode::Watch, 1, |profile| {
        profile.max_outage = Some(seconds(30));
    }));
    harness.lose(unreachable(), 1);
    harness.take();
    harness.now = seconds(20);
    harness.answer(0, Err(unreachable()));
    harness.now = seconds(25);
    harness.signal(FeedSignal::Live);
    harness.wait_until(50);
    assert_eq!(harness.exit(), None);
}

#[test]
fn a_single_lookup_gives_up_with_the_first_failure() {
    let mode = Mode::Get { exit_status: false };
    let mut harness = Harness::new(plan_with(mode, 1, |profile| {
        profile.max_outage = Some(Duration::ZERO);
    }));
    harness.answer(0, Err(unreachable()));
    assert_eq!(harness.exit(), Some(Code::Unreachable));
}

#[test]
fn a_request_that_is_never_answered_is_an_outage() {
    for mode in [Mode::Poll, Mode::WatchPushOnly] {
        let mut harness = Harness::new(plan_with(mode, 1, |profile| {
            profile.max_outage = Some(seconds(3));
        }));
        if mode == Mode::WatchPushOnly {
            harness.connect(0);
        }
        harness.wait_until(100);
        let ended = (harness.now, harness.exit());
        assert_eq!(ended, (seconds(3), Some(Code::Unreachable)), "{mode:?}");
    }
}
