//! What the engine wants done.

use super::{FeedId, ProfileId, TargetId};
use crate::event::Stamped;
use crate::provider::Id;

/// Something to do.
#[derive(Debug)]
pub enum Effect {
    /// Show this.
    Emit(Box<Stamped>),
    /// Look these targets up.
    Lookup(LookupRequest),
    /// Open a push connection, and keep it open.
    OpenFeed(FeedId),
    /// Close it for good.
    CloseFeed(FeedId),
    /// An id needs no more reports on this connection.
    Forget(FeedId, Id),
    /// Come by a new token.
    RenewToken(ProfileId),
}

/// A lookup that is to be made.
#[derive(Debug)]
pub struct LookupRequest {
    /// The profile of all its targets.
    pub profile: ProfileId,
    /// The targets, which come back with the result, and their ids.
    pub targets: Vec<(TargetId, Id)>,
}
