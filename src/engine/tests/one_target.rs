//! Trouble with one id settles or slows that one; a second id and the probe show that it is the whole profile's.

use super::*;
use crate::protocol::{Refusal, RefusalKind};
use Status::{Completed, Pending};

type Answer = Result<Reading, Error>;

const GET: Mode = Mode::Get { exit_status: false };

fn get(targets: usize) -> Harness {
    Harness::new(plan_with(GET, targets, |profile| {
        profile.max_outage = Some(Duration::ZERO);
        profile.appear_timeout = Some(Duration::ZERO);
    }))
}

fn completed() -> Answer {
    Ok(Reading::Observed(report(Completed, None)))
}

fn pending() -> Answer {
    Ok(Reading::Observed(report(Pending, None)))
}

fn refused() -> Reading {
    Reading::Denied { answer: "403".to_owned(), reason: DenialReason::Access }
}

/// Answers all lookups of `get` at once, in the order in which they were made. Returns how many there were.
fn answer_all(harness: &mut Harness, answer: impl Fn(usize) -> Answer) -> usize {
    let mut lookups = 0;
    while harness.exit().is_none() {
        let targets = harness.take_lookups();
        if targets.is_empty() {
            harness.wait_until(3_000);
        }
        lookups += targets.len();
        for target in targets {
            harness.answer(target, answer(target));
        }
    }
    lookups
}

/// The targets that did not end with this.
fn others(harness: &Harness, outcome: Outcome) -> Vec<String> {
    let others = harness.results().into_iter().filter(|(_, other)| *other != outcome);
    others.map(|(target, _)| target).collect()
}

#[test]
fn in_get_what_one_id_answers_leaves_the_others_alone_in_any_order() {
    for (answer, kind) in [
        (Ok(busy("502", None)), FailureKind::Unreachable),
        (Ok(busy("429", Some(1))), FailureKind::Unreachable),
        (Err(unreachable()), FailureKind::Unreachable),
        (Ok(html()), FailureKind::Untrusted),
        (Ok(malformed()), FailureKind::Untrusted),
        (Err(Error::unusable("a redirect".to_owned())), FailureKind::Untrusted),
        (Ok(denied()), FailureKind::Denied),
        (Ok(refused()), FailureKind::Denied),
        (Ok(not_found()), FailureKind::NotFound),
    ] {
        for bad in [0, 1, 7, 8, 20] {
            let mut harness = get(21);
            answer_all(
                &mut harness,
                |target| {
                    if target == bad { answer.clone() } else { completed() }
                },
            );
            let failed = Outcome::Failed(kind);
            assert_eq!(others(&harness, Outcome::Reached), [format!("fake:{bad}")], "{answer:?}");
            assert!(harness.results().contains(&(format!("fake:{bad}"), failed)), "{answer:?}");
            let failures = harness.closing().failures;
            let name = if kind == FailureKind::NotFound { "fake:" } else { "" };
            assert_eq!(failures.len(), 1);
            let message = failures[0].to_string();
            assert!(message.contains(&format!("{name}{bad}")), "{message}");
        }
    }
}

#[test]
fn in_get_one_percent_of_bad_ids_leaves_the_others_alone_wherever_they_are() {
    for is_bad in [|target| target < 50, |target| target >= 4_950, |target| target % 100 == 0] {
        for answer in [Ok(busy("502", None)), Err(unreachable()), Ok(html()), Ok(denied())] {
            let mut harness = get(5_000);
            harness.probed = Some(Ok(not_found()));
            let lookups =
                answer_all(
                    &mut harness,
                    |target| {
                        if is_bad(target) { answer.clone() } else { completed() }
                    },
                );
            assert_eq!(lookups, 5_000);
            assert_eq!(others(&harness, Outcome::Reached).len(), 50);
            assert_eq!(harness.closing().failures.len(), 50);
        }
    }
}

#[test]
fn in_get_a_provider_that_is_down_is_told_once_after_a_few_requests() {
    for (answer, code) in [
        (Ok(busy("502", None)), Code::Unreachable),
        (Err(unreachable()), Code::Unreachable),
        (Ok(html()), Code::Protocol),
        (Ok(denied()), Code::Denied),
        (Ok(refused()), Code::Denied),
    ] {
        let mut harness = get(5_000);
        harness.probed = Some(answer.clone());
        let lookups = answer_all(&mut harness, |_| answer.clone());
        assert!(lookups <= 16, "{answer:?}: {lookups}");
        assert_eq!(harness.exit(), Some(code));
        assert_eq!(harness.results().len(), 5_000);
        assert_eq!(harness.closing().failures.len(), 1, "{:?}", harness.closing().failures);
    }
}

#[test]
fn what_cannot_be_connected_to_needs_no_second_id() {
    let mut error = unreachable();
    error.is_connect = true;
    let mut harness = get(5_000);
    assert_eq!(harness.take_lookups().len(), 8);
    harness.answer(0, Err(error.clone()));
    assert_eq!((harness.exit(), harness.results().len()), (Some(Code::Unreachable), 5_000));

    let mut harness = Harness::new(plan(Mode::Poll, 20));
    harness.take();
    harness.answer(0, Err(error));
    (1..8).for_each(|target| harness.answer(target, pending()));
    // Nothing before the queue opens again.
    assert_eq!(harness.take(), [""; 0]);
}

/// The lookups that are under way may be answered yet, as where ids of others are refused like an unknown one.
#[test]
fn a_refused_probe_waits_for_what_is_under_way() {
    for answer in [completed(), Ok(refused())] {
        let is_refused = answer.as_ref().is_ok_and(|one| matches!(one, Reading::Denied { .. }));
        let mut harness = Harness::new(plan(Mode::Poll, 20));
        harness.probed = Some(Ok(refused()));
        harness.take();
        (0..7).for_each(|target| harness.read(target, refused()));
        assert_eq!((harness.exit(), harness.results().len()), (None, 7));
        // One was started before the second refusal, and none after it.
        assert_eq!(harness.take().last().map(String::as_str), Some("lookup 8"));
        harness.read(8, refused());
        harness.answer(7, answer);
        assert_eq!(harness.exit().is_some(), is_refused);
        assert_eq!(harness.results().len(), if is_refused { 20 } else { 9 });
    }
}

#[test]
fn refused_ids_are_their_own_trouble_if_the_probe_is_answered() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut harness = Harness::new(plan(Mode::Poll, 3));
        harness.probed = Some(Ok(not_found()));
        for target in order {
            harness.answer(target, if target == 2 { pending() } else { Ok(denied()) });
        }
        let mut ended = others(&harness, Outcome::Reached);
        ended.sort();
        assert_eq!(ended, ["fake:0", "fake:1"], "{order:?}");
        assert_eq!(harness.exit(), None);
    }
}

/// As Proof has one for each target.
#[test]
fn a_push_connection_that_is_refused_is_its_targets_trouble() {
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1]] {
        let plan = plan(Mode::Watch, 3);
        let route = |(id, target): (TargetId, &Target)| Route {
            profile: profile(),
            targets: vec![(target.id.clone(), id)],
            account: false,
            authenticated: true,
            waits: false,
        };
        let routes = plan.targets.enumerate().map(route).collect();
        let mut harness = Harness::with_routes(plan, routes);
        for target in order {
            let event = if target == 0 {
                let error = Error::denied("the upgrade was refused: 401".to_owned());
                let retry_in = seconds(1);
                LinkEvent::Lost { error, attempt: 1, retry_in, generation: 0 }
            } else {
                LinkEvent::Signal(FeedSignal::Live)
            };
            harness.input(Input::Feed(FeedId::at(target), event));
        }
        let denied = Outcome::Failed(FailureKind::Denied);
        assert_eq!(harness.results(), [("fake:0".to_owned(), denied)], "{order:?}");
        assert_eq!(harness.exit(), None);
    }
}

/// Where requests can carry the watch, their answers show whose trouble it is.
#[test]
fn a_shared_push_connection_that_is_refused_leaves_its_targets_to_requests() {
    let lost = || {
        let error = Error::denied("the upgrade was refused: 401".to_owned());
        LinkEvent::Lost { error, attempt: 1, retry_in: seconds(1), generation: 0 }
    };
    let refused = || {
        let message = "the application does not let us in".to_owned();
        LinkEvent::Signal(FeedSignal::Refused(Refusal { kind: RefusalKind::Denied, message }))
    };
    let events: [&dyn Fn() -> LinkEvent; 2] = [&lost, &refused];
    for (event, can_poll) in events.iter().flat_map(|event| [(event, true), (event, false)]) {
        let mut plan = plan(Mode::Watch, 3);
        plan.profiles[profile()].can_poll = can_poll;
        let targets = plan.targets.enumerate().map(|(id, it)| (it.id.clone(), id)).collect();
        let route = Route {
            profile: profile(),
            targets,
            account: false,
            authenticated: true,
            waits: false,
        };
        let mut harness = Harness::with_routes(plan, [route].into_iter().collect());
        harness.take();
        harness.input(Input::Feed(FeedId::at(0), event()));
        if can_poll {
            assert_eq!((harness.exit(), harness.take_lookups().len()), (None, 3));
        } else {
            assert_eq!(harness.exit(), Some(Code::Denied));
        }
    }
}

/// Answers the lookups of a poll until this second: those of the first target with `answer`, the others with pending.
/// Returns when each was made.
fn poll_until(harness: &mut Harness, second: u64, answer: &Answer) -> Vec<(Duration, usize)> {
    let mut lookups = Vec::new();
    while harness.exit().is_none() && harness.now < seconds(second) {
        for target in harness.take_lookups() {
            lookups.push((harness.now, target));
            harness.answer(target, if target == 0 { answer.clone() } else { pending() });
        }
        harness.wait_until(second);
    }
    lookups
}

#[test]
fn a_target_whose_lookups_fail_is_slowed_down_and_the_others_keep_their_pace() {
    for answer in [
        Ok(busy("502", None)),
        Err(unreachable()),
        Ok(html()),
        Ok(malformed()),
        Err(Error::unusable("a redirect".to_owned())),
    ] {
        let mut harness = Harness::new(plan_with(Mode::Poll, 3, |profile| {
            profile.max_outage = Some(seconds(900));
        }));
        let lookups = poll_until(&mut harness, 600, &answer);
        let of = |target| lookups.iter().filter(move |(_, other)| *other == target);
        assert!((30..=80).contains(&of(0).count()), "{answer:?}: {}", of(0).count());
        for target in [1, 2] {
            let times: Vec<_> = of(target).map(|(at, _)| *at).collect();
            let longest = times.windows(2).map(|two| two[1] - two[0]).max();
            assert!(longest <= Some(Duration::from_millis(5_500)), "{answer:?}: {longest:?}");
        }
        assert_eq!(harness.exit(), None);
        assert!(harness.warnings().len() <= 1, "{:?}", harness.warnings());
    }
}

/// The others are not even asked within such a short time.
#[test]
fn an_outage_of_one_target_is_not_that_of_the_profile() {
    for answer in [Some(Ok(busy("502", None))), None] {
        let mut harness = Harness::new(plan_with(Mode::Poll, 2, |profile| {
            profile.max_outage = Some(seconds(2));
        }));
        harness.probed = Some(Ok(not_found()));
        while harness.now < seconds(30) {
            for target in harness.take_lookups() {
                match &answer {
                    _ if target == 1 => harness.answer(1, pending()),
                    Some(answer) => harness.answer(0, answer.clone()),
                    None => {}
                }
            }
            harness.wait_until(30);
        }
        assert_eq!(harness.exit(), None, "{answer:?}");
    }
}

#[test]
fn an_outage_of_all_targets_is_over_at_its_limit_or_a_probe_later() {
    for (answer, at) in [(Some(Ok(busy("502", None))), 20), (None, 30)] {
        let mut harness = Harness::new(plan_with(Mode::Poll, 20, |profile| {
            profile.max_outage = Some(seconds(20));
        }));
        harness.probed = answer.clone();
        while harness.exit().is_none() {
            for target in harness.take_lookups() {
                if let Some(answer) = &answer {
                    harness.answer(target, answer.clone());
                }
            }
            harness.wait_until(100);
        }
        assert_eq!((harness.exit(), harness.now), (Some(Code::Unreachable), seconds(at)));
        assert_eq!(harness.closing().failures.len(), 1);
    }
}

#[test]
fn the_closing_report_says_what_is_wrong_with_a_target() {
    let timeout = Some(seconds(60));
    let mut harness = Harness::new(Plan { timeout, ..plan(Mode::Poll, 3) });
    poll_until(&mut harness, 100, &Ok(busy("502 (upstream)", None)));
    assert_eq!(harness.exit(), Some(Code::Timeout));
    let problems = harness.closing().ongoing_problems;
    assert_eq!(problems, ["fake:0: Fake answered 502 (upstream)"]);
}

/// Each renewal helps the other target.
#[test]
fn a_token_is_not_renewed_without_end_for_a_target_that_it_is_refused_for() {
    let mut harness = Harness::new(plan_with(Mode::Poll, 2, |profile| {
        profile.credential = Credential::command(vec!["print-token".into()], "a test".to_owned());
    }));
    let mut renewals = 0;
    while harness.exit().is_none() && harness.now < seconds(300) {
        for done in harness.take() {
            if done == "renew" {
                renewals += 1;
                harness.renewed(Ok(None));
            }
            for target in targets_of(&done) {
                harness.answer(target, if target == 0 { Ok(denied()) } else { pending() });
            }
        }
        if harness.done.is_empty() {
            harness.wait_until(300);
        }
    }
    // One before the start, and one for the refusal.
    assert_eq!(renewals, 2);
    let denied = Outcome::Failed(FailureKind::Denied);
    assert_eq!(harness.results(), [("fake:0".to_owned(), denied)]);
}
