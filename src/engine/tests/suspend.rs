//! Clocks that jump: the wall clock when it is set, and both when the machine slept or the process was
//! stopped. (The monotonic clock stands still while Linux sleeps, but runs on while a process is stopped.)

use jiff::SignedDuration;

use super::issued_tokens::{at, issuing, token};
use super::*;
use Status::{Completed, Pending};

impl Harness {
    /// The process is suspended for this long; then the loop is woken.
    fn stop_for(&mut self, span: Duration) {
        self.now += span;
        self.input(Input::Wake);
    }

    /// The transaction completes, by push or by lookup as the mode has it.
    fn push_or_lookup(&mut self, status: Status) {
        match self.engine.plan.mode {
            Mode::Poll => self.found(0, report(status, None)),
            _ => self.push(0, status, None),
        }
    }
}

/// What is done in an hour of polling, and when; halfway the wall clock is set.
fn an_hour_of_polling(ahead: SignedDuration) -> Vec<(Duration, String)> {
    let timeout = Some(seconds(3_600));
    let mut harness = Harness::new(Plan { timeout, ..plan(Mode::Poll, 3) });
    let mut done = Vec::new();
    while harness.exit().is_none() {
        if harness.now >= seconds(1_800) {
            harness.ahead = ahead;
        }
        if harness.done.is_empty() {
            harness.wait_until(3_600);
        }
        for what in harness.take() {
            done.push((harness.now, what.clone()));
            harness.found(only_target_of(&what), report(Pending, None));
        }
    }
    assert_eq!((harness.now, harness.exit()), (seconds(3_600), Some(Code::Timeout)));
    done
}

fn only_target_of(lookup: &str) -> usize {
    let [target] = targets_of(lookup)[..] else { panic!("{lookup}") };
    target
}

#[test]
fn a_wall_clock_that_is_set_changes_nothing_about_when() {
    let expected = an_hour_of_polling(SignedDuration::ZERO);
    assert!(expected.len() > 100, "{}", expected.len());
    for hours in [-20_000, -1, 1, 20_000] {
        assert_eq!(an_hour_of_polling(SignedDuration::from_hours(hours)), expected, "{hours}");
    }
}

/// Ten minutes of them, while an answer is on its way.
#[test]
fn suspended_time_is_no_outage() {
    for mode in [Mode::Poll, Mode::WatchPushOnly] {
        let mut harness = Harness::new(plan(mode, 1));
        if mode == Mode::WatchPushOnly {
            harness.connect(0);
        }
        harness.wait_until(10);
        harness.stop_for(seconds(600));
        harness.wait_until(700);
        assert_eq!(harness.exit(), None, "{mode:?}");
        harness.push_or_lookup(Completed);
        assert_eq!(harness.exit(), Some(Code::Ok), "{mode:?}");
    }
}

#[test]
fn an_outage_is_found_after_a_stop_as_well() {
    let mut harness = Harness::new(Plan { timeout: None, ..plan(Mode::Poll, 1) });
    harness.wait_until(10);
    harness.stop_for(seconds(10_000));
    harness.wait_until(20_000);
    // The part of the outage in which the process was running.
    assert!(harness.now <= seconds(10_010 + 300), "{:?}", harness.now);
    assert_eq!(harness.exit(), Some(Code::Unreachable));
}

#[test]
fn what_arrived_meanwhile_is_handled_before_the_timeout() {
    let ending = |completed: bool| {
        let mut harness = Harness::watching(plan(Mode::Watch, 1));
        harness.stop_for(seconds(7_200));
        assert_eq!(harness.exit(), None);
        harness.link_event(LinkEvent::Alive);
        if completed {
            harness.push(0, Completed, None);
        }
        harness.wait_until(10_000);
        (harness.now, harness.exit())
    };
    assert_eq!(ending(true), (seconds(7_200), Some(Code::Ok)));
    // The suspended time counts for the timeout, except for the moment of draining.
    assert_eq!(ending(false), (seconds(7_201), Some(Code::Timeout)));
}

#[test]
fn after_a_stop_each_target_is_looked_up_once_and_not_all_at_once() {
    let mut harness = Harness::new(Plan { timeout: None, ..plan(Mode::Poll, 100) });
    for _ in 0..100 {
        for target in harness.take_lookups() {
            harness.found(target, report(Pending, None));
        }
    }
    harness.stop_for(seconds(3_600));
    harness.take();
    let mut lookups = vec![0; 100];
    harness.wait_until(3_700);
    let began = harness.now;
    let mut in_flight = harness.take();
    while harness.now < began + seconds(1) {
        assert!(in_flight.len() <= 8, "{in_flight:?}");
        for lookup in std::mem::take(&mut in_flight) {
            lookups[only_target_of(&lookup)] += 1;
            harness.found(only_target_of(&lookup), report(Pending, None));
        }
        in_flight.extend(harness.take());
        if in_flight.is_empty() {
            harness.wait_until(3_700);
            in_flight.extend(harness.take());
        }
    }
    assert!(lookups.iter().all(|count| *count == 1), "{lookups:?}");
}

/// While the machine slept the monotonic clock stood still, so the renewal is not due; the token has
/// expired all the same.
#[test]
fn a_token_that_expired_in_a_sleep_is_issued_anew_once_it_is_refused() {
    let mut harness = Harness::new(issuing(token(7_200)));
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    harness.found(0, report(Pending, None));
    harness.wait_until(20);
    harness.take();
    harness.ahead = SignedDuration::from_hours(9);
    harness.lose(unreachable(), 1);
    assert_eq!(harness.take(), ["lookup 0"]);
    harness.read(0, denied());
    assert_eq!(harness.take(), ["renew"]);
    harness.renewed(Ok(at(14 * 3_600)));
    harness.wait_until(60);
    assert_eq!(harness.take(), ["lookup 0"]);
    harness.found(0, report(Completed, None));
    assert_eq!(harness.exit(), Some(Code::Ok));
}

/// Tokens are not requested without end, although each seems to have expired long ago.
#[test]
fn a_wall_clock_that_is_years_ahead_has_few_tokens_issued() {
    let mut harness = Harness::new(Plan { timeout: None, ..issuing(token(7_200)) });
    harness.ahead = SignedDuration::from_hours(50_000);
    harness.signal(FeedSignal::Live);
    harness.subscribe();
    let mut issued = 0;
    while harness.now < seconds(24 * 3_600) {
        for what in harness.take() {
            match what.as_str() {
                "renew" => {
                    issued += 1;
                    let expires_at = i64::try_from(harness.now.as_secs()).unwrap() + 604_800;
                    harness.renewed(Ok(at(expires_at)));
                }
                "lookup 0" => harness.found(0, report(Pending, None)),
                _ => {}
            }
        }
        harness.wait_until(24 * 3_600);
    }
    assert!(issued <= 24 * 12, "{issued} in a day");
    assert_eq!(harness.exit(), None);
}

/// Each turn of the loop takes long, for the output is read slowly.
#[test]
fn a_loop_that_is_always_late_still_keeps_its_limits() {
    let timeout = Some(seconds(60));
    let mut harness = Harness::watching(Plan { timeout, ..plan(Mode::Watch, 1) });
    while harness.exit().is_none() && harness.now < seconds(600) {
        harness.now += seconds(3);
        harness.link_event(LinkEvent::Alive);
    }
    assert_eq!(harness.exit(), Some(Code::Timeout));
    assert!(harness.now <= seconds(66), "{:?}", harness.now);
}

#[test]
fn an_outage_is_found_by_a_loop_that_is_often_late() {
    let mut harness = Harness::new(Plan { timeout: None, ..plan(Mode::Poll, 1) });
    while harness.exit().is_none() && harness.now < seconds(3_000) {
        let due = harness.engine.next_timeout().map_or(harness.now, |due| due.max(harness.now));
        harness.now = due + Duration::from_millis(1_100);
        if harness.take().is_empty() {
            harness.input(Input::Wake);
        } else {
            harness.read(0, busy("503", None));
        }
    }
    assert_eq!(harness.exit(), Some(Code::Unreachable), "{:?}", harness.now);
}
