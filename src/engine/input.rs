//! What the engine is told, each with its time.

use std::time::Duration;

use jiff::Timestamp;

use super::{FeedId, ProfileId, TargetId};
use crate::error::{Failure, Signal};
use crate::provider::{FeedSignal, Reading};
use crate::transport;
use crate::warning::Warning;

/// A moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Since the command began; never goes backwards.
    pub elapsed: Duration,
    /// The wall clock, for what is shown.
    pub wall: Timestamp,
}

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// The command begins.
    Start,
    /// A timer may be due.
    Wake,
    /// Something odd happened that does not end the command.
    Warning(Warning),
    /// On a push connection.
    Feed(FeedId, LinkEvent),
    /// A lookup ended.
    LookupDone(LookupDone),
    /// A profile has a new token, with the time at which it expires if that is known; or not.
    TokenRenewed(ProfileId, Result<Option<Timestamp>, RenewalError>),
    /// The user wants to stop.
    Interrupted(Signal),
}

/// Something that happened on a push connection.
#[derive(Debug)]
pub enum LinkEvent {
    /// It is being opened, after this many failed attempts.
    Connecting {
        /// Attempts since it was last healthy.
        attempt: u32,
    },
    /// Something arrived that says nothing more.
    Alive,
    /// Its feed made this of what arrived.
    Signal(FeedSignal),
    /// It is down, and opened again after a while.
    Lost {
        /// Why.
        error: transport::Error,
        /// How many attempts there were since it last was healthy.
        attempt: u32,
        /// How long until the next.
        retry_in: Duration,
        /// The generation of the token it was opened with.
        generation: u32,
    },
}

/// A lookup that ended.
#[derive(Debug)]
pub struct LookupDone {
    /// The targets it was for.
    pub targets: Vec<TargetId>,
    /// When it began, as time of the command.
    pub asked: Duration,
    /// The generation of the token it was made with.
    pub generation: u32,
    /// What it found for each of them.
    pub result: Result<Vec<Reading>, transport::Error>,
}

/// Why there is no new token.
#[derive(Debug)]
pub enum RenewalError {
    /// There is none to be had.
    Failed(Failure),
    /// Not now.
    Later {
        /// Why.
        reason: String,
        /// How long the peer asked us to wait.
        retry_after: Option<Duration>,
    },
}
