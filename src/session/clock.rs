//! The only place that reads a clock.
#![allow(clippy::disallowed_methods)]

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// A moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Since the command began; never goes backwards.
    pub elapsed: Duration,
    /// The wall clock, for what is shown.
    pub wall: Timestamp,
}

/// Counts from the beginning of the command.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts counting.
    pub fn start() -> Self {
        Clock { start: Instant::now() }
    }

    /// This moment.
    pub fn now(&self) -> Now {
        Now { elapsed: self.start.elapsed(), wall: Timestamp::now() }
    }

    /// A time of the command as an instant to sleep until.
    pub fn instant(&self, elapsed: Duration) -> Instant {
        /// Later than any command runs; an instant cannot take every duration.
        const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
        self.start + elapsed.min(FAR)
    }
}
