//! What went wrong with a target's lookups since the last one that was understood.

use std::time::Duration;

use crate::transport::Backoff;

/// The trouble of one target.
#[derive(Default)]
pub(super) struct Trouble {
    /// How many lookups in a row failed.
    failed: u32,
    /// Why the last one failed.
    pub(super) reason: String,
    /// Whether a lookup of several targets failed, so that it is looked up without them.
    pub(super) is_alone: bool,
    /// Whether there was a warning about it.
    pub(super) is_reported: bool,
    /// The generation of the token that was renewed because it was refused for this target.
    pub(super) renewed_generation: Option<u32>,
}

impl Trouble {
    /// A lookup failed.
    pub(super) fn failed(&mut self, reason: String) {
        self.failed = self.failed.saturating_add(1);
        self.reason = reason;
    }

    /// How long until the next lookup, if the last one failed. `jitter` is between 0 and 1.
    pub(super) fn retry_in(&self, jitter: f64) -> Option<Duration> {
        let attempt = self.failed.checked_sub(1)?;
        Some(Backoff::ceiling(attempt).mul_f64(jitter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_with_each_failure_up_to_half_a_minute() {
        let mut trouble = Trouble::default();
        assert_eq!(trouble.retry_in(1.0), None);
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            trouble.failed("502".to_owned());
            assert_eq!(trouble.retry_in(1.0), Some(Duration::from_secs(seconds)));
            assert_eq!(trouble.retry_in(0.5), Some(Duration::from_millis(seconds * 500)));
        }
    }
}
