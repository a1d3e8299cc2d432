//! A push that would end a target, but is held back.

use std::time::Duration;

use crate::lifecycle::Observation;

/// A push that is held back until a lookup confirms it, or nothing has contradicted it for some time.
pub(super) struct HeldPush {
    pub(super) observation: Observation,
    pub(super) reason: HoldReason,
    /// When it is believed, as time of the command.
    pub(super) until: Duration,
}

/// Why a push is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HoldReason {
    /// Anybody could have sent it.
    Unsigned,
    /// It is a little older than the last push by the provider's clock, and no lookup is possible.
    OlderClock,
}
