//! The only place that reads clocks.
#![allow(clippy::disallowed_methods)]

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::engine::Now;

/// Measures the time from its start; also reads the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    wall: WallClock,
}

#[derive(Clone, Copy, Debug)]
enum WallClock {
    /// The system's clock, read anew each time, for it continues while the machine sleeps.
    System,
    /// A clock that showed this at the start, and runs with the time of the tokio runtime.
    StartedAt(Timestamp),
}

impl Clock {
    /// Starts a clock.
    pub fn start() -> Self {
        Clock { start: Instant::now(), wall: WallClock::System }
    }

    /// Starts a clock with this time of the wall clock, which then runs with the time of the tokio runtime.
    pub fn start_at(wall: Timestamp) -> Self {
        Clock { start: Instant::now(), wall: WallClock::StartedAt(wall) }
    }

    /// The present time.
    pub fn now(&self) -> Now {
        let elapsed = self.start.elapsed();
        let wall = match self.wall {
            WallClock::System => Timestamp::now(),
            WallClock::StartedAt(start) => start + elapsed,
        };
        Now { elapsed, wall }
    }

    /// A time since the start as an instant, capped at 30 years.
    pub fn instant(&self, elapsed: Duration) -> Instant {
        /// Adding `Duration::MAX` to an instant would overflow.
        const MAX: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
        self.start + elapsed.min(MAX)
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
