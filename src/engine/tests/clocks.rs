//! Clocks that leap: the wall clock when it is set, and both when the machine slept or the process was
//! stopped. (The monotonic clock stands still while Linux sleeps, but runs on while a process is stopped.)

use jiff::SignedDuration;

use super::listening::{at, issuing, token};
use super::*;
use Status::{Completed, Pending};

impl World {
    /// Nobody is there for so long; then the loop is woken.
    fn stop_for(&mut self, span: Duration) {
        self.now += span;
        self.input(Input::Woken);
    }
}

/// What is done in an hour of polling, and when; halfway the wall clock is set.
fn an_hour_of_polling(ahead: SignedDuration) -> Vec<(Duration, String)> {
    let timeout = Some(seconds(3_600));
    let mut world = World::new(Plan { timeout, ..plan(Mode::Poll, 3) });
    let mut done = Vec::new();
    while world.exit().is_none() {
        if world.now >= seconds(1_800) {
            world.ahead = ahead;
        }
        if world.done.is_empty() {
            world.wait_until(3_600);
        }
        for what in world.take() {
            done.push((world.now, what.clone()));
            world.pulled(number(&what), Ok(report(Pending, None)));
        }
    }
    assert_eq!((world.now, world.exit()), (seconds(3_600), Some(Code::Timeout)));
    done
}

#[test]
fn a_wall_clock_that_is_set_changes_nothing_about_when() {
    let told = an_hour_of_polling(SignedDuration::ZERO);
    assert!(told.len() > 100, "{}", told.len());
    for hours in [-20_000, -1, 1, 20_000] {
        assert_eq!(an_hour_of_polling(SignedDuration::from_hours(hours)), told, "{hours}");
    }
}

/// Ten minutes of them, while an answer is on its way.
#[test]
fn time_in_which_nobody_was_there_is_no_outage() {
    for mode in [Mode::Poll, Mode::WatchPushOnly] {
        let mut world = World::new(plan(mode, 1));
        if mode == Mode::WatchPushOnly {
            world.feed(FeedInput::Connecting(0));
        }
        world.wait_until(10);
        world.stop_for(seconds(600));
        world.wait_until(700);
        assert_eq!(world.exit(), None, "{mode:?}");
        world.push_or_answer(Completed);
        assert_eq!(world.exit(), Some(Code::Ok), "{mode:?}");
    }
}

#[test]
fn an_outage_is_found_after_a_stop_as_well() {
    let mut world = World::new(Plan { timeout: None, ..plan(Mode::Poll, 1) });
    world.wait_until(10);
    world.stop_for(seconds(10_000));
    world.wait_until(20_000);
    // What it was silent for while somebody listened.
    assert!(world.now <= seconds(10_010 + 300), "{:?}", world.now);
    assert_eq!(world.exit(), Some(Code::Unreachable));
}

#[test]
fn what_arrived_meanwhile_goes_before_the_time_limit() {
    let story = |completed: bool| {
        let mut world = World::watching(plan(Mode::Watch, 1));
        world.stop_for(seconds(7_200));
        assert_eq!(world.exit(), None);
        world.feed(FeedInput::Alive);
        if completed {
            world.push(0, Completed, None);
        }
        world.wait_until(10_000);
        (world.now, world.exit())
    };
    assert_eq!(story(true), (seconds(7_200), Some(Code::Ok)));
    // The time in which nobody was there counts, but for that moment.
    assert_eq!(story(false), (seconds(7_201), Some(Code::Timeout)));
}

#[test]
fn after_a_stop_each_target_is_asked_once_and_not_all_at_once() {
    let mut plan = plan(Mode::Poll, 100);
    plan.timeout = None;
    let mut world = World::new(plan);
    for _ in 0..100 {
        let pulls = world.take();
        pulls.iter().for_each(|pull| world.pulled(number(pull), Ok(report(Pending, None))));
    }
    world.stop_for(seconds(3_600));
    world.take();
    let mut asked = vec![0; 100];
    world.wait_until(3_700);
    let began = world.now;
    let mut on_the_wire = world.take();
    while world.now < began + seconds(1) {
        assert!(on_the_wire.len() <= 8, "{on_the_wire:?}");
        for pull in std::mem::take(&mut on_the_wire) {
            asked[number(&pull)] += 1;
            world.pulled(number(&pull), Ok(report(Pending, None)));
        }
        on_the_wire.extend(world.take());
        if on_the_wire.is_empty() {
            world.wait_until(3_700);
            on_the_wire.extend(world.take());
        }
    }
    assert!(asked.iter().all(|count| *count == 1), "{asked:?}");
}

fn number(pull: &str) -> usize {
    pull.strip_prefix("pull ").unwrap().parse().unwrap()
}

/// While the machine slept the monotonic clock stood still, so the renewal is not due; the token has
/// ended all the same.
#[test]
fn a_token_that_ended_in_a_sleep_is_issued_anew_once_it_is_refused() {
    let mut world = World::new(issuing(token(7_200)));
    world.feed(FeedInput::Live);
    world.subscribe();
    world.pulled(0, Ok(report(Pending, None)));
    world.wait_until(20);
    world.take();
    world.ahead = SignedDuration::from_hours(9);
    world.lose(unreachable(), 1);
    assert_eq!(world.take(), ["pull 0"]);
    world.pulled(0, Err(Reading::Denied("401".to_owned())));
    assert_eq!(world.take(), ["renew"]);
    world.input(Input::Renewed(0, Ok(at(14 * 3_600))));
    world.wait_until(60);
    assert_eq!(world.take(), ["pull 0"]);
    world.pulled(0, Ok(report(Completed, None)));
    assert_eq!(world.exit(), Some(Code::Ok));
}

/// It is not asked for a new token without end, although each seems to have ended long ago.
#[test]
fn a_wall_clock_that_is_years_ahead_has_few_tokens_issued() {
    let mut plan = issuing(token(7_200));
    plan.timeout = None;
    let mut world = World::new(plan);
    world.ahead = SignedDuration::from_hours(50_000);
    world.feed(FeedInput::Live);
    world.subscribe();
    let mut issued = 0;
    while world.now < seconds(24 * 3_600) {
        for what in world.take() {
            match what.as_str() {
                "renew" => {
                    issued += 1;
                    let ends = i64::try_from(world.now.as_secs()).unwrap() + 604_800;
                    world.input(Input::Renewed(0, Ok(at(ends))));
                }
                "pull 0" => world.pulled(0, Ok(report(Pending, None))),
                _ => {}
            }
        }
        world.wait_until(24 * 3_600);
    }
    assert!(issued <= 24 * 12, "{issued} in a day");
    assert_eq!(world.exit(), None);
}

impl World {
    /// The ending comes the way that the mode has it.
    fn push_or_answer(&mut self, status: Status) {
        match self.watch.plan.mode {
            Mode::Poll => self.pulled(0, Ok(report(status, None))),
            _ => self.push(0, status, None),
        }
    }
}

/// Each turn of the loop takes long, for somebody reads our output slowly.
#[test]
fn a_loop_that_is_always_late_still_keeps_its_limits() {
    let mut world = World::watching(Plan { timeout: Some(seconds(60)), ..plan(Mode::Watch, 1) });
    while world.exit().is_none() && world.now < seconds(600) {
        world.now += seconds(3);
        world.feed(FeedInput::Alive);
    }
    assert_eq!(world.exit(), Some(Code::Timeout));
    assert!(world.now <= seconds(66), "{:?}", world.now);
}

#[test]
fn an_outage_is_found_by_a_loop_that_is_often_late() {
    let mut world = World::new(Plan { timeout: None, ..plan(Mode::Poll, 1) });
    while world.exit().is_none() && world.now < seconds(3_000) {
        world.now = world.watch.wake_at().map_or(world.now, |due| due.max(world.now))
            + Duration::from_millis(1_100);
        if world.take().is_empty() {
            world.input(Input::Woken)
        } else {
            world.pulled(0, Err(Reading::Busy("503".to_owned())))
        }
    }
    assert_eq!(world.exit(), Some(Code::Unreachable), "{:?}", world.now);
}
