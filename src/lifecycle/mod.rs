//! The lifecycle of a transaction: from observations to changes of status and to an ending.
//!
//! Everything here is pure: no clock, no socket, no output. Times are parameters: the provider's as a
//! [`jiff::Timestamp`], ours as the [`Duration`](std::time::Duration) since the start of the command.

mod attempts;
mod contested;
mod expect;
mod goal;
mod last_observation;
mod observation;
mod passed;
mod tracker;

pub use expect::{Expectation, UnknownField};
pub use goal::Goal;
pub use observation::{Observation, Source};
pub use tracker::{Decision, Ending, Rules, Tracker, Verdict};
