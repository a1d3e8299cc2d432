//! Detection of suspensions: the process was stopped, or the machine slept.

use std::time::Duration;

/// A call that is later than this after a timer was due shows a suspension.
const SUSPEND_THRESHOLD: Duration = Duration::from_secs(1);
/// How long after a suspension timers are delayed, so that messages that arrived meanwhile are handled first.
const DRAIN_GRACE: Duration = Duration::from_secs(1);
/// From this lateness on the process was certainly not just busy, and all the time since the last call counts as
/// suspended.
const LONG_SUSPEND: Duration = Duration::from_secs(30);

/// Detects suspensions. After each of them timers run at least once before another is detected, for a loop that is
/// always slow.
pub(super) struct SuspendDetector {
    /// Until when timers are delayed, as time of the command.
    quiet_until: Duration,
    /// Whether timers have run since the last suspension.
    has_run: bool,
}

impl SuspendDetector {
    pub(super) fn new() -> Self {
        SuspendDetector { quiet_until: Duration::ZERO, has_run: true }
    }

    /// Until when timers are delayed, as time of the command.
    pub(super) fn quiet_until(&self) -> Duration {
        self.quiet_until
    }

    /// The engine is called `late` after its next timer was due, and `gap` after the last call. Returns how long the
    /// process was suspended, if it was.
    pub(super) fn resumed_from_suspend(
        &mut self,
        now: Duration,
        late: Duration,
        gap: Duration,
    ) -> Option<Duration> {
        if late <= SUSPEND_THRESHOLD || !std::mem::take(&mut self.has_run) {
            return None;
        }
        self.quiet_until = now + DRAIN_GRACE;
        Some(if late > LONG_SUSPEND { gap } else { late })
    }

    /// Whether timers may run now.
    pub(super) fn may_run(&mut self, now: Duration) -> bool {
        let may = now >= self.quiet_until;
        self.has_run |= may;
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_second_of_lateness_is_no_suspension() {
        let mut suspend = SuspendDetector::new();
        let late = SUSPEND_THRESHOLD;
        assert_eq!(suspend.resumed_from_suspend(seconds(100), late, seconds(50)), None);
        assert!(suspend.may_run(seconds(100)));
    }

    #[test]
    fn after_a_suspension_timers_are_delayed_for_what_arrived_meanwhile() {
        let mut suspend = SuspendDetector::new();
        let late = SUSPEND_THRESHOLD + Duration::from_millis(1);
        assert_eq!(suspend.resumed_from_suspend(seconds(100), late, seconds(50)), Some(late));
        assert_eq!(suspend.quiet_until(), seconds(101));
        assert!(!suspend.may_run(Duration::from_millis(100_999)));
        assert!(suspend.may_run(seconds(101)));
    }

    /// A process that is only busy is late, but was not suspended before that.
    #[test]
    fn after_a_long_lateness_all_the_time_since_the_last_call_counts_as_suspended() {
        let resumed = |late| {
            let mut suspend = SuspendDetector::new();
            suspend.resumed_from_suspend(seconds(1_000), late, seconds(500))
        };
        assert_eq!(resumed(LONG_SUSPEND), Some(LONG_SUSPEND));
        assert_eq!(resumed(LONG_SUSPEND + seconds(1)), Some(seconds(500)));
    }

    #[test]
    fn a_loop_that_is_always_late_still_runs_timers_in_between() {
        let mut suspend = SuspendDetector::new();
        let mut turn = |now: u64| {
            let missed = suspend.resumed_from_suspend(seconds(now), seconds(2), seconds(3));
            (missed.is_some(), suspend.may_run(seconds(now)))
        };
        assert_eq!(turn(3), (true, false));
        assert_eq!(turn(6), (false, true));
        assert_eq!(turn(9), (true, false));
        assert_eq!(turn(12), (false, true));
    }
}
