use std::time::Duration;

use super::*;
use crate::lifecycle::{Decision, Ending, Observation, Rules, Source, Tracker, Verdict};
use Status::{Cancelled, Completed, Expired, Failed, Pending, Processing, Refunded, Unknown};
use Verdict::{Changed, OtherAttempt, Same};

const BAD: [Status; 4] = [Failed, Cancelled, Expired, Refunded];

fn rules() -> Rules {
    Rules {
        goal: "completed".parse().unwrap(),
        grace: Duration::ZERO,
        allows_reopen: |from, to| from == Failed && to == Refunded,
        forbids_transition: |_, _| false,
    }
}

/// An observation of an attempt that was created at this second of the provider's clock, if that is known.
fn seen(id: &str, created_at: Option<i64>, status: Status) -> Observation {
    let created_at = created_at.map(|second| Timestamp::from_second(second).unwrap());
    let attempt = Attempt { id: id.to_owned(), created_at, others: Vec::new() };
    let report = Report { attempt: Some(attempt), ..Report::new(status, status.name()) };
    Observation { report, source: Source::Push, at: Duration::ZERO }
}

/// The same, in a list with others.
fn listed(observation: Observation, others: &[(&str, Status)]) -> Observation {
    let mut observation = observation;
    let others = others.iter().map(|(id, status)| ((*id).to_owned(), *status)).collect();
    observation.report.attempt.as_mut().unwrap().others = others;
    observation
}

/// Observations in their order, each a second after the one before.
fn fold(observations: Vec<Observation>) -> (Tracker, Vec<Verdict>) {
    let mut tracker = Tracker::default();
    let verdicts = observations
        .into_iter()
        .zip(0..)
        .map(|(observation, second)| {
            let observation = Observation { at: Duration::from_secs(second), ..observation };
            tracker.observe(&observation, &rules())
        })
        .collect();
    (tracker, verdicts)
}

#[test]
fn a_completed_attempt_is_never_replaced() {
    for created_at in [None, Some(0), Some(20)] {
        for status in Status::ALL {
            let (tracker, verdicts) =
                fold(vec![seen("1", Some(10), Completed), seen("2", created_at, status)]);
            assert_eq!(verdicts, [Changed, OtherAttempt], "{status} {created_at:?}");
            assert_eq!(tracker.status(), Some(Completed));
        }
    }
}

#[test]
fn a_completed_attempt_replaces_any_other() {
    for status in Status::ALL.into_iter().filter(|status| *status != Completed) {
        for created_at in [None, Some(0), Some(20)] {
            let (tracker, verdicts) =
                fold(vec![seen("1", Some(10), status), seen("2", created_at, Completed)]);
            assert_eq!(verdicts, [Changed, Changed], "{status} {created_at:?}");
            assert_eq!(
                tracker.decide(Duration::ZERO, &rules()),
                Decision::Settled(Ending::Reached)
            );
        }
    }
}

#[test]
fn the_ending_of_another_attempt_does_not_end_one_that_runs() {
    for running in [Pending, Processing, Unknown] {
        for ending in BAD {
            for created_at in [None, Some(0), Some(20)] {
                for known in [None, Some(10)] {
                    let observations =
                        vec![seen("1", known, running), seen("2", created_at, ending)];
                    let (tracker, verdicts) = fold(observations);
                    assert_eq!(verdicts, [Changed, OtherAttempt], "{running} {ending}");
                    assert_eq!(tracker.decide(Duration::MAX, &rules()), Decision::Open);
                }
            }
        }
    }
}

#[test]
fn a_list_that_says_how_the_other_ended_ends_both() {
    for ending in BAD {
        let (tracker, verdicts) = fold(vec![
            seen("1", Some(10), Processing),
            seen("2", Some(20), ending),
            listed(seen("2", Some(20), ending), &[("1", Cancelled)]),
        ]);
        assert_eq!(verdicts, [Changed, OtherAttempt, Changed]);
        assert_eq!(tracker.status(), Some(ending));
    }
    // A list in which the other one is not, or still runs, does not.
    for others in [&[][..], &[("1", Pending)], &[("3", Expired)]] {
        let (tracker, verdicts) = fold(vec![
            seen("1", Some(10), Processing),
            listed(seen("2", Some(20), Expired), others),
        ]);
        assert_eq!(verdicts, [Changed, OtherAttempt], "{others:?}");
        assert_eq!(tracker.status(), Some(Processing));
    }
}

/// Push alone: the newest of two running attempts is shown, and its ending does not end the other.
#[test]
fn an_attempt_that_runs_is_remembered_while_a_newer_one_is_shown() {
    let (tracker, verdicts) = fold(vec![
        seen("1", Some(10), Pending),
        seen("2", Some(20), Pending),
        seen("2", Some(20), Expired),
        seen("1", Some(10), Processing),
        seen("1", Some(10), Failed),
    ]);
    assert_eq!(verdicts, [Changed, Changed, OtherAttempt, Changed, Changed]);
    assert_eq!(tracker.status(), Some(Failed));

    // The same if the list named the other one.
    let (tracker, verdicts) = fold(vec![
        listed(seen("2", Some(20), Pending), &[("1", Pending)]),
        seen("2", Some(20), Expired),
        seen("1", Some(10), Completed),
    ]);
    assert_eq!(verdicts, [Changed, OtherAttempt, Changed]);
    assert_eq!(tracker.status(), Some(Completed));
}

#[test]
fn of_attempts_that_run_the_newest_counts() {
    for (known, created_at, verdict) in [
        (Some(10), Some(20), Changed),
        (Some(10), Some(0), OtherAttempt),
        (Some(10), None, OtherAttempt),
        (None, Some(0), Changed),
        (None, None, Changed),
    ] {
        let (_, verdicts) =
            fold(vec![seen("1", known, Processing), seen("2", created_at, Pending)]);
        assert_eq!(verdicts, [Changed, verdict], "{known:?} {created_at:?}");
    }
}

#[test]
fn one_that_runs_takes_the_place_of_one_that_ended_with_a_record_of_its_own() {
    for created_at in [None, Some(0), Some(20)] {
        let mut ended = seen("1", Some(10), Failed);
        ended.report.transaction.hash = Some("of the first".into());
        let (tracker, verdicts) = fold(vec![ended, seen("2", created_at, Pending)]);
        assert_eq!(verdicts, [Changed, Changed]);
        assert_eq!(tracker.status(), Some(Pending));
        assert_eq!(tracker.record().hash, None);
    }
}

#[test]
fn of_endings_only_one_that_is_known_to_be_newer_takes_the_place() {
    for (known, created_at, verdict) in [
        (Some(10), Some(20), Changed),
        (Some(10), Some(10), OtherAttempt),
        (Some(10), Some(0), OtherAttempt),
        (Some(10), None, OtherAttempt),
        (None, Some(20), OtherAttempt),
        (None, None, OtherAttempt),
    ] {
        let (_, verdicts) = fold(vec![seen("1", known, Failed), seen("2", created_at, Expired)]);
        assert_eq!(verdicts, [Changed, verdict], "{known:?} {created_at:?}");
    }
}

#[test]
fn an_attempt_that_ended_does_not_run_again_because_of_a_late_message() {
    let (tracker, verdicts) = fold(vec![
        seen("1", Some(10), Processing),
        seen("2", Some(20), Expired),
        seen("2", Some(20), Processing),
        seen("1", Some(10), Failed),
        seen("1", Some(10), Refunded),
        seen("1", Some(10), Refunded),
    ]);
    assert_eq!(verdicts[1], OtherAttempt);
    assert_eq!(verdicts[4..], [Changed, Same]);
    assert_eq!(tracker.status(), Some(Refunded));
}

/// Anybody can push; a list cannot be forged.
#[test]
fn a_response_that_says_an_attempt_runs_is_believed_after_a_push_of_its_ending() {
    let pulled = |observation| Observation { source: Source::Pull, ..observation };
    let (tracker, verdicts) = fold(vec![
        seen("2", Some(20), Processing),
        seen("1", Some(10), Expired),
        pulled(listed(seen("2", Some(20), Processing), &[("1", Processing)])),
        seen("2", Some(20), Expired),
        pulled(listed(seen("1", Some(10), Processing), &[("2", Expired)])),
    ]);
    assert_eq!(verdicts, [Changed, OtherAttempt, Same, OtherAttempt, Changed]);
    assert_eq!(tracker.decide(Duration::MAX, &rules()), Decision::Open);
}

/// An observation whose status was reached at this millisecond of the provider's clock.
fn reached(status: Status, id: &str, millisecond: i64) -> Observation {
    let mut observation = seen(id, Some(0), status);
    observation.report.occurred_at = Timestamp::from_millisecond(millisecond).ok();
    observation
}

/// The running attempt was pushed with a clock that is ahead, and the list says by another clock that it has ended.
#[test]
fn an_attempt_ends_itself_whatever_the_clock_of_a_push_said() {
    let from_list = || Observation { source: Source::Pull, ..reached(Cancelled, "only", 50_000) };
    let mut story = vec![reached(Processing, "only", 3_600_000)];
    story.extend((0..6).map(|_| from_list()));
    let (tracker, verdicts) = fold(story);
    assert_eq!(verdicts[..3], [Changed, Verdict::Contested, Verdict::Contested]);
    assert!(verdicts.contains(&Verdict::Believed), "{verdicts:?}");
    assert_eq!(tracker.status(), Some(Cancelled));
}

/// A list in whole seconds is not older than a push of the same second.
#[test]
fn an_attempt_ends_in_the_second_in_which_it_was_pushed() {
    let pushed = reached(Processing, "only", 50_236);
    let newer = seen("other", Some(5), Expired);
    let (tracker, verdicts) = fold(vec![pushed, reached(Cancelled, "only", 50_000), newer]);
    assert_eq!(verdicts, [Changed, Changed, Changed]);
    assert_eq!(tracker.status(), Some(Expired));
}
