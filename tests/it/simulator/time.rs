//! Time as the simulation counts it.

use std::time::Duration;

use jiff::Timestamp;

/// Milliseconds since the command began; what was before is negative.
pub type Millis = i64;

pub const SECOND: Millis = 1_000;
pub const MINUTE: Millis = 60 * SECOND;
/// Two things that happen within this time happen at once.
pub const TICK: Millis = 2;

/// What the wall clock shows when a command begins, in seconds.
const WALL: i64 = 1_750_000_000;

/// A time of the command by our wall clock.
pub fn wall(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(WALL * 1_000 + at).unwrap()
}

/// The same span; none if it is negative.
pub fn duration(span: Millis) -> Duration {
    Duration::from_millis(span.max(0).unsigned_abs())
}

/// The same span in whole milliseconds.
pub fn millis(span: Duration) -> Millis {
    span.as_millis() as Millis
}
