use proptest::prelude::*;

use super::*;
use crate::provider::Report;

const FIRST: i64 = 1_775_037_600; // 2026-04-01T10:00:00Z

fn allows_reopen(from: Status, to: Status) -> bool {
    from == Status::Failed && matches!(to, Status::Pending | Status::Processing | Status::Completed)
}

fn rules(grace: u64) -> Rules {
    let forbids_transition = |_, _| false;
    Rules {
        goal: "completed".parse().unwrap(),
        grace: Duration::from_secs(grace),
        allows_reopen,
        forbids_transition,
    }
}

/// An observation at second `at` of the command, timed by the provider at second `clock` of its life.
fn seen(status: Status, clock: Option<i64>, source: Source, at: u64) -> Observation {
    let mut report = Report::new(status, status.name());
    report.occurred_at = clock.map(|second| Timestamp::from_second(FIRST + second).unwrap());
    Observation { report, source, at: Duration::from_secs(at) }
}

fn fold(observations: &[Observation], grace: u64) -> (Tracker, Vec<Verdict>) {
    let mut tracker = Tracker::default();
    let verdicts = observations
        .iter()
        .map(|observation| tracker.observe(observation, &rules(grace)))
        .collect();
    (tracker, verdicts)
}

use Source::{Pull, Push};
use Status::{Cancelled, Completed, Expired, Failed, OnHold, Pending, Processing, Unknown};
use Verdict::{Believed, Changed, Contested, Same, Stale, Sticky};

#[test]
fn the_first_observation_is_a_change_and_a_duplicate_is_none() {
    let (_, verdicts) = fold(
        &[
            seen(Pending, Some(0), Pull, 1),
            seen(Pending, Some(0), Push, 2),
            seen(Pending, None, Pull, 3),
        ],
        0,
    );
    assert_eq!(verdicts, [Changed, Same, Same]);
}

#[test]
fn a_duplicate_enriches_the_record() {
    let mut richer = seen(Pending, Some(0), Pull, 2);
    richer.report.transaction.network = Some("TRC20".into());
    let (tracker, verdicts) = fold(&[seen(Pending, Some(0), Push, 1), richer], 0);
    assert_eq!(verdicts, [Changed, Same]);
    assert_eq!(tracker.record().network.as_deref(), Some("TRC20"));
}

#[test]
fn an_older_observation_never_moves_a_target_backwards() {
    let (tracker, verdicts) = fold(
        &[
            seen(Processing, Some(90), Push, 1),
            seen(Pending, Some(0), Push, 2),
            seen(OnHold, Some(89), Push, 3),
            seen(Completed, Some(29), Push, 3),
            seen(Completed, Some(30), Push, 3),
        ],
        0,
    );
    assert_eq!(verdicts, [Changed, Stale, Stale, Stale, Contested]);
    assert_eq!(tracker.status(), Some(Processing));
}

#[test]
fn on_equal_times_only_a_step_forward_counts() {
    let (_, verdicts) = fold(
        &[
            seen(Processing, Some(5), Push, 1),
            seen(Pending, Some(5), Push, 2),
            seen(Unknown, Some(5), Push, 3),
            seen(OnHold, Some(5), Push, 4),
            seen(Completed, Some(5), Push, 5),
        ],
        0,
    );
    assert_eq!(verdicts, [Changed, Stale, Stale, Changed, Changed]);
}

#[test]
fn a_slow_pull_does_not_overtake_a_push_that_arrived_meanwhile() {
    // Requested at second 1, with the response after the push of second 2.
    let (tracker, verdicts) =
        fold(&[seen(Processing, None, Push, 2), seen(Pending, None, Pull, 1)], 0);
    assert_eq!(verdicts, [Changed, Stale]);
    assert_eq!(tracker.status(), Some(Processing));
}

#[test]
fn a_skewed_local_clock_cannot_hide_an_ending() {
    // A pull without a time is followed by a timed push whose provider clock lies anywhere.
    for skew in [-3_600, 0, 3_600] {
        let (tracker, _) =
            fold(&[seen(Processing, None, Pull, 10), seen(Completed, Some(skew), Push, 11)], 0);
        assert_eq!(tracker.status(), Some(Completed), "skew {skew}");
    }
}

#[test]
fn an_untimed_observation_does_not_forget_the_providers_clock() {
    let (tracker, verdicts) = fold(
        &[
            seen(Processing, Some(60), Push, 1),
            seen(OnHold, None, Pull, 2),
            seen(Pending, Some(0), Push, 3),
        ],
        0,
    );
    assert_eq!(verdicts, [Changed, Changed, Stale]);
    assert_eq!(tracker.status(), Some(OnHold));
}

#[test]
fn a_time_in_whole_seconds_is_not_older_than_the_same_second_with_a_fraction() {
    let precise = |status, millis, at| {
        let mut observation = seen(status, Some(45), Push, at);
        let time = observation.report.occurred_at.unwrap();
        observation.report.occurred_at = Some(time + Duration::from_millis(millis));
        observation
    };
    let (tracker, verdicts) =
        fold(&[precise(Processing, 500, 1), seen(Completed, Some(45), Pull, 2)], 0);
    assert_eq!(verdicts, [Changed, Changed]);
    assert_eq!(tracker.status(), Some(Completed));
    let (_, verdicts) = fold(
        &[
            precise(Processing, 500, 1),
            seen(Pending, Some(45), Pull, 2),
            precise(OnHold, 400, 3),
            precise(Completed, 400, 3),
        ],
        0,
    );
    assert_eq!(verdicts, [Changed, Stale, Stale, Contested]);
}

#[test]
fn a_final_status_is_sticky() {
    for status in [Completed, Cancelled, Expired] {
        let (tracker, verdicts) =
            fold(&[seen(status, Some(0), Push, 1), seen(Processing, Some(9), Push, 2)], 60);
        assert_eq!(verdicts, [Changed, Sticky], "{status}");
        assert_eq!(tracker.status(), Some(status));
    }
}

#[test]
fn a_failed_payment_revives_only_by_a_newer_observation() {
    let (tracker, verdicts) = fold(
        &[
            seen(Failed, Some(10), Push, 1),
            seen(Processing, Some(5), Push, 2),
            seen(Processing, Some(10), Push, 2),
            seen(Processing, Some(20), Push, 3),
        ],
        60,
    );
    assert_eq!(verdicts, [Changed, Stale, Sticky, Changed]);
    assert_eq!(tracker.decide(Duration::from_secs(4), &rules(60)), Decision::Open);
}

#[test]
fn grace_holds_a_bad_ending_and_then_accepts_it() {
    let (tracker, _) = fold(&[seen(Failed, Some(0), Push, 10)], 5);
    let decide = |second| tracker.decide(Duration::from_secs(second), &rules(5));
    assert_eq!(decide(10), Decision::Held(Duration::from_secs(15)));
    assert_eq!(decide(14), Decision::Held(Duration::from_secs(15)));
    assert_eq!(decide(15), Decision::Settled(Ending::Missed(Failed)));
}

#[test]
fn without_grace_an_ending_settles_at_once_and_unknown_never_does() {
    let decide = |status| {
        fold(&[seen(status, None, Push, 1)], 0).0.decide(Duration::from_secs(1), &rules(0))
    };
    assert_eq!(decide(Failed), Decision::Settled(Ending::Missed(Failed)));
    assert_eq!(decide(Completed), Decision::Settled(Ending::Reached));
    assert_eq!(decide(Unknown), Decision::Open);
    assert_eq!(Tracker::default().decide(Duration::MAX, &rules(0)), Decision::Open);
}

#[test]
fn completed_misses_a_goal_of_another_ending() {
    let rules = Rules { goal: "failed".parse().unwrap(), ..rules(0) };
    let (tracker, _) = fold(&[seen(Completed, None, Push, 1)], 0);
    let decision = tracker.decide(Duration::from_secs(1), &rules);
    assert_eq!(decision, Decision::Settled(Ending::Missed(Completed)));
}

fn any_status() -> impl Strategy<Value = Status> {
    prop::sample::select(Status::ALL.to_vec())
}

proptest! {
    /// Whatever the order of arrival, timed observations leave the target where the provider's newest one is,
    /// as long as nothing ended before.
    #[test]
    fn arrival_order_does_not_matter_for_open_statuses(
        mut order in Just((0i64..6).collect::<Vec<_>>()).prop_shuffle(),
        words in prop::collection::vec(prop::sample::select(vec![Pending, Processing, OnHold]), 6),
    ) {
        let observations: Vec<_> = order
            .drain(..)
            .enumerate()
            .map(|(at, clock)| seen(words[clock as usize], Some(clock), Push, at as u64))
            .collect();
        let (tracker, _) = fold(&observations, 0);
        prop_assert_eq!(tracker.status(), Some(words[5]));
    }

    /// Feeding everything twice shows no change twice. (At one and the same time the order of arrival
    /// does count, so each step has a time of its own.)
    #[test]
    fn a_replay_changes_nothing(story in prop::collection::vec(any_status(), 1..12)) {
        let story: Vec<_> = story
            .into_iter()
            .zip(0..)
            .map(|(status, clock)| seen(status, Some(clock), Push, 0))
            .collect();
        let (mut tracker, _) = fold(&story, 0);
        let end = tracker.status();
        for observation in &story {
            let verdict = tracker.observe(observation, &rules(0));
            prop_assert_ne!(verdict, Changed);
        }
        prop_assert_eq!(tracker.status(), end);
    }

    /// `completed` is only ever left by nothing.
    #[test]
    fn completed_is_never_left(story in prop::collection::vec((any_status(), prop::option::of(0i64..9), 0u64..9), 0..20)) {
        let mut tracker = Tracker::default();
        let mut completed = false;
        for (status, clock, at) in story {
            tracker.observe(&seen(status, clock, Push, at), &rules(60));
            completed |= tracker.status() == Some(Completed);
            prop_assert!(!completed || tracker.status() == Some(Completed));
        }
    }
}

#[test]
fn a_forbidden_transition_is_stale_however_new() {
    let forbids_transition = |from, to| from == Processing && to == Status::Expired;
    let rules = Rules { forbids_transition, ..rules(0) };
    let mut tracker = Tracker::default();
    assert_eq!(tracker.observe(&seen(Processing, None, Pull, 1), &rules), Verdict::Changed);
    assert_eq!(tracker.observe(&seen(Status::Expired, None, Pull, 9), &rules), Verdict::Stale);
    assert_eq!(tracker.decide(Duration::from_secs(9), &rules), Decision::Open);
    assert_eq!(tracker.observe(&seen(Completed, None, Pull, 10), &rules), Verdict::Changed);
}

/// In a block, then not in a block by a lagging node, then past the time to live.
#[test]
fn a_transition_that_is_forbidden_after_any_status_before_is_stale() {
    let forbids_transition =
        |from, to| from == Processing && matches!(to, Pending | Status::Expired);
    let rules = Rules { forbids_transition, ..rules(0) };
    let mut tracker = Tracker::default();
    let mut observe = |status, at| tracker.observe(&seen(status, None, Pull, at), &rules);
    assert_eq!(observe(Processing, 1), Changed);
    assert_eq!(observe(Pending, 2), Stale);
    assert_eq!(observe(Unknown, 3), Changed);
    assert_eq!(observe(Pending, 4), Stale);
    assert_eq!(observe(Status::Expired, 5), Stale);
    assert_eq!(observe(Completed, 6), Changed);
}

#[test]
fn a_response_that_is_older_than_a_push_is_believed_once_it_is_repeated() {
    for (repeated_at, verdict) in [(5, Contested), (6, Believed), (600, Believed)] {
        let (tracker, verdicts) = fold(
            &[
                seen(Processing, Some(3_600), Push, 1),
                seen(Completed, Some(50), Pull, 2),
                seen(Completed, Some(50), Pull, repeated_at),
            ],
            0,
        );
        assert_eq!(verdicts, [Changed, Contested, verdict]);
        assert_eq!(tracker.is_contested(), verdict == Contested);
    }
}

/// The clock counts from the observation that was believed.
#[test]
fn what_follows_a_believed_response_is_ordered_by_its_clock() {
    let (tracker, verdicts) = fold(
        &[
            seen(Pending, Some(3_600), Push, 1),
            seen(Failed, Some(50), Pull, 2),
            seen(Failed, Some(50), Pull, 10),
            seen(Pending, Some(40), Pull, 11),
            seen(Completed, Some(60), Pull, 12),
        ],
        60,
    );
    assert_eq!(verdicts, [Changed, Contested, Believed, Stale, Changed]);
    assert_eq!(tracker.status(), Some(Completed));
}

#[test]
fn a_response_is_not_believed_against_another_response() {
    let failed = |at| seen(Failed, Some(50), Pull, at);
    let first = seen(Processing, Some(60), Pull, 1);
    let (_, verdicts) = fold(&[first, failed(10), failed(20), failed(30)], 0);
    assert_eq!(verdicts, [Changed, Stale, Stale, Stale]);
}
