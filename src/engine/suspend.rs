//! Time in which nobody was there: the process was stopped, or the machine slept.

use std::time::Duration;

/// A wake-up that is later than this tells that nobody was there.
const SUSPEND_THRESHOLD: Duration = Duration::from_secs(1);
/// How long nothing is due after that, for what arrived meanwhile to be read.
const DRAIN_GRACE: Duration = Duration::from_secs(1);
/// Who is so late was not only busy: the whole time since the last turn is in doubt.
const AWAY: Duration = Duration::from_secs(30);

/// Notices suspensions. Between two of them what is due is done, for a loop may be slow all the time.
pub(super) struct SuspendDetector {
    /// Nothing is due before, as time of the command.
    quiet_until: Duration,
    /// Whether what was due was done since the last suspension.
    has_run: bool,
}

impl SuspendDetector {
    pub(super) fn new() -> Self {
        SuspendDetector { quiet_until: Duration::ZERO, has_run: true }
    }

    /// Before when nothing is due.
    pub(super) fn quiet_until(&self) -> Duration {
        self.quiet_until
    }

    /// The engine is called this late, this long after the call before. For how long nobody was there to
    /// listen, if so.
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
        Some(if late > AWAY { gap } else { late })
    }

    /// Whether what is due may be done now.
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
    fn after_a_suspension_what_arrived_meanwhile_is_read_before_anything_is_due() {
        let mut suspend = SuspendDetector::new();
        let late = SUSPEND_THRESHOLD + Duration::from_millis(1);
        assert_eq!(suspend.resumed_from_suspend(seconds(100), late, seconds(50)), Some(late));
        assert_eq!(suspend.quiet_until(), seconds(101));
        assert!(!suspend.may_run(Duration::from_millis(100_999)));
        assert!(suspend.may_run(seconds(101)));
    }

    /// Who is only busy is late, but was there before that.
    #[test]
    fn after_a_long_lateness_the_whole_time_since_the_last_turn_is_in_doubt() {
        let resumed = |late| {
            let mut suspend = SuspendDetector::new();
            suspend.resumed_from_suspend(seconds(1_000), late, seconds(500))
        };
        assert_eq!(resumed(AWAY), Some(AWAY));
        assert_eq!(resumed(AWAY + seconds(1)), Some(seconds(500)));
    }

    #[test]
    fn a_loop_that_is_always_late_still_does_what_is_due_in_between() {
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
