//! Listings: the requests that find out which transactions of an account changed.

use jiff::Timestamp;

use super::{Id, Reading, Report};
use crate::wire::{Request, Response};

/// A listing of an account's transactions: a state machine without a socket, driven like a
/// [`Lookup`](super::Lookup).
pub trait Listing: Send {
    /// The next request; none once the listing is done. `now` is this machine's wall clock.
    fn next(&mut self, now: Timestamp) -> Option<Request>;

    /// Takes the response to the last request.
    fn received(&mut self, response: &Response) -> ListingStep;
}

/// What follows from a response to a listing.
#[derive(Debug)]
pub enum ListingStep {
    /// Another request is needed.
    Ask,
    /// The listing is done: what was listed, or what a response says instead, which is never
    /// [`Reading::Observed`].
    Done(Result<Listed, Reading>),
}

/// What was listed.
#[derive(Debug, Default)]
pub struct Listed {
    /// The transactions, in the order of their last changes.
    pub orders: Vec<(Id, Report)>,
    /// Why some may be missing, if that is possible: a phrase for people.
    pub incomplete: Option<String>,
}
