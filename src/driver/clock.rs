//! The only place that reads a clock.
#![allow(clippy::disallowed_methods)]

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::engine::Now;

/// Counts from the beginning of the command.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    wall: WallClock,
}

#[derive(Clone, Copy, Debug)]
enum WallClock {
    /// The system's, which is read each time, for it goes on while the machine sleeps.
    System,
    /// It showed this at the start, and goes on with the time of the runtime.
    StartedAt(Timestamp),
}

impl Clock {
    /// Starts counting.
    pub fn start() -> Self {
        Clock { start: Instant::now(), wall: WallClock::System }
    }

    /// Starts counting at this time of the wall clock, which goes on with the time of the runtime.
    pub fn start_at(wall: Timestamp) -> Self {
        Clock { start: Instant::now(), wall: WallClock::StartedAt(wall) }
    }

    /// This moment.
    pub fn now(&self) -> Now {
        let elapsed = self.start.elapsed();
        let wall = match self.wall {
            WallClock::System => Timestamp::now(),
            WallClock::StartedAt(start) => start + elapsed,
        };
        Now { elapsed, wall }
    }

    /// A time of the command as an instant to sleep until.
    pub fn instant(&self, elapsed: Duration) -> Instant {
        /// Later than any command runs; an instant cannot take every duration.
        const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
        self.start + elapsed.min(FAR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wall_clock_that_was_given_goes_on_with_the_time_of_the_runtime() {
        let clock = Clock::start_at(Timestamp::UNIX_EPOCH);
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(clock.now().wall.as_second(), 90);
        assert_eq!(clock.now().elapsed.as_secs(), 90);
    }
}
