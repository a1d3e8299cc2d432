//! Whatever happens in whatever order: one result a target, one summary, and no success that the
//! provider did not report.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Happening {
    Live,
    Subscribe,
    Lose,
    Push(usize, Status, Option<i64>),
    /// Answers the request for a target, if there is one.
    Answer(usize, Status, Option<i64>),
    NotFound(usize),
    Busy(usize),
    Nonsense(usize),
    Wait(u64),
}

const TARGETS: usize = 3;

fn happening() -> impl Strategy<Value = Happening> {
    let target = 0..TARGETS;
    let status = prop::sample::select(Status::ALL.to_vec());
    let clock = prop::option::of(0i64..20);
    prop_oneof![
        Just(Happening::Live),
        Just(Happening::Subscribe),
        Just(Happening::Lose),
        (target.clone(), status.clone(), clock.clone())
            .prop_map(|(t, s, c)| Happening::Push(t, s, c)),
        (target.clone(), status, clock).prop_map(|(t, s, c)| Happening::Answer(t, s, c)),
        target.clone().prop_map(Happening::NotFound),
        target.clone().prop_map(Happening::Busy),
        target.prop_map(Happening::Nonsense),
        (0u64..90).prop_map(Happening::Wait),
    ]
}

/// Plays a story to its end; answers the world, and what the provider ever said of each target.
fn play(plan: Plan, story: Vec<Happening>) -> (World, Vec<Vec<Status>>) {
    let mut world = World::new(plan);
    let mut said = vec![Vec::new(); TARGETS];
    let mut asked = [0i32; TARGETS];
    for happening in story {
        for done in world.take() {
            if let Some(target) = done.strip_prefix("pull ") {
                asked[target.parse::<usize>().unwrap()] += 1;
            }
        }
        assert!(asked.iter().all(|count| (0..=1).contains(count)), "two requests for one target");
        let mut answer = |world: &mut World, target: usize, report| {
            if asked[target] == 1 {
                asked[target] = 0;
                world.pulled(target, report);
            }
        };
        match happening {
            Happening::Live => world.feed(FeedInput::Live),
            Happening::Subscribe => world.subscribe(),
            Happening::Lose => world.lose(unreachable(), 1),
            Happening::Push(target, status, clock) => {
                said[target].push(status);
                world.push(target, status, clock);
            }
            Happening::Answer(target, status, clock) => {
                said[target].push(status);
                answer(&mut world, target, Ok(report(status, clock)));
            }
            Happening::NotFound(target) => {
                answer(&mut world, target, Err(Reading::NotFound("404".into())))
            }
            Happening::Busy(target) => answer(&mut world, target, Err(Reading::Busy("503".into()))),
            Happening::Nonsense(target) => {
                answer(&mut world, target, Err(Reading::Bad("HTML".into())))
            }
            Happening::Wait(seconds) => {
                let until = world.now.as_secs() + seconds;
                world.wait_until(until);
            }
        }
    }
    while world.exit().is_none() {
        world.wait_until(world.now.as_secs() + 100);
    }
    (world, said)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_story_has_one_true_end(
        story in prop::collection::vec(happening(), 0..60),
        any: bool,
        grace in prop::sample::select(vec![0u64, 30]),
    ) {
        let mut plan = Plan { any, timeout: Some(seconds(600)), ..plan(Mode::Watch, TARGETS) };
        plan.profiles[0].grace = seconds(grace);
        let (world, said) = play(plan, story);
        prop_assert!(world.now <= seconds(600));

        let results = world.results();
        prop_assert_eq!(results.len(), TARGETS);
        for (target, said) in said.iter().enumerate() {
            let name = format!("fake:{target}");
            let mine: Vec<_> = results.iter().filter(|(of, _)| *of == name).collect();
            prop_assert_eq!(mine.len(), 1, "{}", name);
            let spoke = |status| said.contains(&status);
            match mine[0].1 {
                Code::Ok => prop_assert!(spoke(Status::Completed)),
                Code::Failed => prop_assert!(spoke(Status::Failed)),
                Code::Cancelled => prop_assert!(spoke(Status::Cancelled)),
                Code::Expired => prop_assert!(spoke(Status::Expired)),
                Code::Refunded => prop_assert!(spoke(Status::Refunded)),
                _ => {}
            }
        }

        let summaries = world.events.iter().filter(|event| matches!(event, Event::Summary(_))).count();
        prop_assert_eq!(summaries, 1);
        prop_assert!(matches!(world.events.last(), Some(Event::Summary(_))));
        let codes = results.iter().map(|(_, code)| *code);
        let expected = if any && codes.clone().any(|code| code == Code::Ok) { Some(Code::Ok) } else { codes.max() };
        prop_assert_eq!(world.exit(), expected);
    }
}
