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
    /// What the wall clock showed then, where it goes on with the other and not by itself.
    #[cfg(test)]
    wall: Option<Timestamp>,
}

impl Clock {
    /// Starts counting.
    pub fn start() -> Self {
        Clock {
            start: Instant::now(),
            #[cfg(test)]
            wall: None,
        }
    }

    /// Starts counting at this time of the wall clock, which goes on with the time of the runtime.
    #[cfg(test)]
    pub(super) fn simulated(wall: Timestamp) -> Self {
        Clock { wall: Some(wall), ..Clock::start() }
    }

    /// This moment.
    pub fn now(&self) -> Now {
        Now { elapsed: self.start.elapsed(), wall: self.wall() }
    }

    /// It is looked at each time, for it goes on while the machine sleeps.
    fn wall(&self) -> Timestamp {
        #[cfg(test)]
        if let Some(wall) = self.wall {
            return wall + self.start.elapsed();
        }
        Timestamp::now()
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
    async fn a_simulated_wall_goes_on_with_the_time_of_the_runtime() {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(clock.now().wall.as_second(), 90);
        assert_eq!(clock.now().elapsed.as_secs(), 90);
    }
}
