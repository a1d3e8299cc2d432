//! The inputs of the engine.

use std::time::Duration;

use jiff::Timestamp;

use super::{FeedId, ProfileId, TargetId};
use crate::error::{Failure, Signal};
use crate::provider::{FeedSignal, Listed, Reading};
use crate::transport;
use crate::warning::Warning;

/// The present time by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// From the start of the command, by a monotonic clock. Called "time of the command".
    pub elapsed: Duration,
    /// The wall clock, for what is shown and for the expiry of tokens.
    pub wall: Timestamp,
}

/// An input of the engine.
#[derive(Debug)]
pub enum Input {
    /// The command starts; always the first input.
    Start,
    /// [`Engine::next_timeout`](super::Engine::next_timeout) was reached.
    Wake,
    /// The driver has a warning for the user.
    Warning(Warning),
    /// An event of a push connection.
    Feed(FeedId, LinkEvent),
    /// A lookup is done.
    LookupDone(LookupDone),
    /// A probe is done.
    ProbeDone(ProbeDone),
    /// The orders of an account were listed.
    OrdersListed(OrdersListed),
    /// A token was obtained, or could not be.
    TokenRenewed(ProfileId, Result<Obtained, RenewalError>),
    /// stdout cannot be written.
    OutputFailed,
    /// `--timeout` passed while the loop took no other inputs. A late [`Input::Wake`] would first wait for them.
    TimeIsUp,
    /// A signal was received that ends the command.
    Interrupted(Signal),
    /// The user asks how the targets stand.
    StandingAsked,
}

/// An event of a push connection.
#[derive(Debug)]
pub enum LinkEvent {
    /// The connection is being opened.
    Connecting {
        /// Failed attempts since the connection was last up for a while.
        attempt: u32,
    },
    /// Something was received; sent at most every few seconds.
    Alive,
    /// A signal of the feed.
    Signal(FeedSignal),
    /// The connection is lost or could not be opened, and is retried.
    Lost {
        /// Why.
        error: transport::Error,
        /// Failed attempts since the connection was last up for a while.
        attempt: u32,
        /// How long until the next attempt.
        retry_in: Duration,
        /// The generation of the token it was opened with.
        generation: u32,
    },
}

/// The result of a lookup.
#[derive(Debug)]
pub struct LookupDone {
    /// The targets of the lookup.
    pub targets: Vec<TargetId>,
    /// When the lookup started, as time of the command.
    pub started: Duration,
    /// The generation of the token it was made with.
    pub generation: u32,
    /// How many requests were made.
    pub requests: u32,
    /// A reading for each target, in their order.
    pub result: Result<Vec<Reading>, transport::Error>,
}

/// The result of a lookup of the provider's [probe id](crate::provider::Spec::probe_id).
#[derive(Debug)]
pub struct ProbeDone {
    /// The profile.
    pub profile: ProfileId,
    /// The generation of the token it was made with.
    pub generation: u32,
    /// How many requests were made.
    pub requests: u32,
    /// The reading.
    pub result: Result<Reading, transport::Error>,
}

/// The result of a listing of an account's orders.
#[derive(Debug)]
pub struct OrdersListed {
    /// The push connection of the account.
    pub feed: FeedId,
    /// When the listing started, as time of the command.
    pub started: Duration,
    /// The generation of the token it was made with.
    pub generation: u32,
    /// How many requests were made.
    pub requests: u32,
    /// What was listed, or what the provider answered instead.
    pub result: Result<Result<Listed, Reading>, transport::Error>,
}

/// A token that was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obtained {
    /// When it expires, if that is known.
    pub expires_at: Option<Timestamp>,
    /// Where it came from.
    pub origin: TokenOrigin,
}

/// Where a token came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenOrigin {
    /// From the user: a value, a file or a command.
    Given,
    /// It was issued before, by this process or another one.
    Kept,
    /// It was issued just now.
    Issued,
}

/// Why a token was not renewed.
#[derive(Debug)]
pub enum RenewalError {
    /// The source of the token failed; a retry would not help.
    Failed(Failure),
    /// The answer was of no use, as with a wrong address or while a gateway is in trouble.
    Unusable(Failure),
    /// The provider could not be reached or cannot answer now.
    Later {
        /// Why.
        reason: String,
        /// How long to wait before the next attempt, counted from the response.
        retry_after: Option<Duration>,
    },
}
