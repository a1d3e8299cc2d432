//! The effects of the engine.

use jiff::Timestamp;

use super::{FeedId, ProfileId, TargetId};
use crate::event::Stamped;
use crate::provider::Id;

/// An effect for the driver to execute.
#[derive(Debug)]
pub enum Effect {
    /// Show this event.
    Emit(Box<Stamped>),
    /// Make this lookup.
    Lookup(LookupRequest),
    /// Look up the [probe id](crate::provider::Spec::probe_id) of this profile's provider.
    Probe(ProfileId),
    /// List the orders of the account of this push connection that changed since this time of the wall clock.
    ListOrders(FeedId, Timestamp),
    /// Open this push connection, and reconnect whenever it is lost.
    OpenFeed(FeedId),
    /// Close this push connection, and do not reconnect.
    CloseFeed(FeedId),
    /// Stop reports on this id on this push connection.
    Forget(FeedId, Id),
    /// Obtain a token for this profile.
    RenewToken(ProfileId, RenewalReason),
}

/// Why a token is obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewalReason {
    /// There is none, or the current one is near its end.
    Needed,
    /// The provider refused the current one.
    Refused,
    /// Something pushed was signed with another one.
    Suspected,
}

/// A lookup to make.
#[derive(Debug)]
pub struct LookupRequest {
    /// The profile of all targets.
    pub profile: ProfileId,
    /// The targets, which are returned with the result, and their ids.
    pub targets: Vec<(TargetId, Id)>,
}
