//! How fast scenarios run.
//!
//! A scenario has times of its own, and a test need not wait for them: with `TXWATCH_SANDBOX_SPEED=10` in its
//! environment, the sandbox runs ten times as fast, on its own as within a `watch`. What a provider writes
//! (times in records, a minute that a scenario takes) stays as it is; what takes time on the wire is divided.

use std::time::Duration;

use crate::error::{Failure, usage};

/// How many times as fast as real time a scenario runs: at least once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(f64);

impl Speed {
    /// The variable of the environment that says it.
    pub const VARIABLE: &str = "TXWATCH_SANDBOX_SPEED";
    /// Real time.
    pub const REAL: Speed = Speed(1.0);

    /// Reads the variable.
    ///
    /// # Errors
    /// It is not a number from 1 to 1000.
    pub fn read(variable: Option<&str>) -> Result<Self, Failure> {
        let Some(text) = variable.filter(|text| !text.is_empty()) else {
            return Ok(Speed::REAL);
        };
        match text.parse() {
            Ok(factor) if (1.0..=1_000.0).contains(&factor) => Ok(Speed(factor)),
            _ => Err(usage(format!("{} is a number from 1 to 1000", Speed::VARIABLE))),
        }
    }

    /// How long a span of a scenario takes.
    pub fn real(self, span: Duration) -> Duration {
        span.div_f64(self.0)
    }

    /// How much of a scenario passes in a span of time.
    pub(super) fn played(self, span: Duration) -> Duration {
        span.mul_f64(self.0)
    }

    /// The seconds that a span of a scenario takes, where whole ones are written.
    pub(super) fn real_seconds(self, span: Duration) -> u64 {
        (self.real(span) + Duration::from_millis(500)).as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_real_unless_the_variable_says_otherwise() {
        for (variable, speed) in
            [(None, 1.0), (Some(""), 1.0), (Some("1.5"), 1.5), (Some("10"), 10.0)]
        {
            assert_eq!(Speed::read(variable).unwrap(), Speed(speed), "{variable:?}");
        }
        for wrong in ["0", "0.9", "-1", "1001", "NaN", "inf", "fast"] {
            assert!(Speed::read(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_span_takes_a_tenth_at_speed_ten() {
        let speed = Speed(10.0);
        let second = Duration::from_secs(1);
        assert_eq!(speed.real(second), second / 10);
        assert_eq!(speed.played(second / 10), second);
        assert_eq!([1, 5, 14, 60].map(|span| speed.real_seconds(span * second)), [0, 1, 1, 6]);
        assert_eq!(Speed::REAL.real_seconds(5 * second), 5);
    }
}
