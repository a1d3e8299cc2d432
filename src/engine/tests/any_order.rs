//! Arbitrary sequences of inputs: one result a target, one summary, and no success that the
//! provider did not report.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Live,
    Subscribe,
    Lose,
    Push(usize, Status, Option<i64>),
    /// The result of a target's lookup, if one is under way.
    Answer(usize, Status, Option<i64>),
    NotFound(usize),
    Busy(usize),
    Malformed(usize),
    Wait(u64),
}

const TARGETS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let target = 0..TARGETS;
    let status = prop::sample::select(Status::ALL.to_vec());
    let clock = prop::option::of(0i64..20);
    prop_oneof![
        Just(Step::Live),
        Just(Step::Subscribe),
        Just(Step::Lose),
        (target.clone(), status.clone(), clock.clone()).prop_map(|(t, s, c)| Step::Push(t, s, c)),
        (target.clone(), status, clock).prop_map(|(t, s, c)| Step::Answer(t, s, c)),
        target.clone().prop_map(Step::NotFound),
        target.clone().prop_map(Step::Busy),
        target.prop_map(Step::Malformed),
        (0u64..90).prop_map(Step::Wait),
    ]
}

/// Runs the steps to the end of the command. Returns the harness, and every status that the provider reported of
/// each target.
fn play(plan: Plan, steps: Vec<Step>) -> (Harness, Vec<Vec<Status>>) {
    let mut harness = Harness::new(plan);
    let mut reported = vec![Vec::new(); TARGETS];
    let mut in_flight = [0i32; TARGETS];
    for step in steps {
        for target in harness.take_lookups() {
            in_flight[target] += 1;
        }
        let is_one = |count: &i32| (0..=1).contains(count);
        assert!(in_flight.iter().all(is_one), "two lookups of one target");
        let mut answer = |harness: &mut Harness, target: usize, reading| {
            if in_flight[target] == 1 {
                in_flight[target] = 0;
                harness.read(target, reading);
            }
        };
        match step {
            Step::Live => harness.signal(FeedSignal::Live),
            Step::Subscribe => harness.subscribe(),
            Step::Lose => harness.lose(unreachable(), 1),
            Step::Push(target, status, clock) => {
                reported[target].push(status);
                harness.push(target, status, clock);
            }
            Step::Answer(target, status, clock) => {
                reported[target].push(status);
                answer(&mut harness, target, Reading::Observed(report(status, clock)));
            }
            Step::NotFound(target) => answer(&mut harness, target, not_found()),
            Step::Busy(target) => answer(&mut harness, target, busy("503", None)),
            Step::Malformed(target) => answer(&mut harness, target, malformed()),
            Step::Wait(seconds) => {
                let until = harness.now.as_secs() + seconds;
                harness.wait_until(until);
            }
        }
    }
    while harness.exit().is_none() {
        harness.wait_until(harness.now.as_secs() + 100);
    }
    (harness, reported)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_sequence_has_one_true_end(
        steps in prop::collection::vec(step(), 0..60),
        any: bool,
        grace in prop::sample::select(vec![0u64, 30]),
    ) {
        let plan = plan_with(Mode::Watch, TARGETS, |profile| profile.grace = seconds(grace));
        let plan = Plan { any, timeout: Some(seconds(600)), ..plan };
        let (harness, reported) = play(plan, steps);
        prop_assert!(harness.now <= seconds(600));

        let results = harness.results();
        prop_assert_eq!(results.len(), TARGETS);
        for (target, reported) in reported.iter().enumerate() {
            let name = format!("fake:{target}");
            let mine: Vec<_> = results.iter().filter(|(of, _)| *of == name).collect();
            prop_assert_eq!(mine.len(), 1, "{}", name);
            match mine[0].1 {
                Outcome::Reached => prop_assert!(reported.contains(&Status::Completed)),
                Outcome::Missed(status) => prop_assert!(reported.contains(&status)),
                Outcome::Unfinished | Outcome::Failed(_) => {}
            }
        }

        let events = &harness.events;
        let summaries = events.iter().filter(|event| matches!(event, Event::Summary(_))).count();
        prop_assert_eq!(summaries, 1);
        prop_assert!(matches!(events.last(), Some(Event::Summary(_))));
        let codes = results.iter().map(|(_, outcome)| Code::from(*outcome));
        let is_any = any && codes.clone().any(|code| code == Code::Ok);
        let expected = if is_any { Some(Code::Ok) } else { codes.max() };
        prop_assert_eq!(harness.exit(), expected);
    }
}
