//! What a transaction goes through, and the fold that turns observations into changes.
//!
//! Everything here is pure: no clock, no socket, no output. Time comes in as values: the provider's own
//! as a [`jiff::Timestamp`], ours as the [`Duration`](std::time::Duration) since the command began.

mod expect;
mod goal;
mod tracker;

pub use expect::Expectation;
pub use goal::Goal;
pub use tracker::{Decision, Ending, Observation, Rules, Source, Tracker, Verdict};
