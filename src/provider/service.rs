//! The interface of a configured provider.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::feed::Feed;
use super::id::Id;
use super::listing::Listing;
use super::lookup::Lookup;
use super::spec::Spec;
use super::status::Status;
use super::token_issue::TokenIssue;
use crate::error::{Failure, usage};
use crate::wire::{Auth, Request, Response};

/// A provider with the settings of a profile.
pub trait Provider: Send + Sync {
    /// Its fixed properties.
    fn spec(&self) -> &Arc<Spec>;

    /// Checks that a valid id can be followed with these settings.
    ///
    /// # Errors
    /// A setting is missing, or the id cannot be followed.
    fn accept(&self, _id: &Id) -> Result<(), Failure> {
        Ok(())
    }

    /// A lookup of these ids: at least one, and at most [`Spec::ids_per_lookup`]. All its requests go to the
    /// same origin with the same [`Auth`].
    fn lookup(&self, ids: &[Id]) -> Box<dyn Lookup>;

    /// The push connections for these ids, each with the ids it serves.
    fn feeds(&self, ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)>;

    /// The push connection for all transactions of the account.
    ///
    /// # Errors
    /// The provider has none, or a setting is missing.
    fn account_feed(&self) -> Result<Box<dyn Feed>, Failure> {
        let title = &self.spec().title;
        Err(usage(format!("{title} has no feed of a whole account"))
            .hint("name the transactions to watch"))
    }

    /// The listing of the account's transactions that began or changed since this time of this machine's clock; none if
    /// the provider cannot list them.
    fn orders_since(&self, _time: Timestamp) -> Option<Box<dyn Listing>> {
        None
    }

    /// The request for a new token, authenticated with the profile's [issuer](super::Secret::Issuer) secret; none if
    /// the provider issues no tokens or a setting is missing.
    fn token_request(&self) -> Option<Request> {
        None
    }

    /// Reads the response to [`token_request`](Provider::token_request).
    fn read_token(&self, _response: &Response) -> TokenIssue {
        TokenIssue::Malformed("no token was asked for".to_owned())
    }

    /// Why the provider may answer 401 or 403, if not only because of the token: a phrase for people.
    fn denial_hint(&self) -> Option<&str> {
        None
    }

    /// What lookups with a token need and is not set: a phrase for people. The requests are made all the same.
    fn setup_hint(&self) -> Option<&str> {
        None
    }

    /// Whether the first status is never followed by the second, so that a report of the second is wrong.
    fn forbids_transition(&self) -> fn(Status, Status) -> bool {
        |_, _| false
    }

    /// For how long the customer may try again under the same id after this ending, so that it may be revived.
    fn retry_window(&self, _ending: Status) -> Option<Duration> {
        None
    }

    /// Whether the first status, which is final, can be followed by the second according to the provider's
    /// documentation.
    fn allows_reopen(&self) -> fn(Status, Status) -> bool {
        |_, _| false
    }
}

impl dyn Provider + '_ {
    /// Whether lookups need no token.
    pub fn is_public(&self) -> bool {
        self.first_request(&self.spec().probe_id).is_none_or(|request| request.auth == Auth::None)
    }

    /// The first request of a lookup of this id; further ones go to the same origin with the same [`Auth`].
    pub fn first_request(&self, id: &Id) -> Option<Request> {
        self.lookup(std::slice::from_ref(id)).next(Timestamp::UNIX_EPOCH)
    }

    /// A request of each kind that may be made for an id: of push connections, lookups, listings and token
    /// renewal.
    pub fn requests(&self, id: &Id) -> Vec<Request> {
        let feeds = self.feeds(std::slice::from_ref(id)).into_iter();
        let feeds = feeds.map(|(feed, _)| feed.request());
        let listing = self.orders_since(Timestamp::UNIX_EPOCH);
        let listing = listing.and_then(|mut listing| listing.next(Timestamp::UNIX_EPOCH));
        let others = [self.first_request(id), listing, self.token_request()];
        feeds.chain(others.into_iter().flatten()).collect()
    }
}
