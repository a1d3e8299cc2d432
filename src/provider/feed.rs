//! Push connections: the protocol of each, as a state machine without a socket.

use std::time::Duration;

use super::{Id, Report};
use crate::protocol::{Closed, KeepAlive, Reconnect, Refusal};
use crate::warning::{Warning, WarningCode};
use crate::wire::{Frame, Request, Token};

/// The protocol of one push connection that serves one or many ids.
pub trait Feed: Send {
    /// The connection to open. Called again before every attempt.
    fn request(&self) -> Request;

    /// The token that counts from now on; given before every attempt, and when it changes.
    fn token(&mut self, _token: &Token) {}

    /// The connection is open.
    fn opened(&mut self) -> Vec<FeedAction>;

    /// A message arrived: never [`Frame::Alive`] or [`Frame::Closed`].
    fn received(&mut self, frame: Frame) -> Vec<FeedAction>;

    /// Nothing arrived for [`KeepAlive::idle`]. Whatever a feed does here, the transport pings as well.
    fn idle(&mut self) -> Vec<FeedAction> {
        Vec::new()
    }

    /// This id needs no more reports.
    fn forget(&mut self, id: &Id) -> Vec<FeedAction>;

    /// The peer has nothing at the address of [`Feed::request`] (404). Turns to another address, and says
    /// whether there is one that was not tried yet.
    fn fallback_endpoint(&mut self) -> bool {
        false
    }

    /// The limits of silence, as they stand now.
    fn keep_alive(&self) -> KeepAlive {
        KeepAlive { idle: Duration::from_secs(20), timeout: Duration::from_secs(20) }
    }

    /// The connection was closed, with a close code if the peer gave one.
    fn closed(&mut self, _code: Option<u16>) -> Closed {
        Closed { reconnect: Reconnect::Backoff(Duration::ZERO), reason: None }
    }
}

/// What a feed makes of what happened on its connection.
#[derive(Debug)]
pub enum FeedAction {
    /// Send this text.
    Send(String),
    /// Pass this on.
    Signal(FeedSignal),
}

impl FeedAction {
    /// A report about a transaction.
    pub fn observed(id: Id, report: Report) -> Self {
        FeedAction::Signal(FeedSignal::Observed(id, Box::new(report)))
    }

    /// Something odd that does not end the feed.
    pub fn warning(code: WarningCode, message: String) -> Self {
        FeedAction::Signal(FeedSignal::Warning(Warning { code, message }))
    }

    /// A message that cannot be understood, for this reason, and is ignored. `what` it is: `a message`.
    pub fn malformed(what: &str, problem: &str) -> Self {
        let message = format!("{what} was ignored: {problem}");
        FeedAction::warning(WarningCode::MalformedMessage, message)
    }

    /// What follows from reading a message: a report, nothing of interest, or that it is malformed.
    pub fn of_message(what: &str, read: Result<Option<(Id, Report)>, String>) -> Vec<Self> {
        match read {
            Ok(Some((id, report))) => vec![FeedAction::observed(id, report)],
            Ok(None) => Vec::new(),
            Err(problem) => vec![FeedAction::malformed(what, &problem)],
        }
    }

    /// What a connection begins with whose subscription is in its URL: the upgrade has accepted it.
    pub fn live_with(ids: Vec<Id>) -> Vec<Self> {
        [FeedSignal::Live, FeedSignal::Subscribed(ids)].map(FeedAction::Signal).into()
    }
}

/// What a feed tells the engine.
#[derive(Debug)]
pub enum FeedSignal {
    /// The connection works: the provider has accepted it.
    Live,
    /// Changes of these ids are pushed from now on; whatever happened before has to be looked up.
    Subscribed(Vec<Id>),
    /// The provider will not push these ids' changes, for this reason; the rest of the connection works.
    SubscriptionRejected(Vec<Id>, String),
    /// The provider reported on a transaction.
    Observed(Id, Box<Report>),
    /// Something may have happened to these ids, or to all of the feed where there are none: look it up.
    Changed(Option<Vec<Id>>),
    /// Something odd that does not end the feed.
    Warning(Warning),
    /// The provider refused the connection for good.
    Refused(Refusal),
}
