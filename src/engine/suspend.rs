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
