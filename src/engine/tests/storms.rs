//! Providers that are down for a while, asked for many transactions.

use super::*;
use Status::Completed;

/// Polls so many targets while every answer is a 503 until this second. Answers how many requests there
/// were until then, and the world in which all have their answer.
fn storm(targets: usize, until: u64) -> (usize, World) {
    let mut plan = plan(Mode::Poll, targets);
    plan.timeout = None;
    plan.profiles[0].max_outage = None;
    let mut world = World::new(plan);
    let mut asked = 0;
    while world.exit().is_none() {
        if world.done.is_empty() {
            world.wait_until(100_000);
        }
        for pull in world.take() {
            let target = pull.strip_prefix("pull ").unwrap().parse().unwrap();
            if world.now < seconds(until) {
                asked += 1;
                world.answer(target, Ok((Reading::Busy("503".to_owned()), None)));
            } else {
                world.pulled(target, Ok(report(Completed, None)))
            }
        }
    }
    (asked, world)
}

#[test]
fn a_storm_of_503s_is_waited_out_with_few_requests() {
    for targets in [1, 8, 100] {
        let (asked, world) = storm(targets, 600);
        assert_eq!(world.exit(), Some(Code::Ok));
        assert_eq!(world.results().len(), targets);
        // At most eight at once, and in the end every 15 seconds on average.
        let rounds = asked.div_ceil(targets.min(8));
        assert!((20..=90).contains(&rounds), "{targets}: {rounds} rounds");
        assert!(world.now <= seconds(632), "{targets}: {:?}", world.now);
    }
}

/// One bad moment of the provider's is one failure, however many requests it met.
#[test]
fn a_gust_does_not_make_many_targets_wait_for_long() {
    for targets in [1, 8, 100] {
        let (_, world) = storm(targets, 1);
        assert!(world.now <= seconds(4), "{targets}: {:?}", world.now);
    }
}

#[test]
fn a_storm_that_lasts_is_an_outage() {
    let mut world = World::new(plan(Mode::Poll, 20));
    while world.exit().is_none() {
        if world.done.is_empty() {
            world.wait_until(1_000);
        }
        for pull in world.take() {
            let target = pull.strip_prefix("pull ").unwrap().parse().unwrap();
            world.answer(target, Ok((Reading::Busy("503".to_owned()), None)));
        }
    }
    assert_eq!((world.now, world.exit()), (seconds(300), Some(Code::Unreachable)));
}
