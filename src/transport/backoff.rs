//! How long to wait before the next attempt.

use std::time::Duration;

/// The ceiling of the first wait.
const INITIAL_CEILING: Duration = Duration::from_secs(1);
/// The ceiling is doubled up to this.
const MAX_CEILING: Duration = Duration::from_secs(30);

/// Exponential backoff with full jitter: a wait is uniformly distributed between zero and a ceiling that doubles
/// from one second to thirty.
#[derive(Debug)]
pub struct Backoff {
    random: fastrand::Rng,
    attempt: u32,
}

impl Backoff {
    /// A schedule before its first wait.
    pub fn new(random: fastrand::Rng) -> Self {
        Backoff { random, attempt: 0 }
    }

    /// The next wait, at least `floor` (the minimum that the peer's `Retry-After` or protocol asks for).
    pub fn next(&mut self, floor: Duration) -> Duration {
        let ceiling = Backoff::ceiling(self.attempt);
        self.attempt = self.attempt.saturating_add(1);
        ceiling.mul_f64(self.random.f64()).max(floor)
    }

    /// The longest wait after this many others.
    pub fn ceiling(attempt: u32) -> Duration {
        INITIAL_CEILING.saturating_mul(2u32.saturating_pow(attempt)).min(MAX_CEILING)
    }

    /// The number of waits since the start or the last reset.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Starts over, after a success.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn waits_stay_within_their_ceilings(seed: u64, tries in 1usize..40) {
            let mut backoff = Backoff::new(fastrand::Rng::with_seed(seed));
            for attempt in 0..tries {
                let ceiling = MAX_CEILING.min(INITIAL_CEILING * 2u32.pow(attempt.min(10) as u32));
                let wait = backoff.next(Duration::ZERO);
                prop_assert!(wait <= ceiling, "{wait:?} > {ceiling:?} at {attempt}");
            }
        }

        #[test]
        fn retry_after_is_honoured(seed: u64, floor in 0u64..600, tries in 1usize..10) {
            let mut backoff = Backoff::new(fastrand::Rng::with_seed(seed));
            let floor = Duration::from_secs(floor);
            for _ in 0..tries {
                let wait = backoff.next(floor);
                prop_assert!(wait >= floor && wait <= floor.max(MAX_CEILING));
            }
        }

        #[test]
        fn a_reset_begins_again(seed: u64, tries in 1usize..20) {
            let mut backoff = Backoff::new(fastrand::Rng::with_seed(seed));
            for _ in 0..tries {
                backoff.next(Duration::ZERO);
            }
            backoff.reset();
            prop_assert_eq!(backoff.attempt(), 0);
            prop_assert!(backoff.next(Duration::ZERO) <= INITIAL_CEILING);
        }
    }

    #[test]
    fn waits_are_spread_over_the_whole_range() {
        let waits: Vec<_> = (0..200)
            .map(|seed| Backoff::new(fastrand::Rng::with_seed(seed)).next(Duration::ZERO))
            .collect();
        assert!(waits.iter().any(|wait| *wait < INITIAL_CEILING / 4));
        assert!(waits.iter().any(|wait| *wait > INITIAL_CEILING * 3 / 4));
    }
}
