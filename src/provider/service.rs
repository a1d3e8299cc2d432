//! What every provider does.

use std::sync::Arc;

use jiff::Timestamp;

use super::feed::Feed;
use super::id::Id;
use super::lookup::Lookup;
use super::spec::Spec;
use super::status::Status;
use super::token_issue::TokenIssue;
use crate::error::{Failure, usage};
use crate::wire::{Auth, Request, Response};

/// A system that knows transactions, with the settings of a profile.
pub trait Provider: Send + Sync {
    /// What is fixed about it.
    fn spec(&self) -> &Arc<Spec>;

    /// Refuses an id that this provider could have, but cannot follow with these settings.
    ///
    /// # Errors
    /// What is missing, or what is wrong with the id.
    fn accept(&self, _id: &Id) -> Result<(), Failure> {
        Ok(())
    }

    /// A lookup of these ids: at least one, and at most [`Spec::ids_per_lookup`]. All its requests go to the
    /// same origin with the same [`Auth`].
    fn lookup(&self, ids: &[Id]) -> Box<dyn Lookup>;

    /// The connections that push these ids' changes, each with the ids it serves.
    fn feeds(&self, ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)>;

    /// The connection that pushes the changes of every transaction of the account.
    ///
    /// # Errors
    /// The provider has none, or a setting is missing.
    fn account_feed(&self) -> Result<Box<dyn Feed>, Failure> {
        let title = &self.spec().title;
        Err(usage(format!("{title} has no feed of a whole account"))
            .hint("name the transactions to watch"))
    }

    /// The request that issues a new token for the profile's other secret, if there is such a thing.
    fn token_request(&self) -> Option<Request> {
        None
    }

    /// What the response to [`token_request`](Provider::token_request) means.
    fn read_token(&self, _response: &Response) -> TokenIssue {
        TokenIssue::Malformed("no token was asked for".to_owned())
    }

    /// Whether the first status cannot be followed by the second, so that a report of it must be mistaken.
    fn forbids_transition(&self) -> fn(Status, Status) -> bool {
        |_, _| false
    }

    /// Whether the provider documents that the first status, which is final, can be followed by the second.
    fn allows_reopen(&self) -> fn(Status, Status) -> bool {
        |_, _| false
    }
}

impl dyn Provider + '_ {
    /// Whether it answers everybody, without a token.
    pub fn is_open(&self) -> bool {
        self.first_request(&self.spec().probe_id).is_none_or(|request| request.auth == Auth::None)
    }

    /// The first request of a lookup of this id. The others go to the same origin with the same [`Auth`].
    pub fn first_request(&self, id: &Id) -> Option<Request> {
        self.lookup(std::slice::from_ref(id)).next(Timestamp::UNIX_EPOCH)
    }

    /// A request of each kind that may be made for an id: to see where secrets would go, and what they need.
    pub fn requests(&self, id: &Id) -> Vec<Request> {
        let feeds = self.feeds(std::slice::from_ref(id)).into_iter();
        let feeds = feeds.map(|(feed, _)| feed.request());
        feeds.chain(self.first_request(id)).chain(self.token_request()).collect()
    }
}
