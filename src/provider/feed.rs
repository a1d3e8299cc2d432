//! Push connections: their protocols as state machines without a socket.

use std::time::Duration;

use super::{Id, Report};
use crate::protocol::{Closed, KeepAlive, Reconnect, Refusal};
use crate::warning::{Warning, WarningCode};
use crate::wire::{Frame, Request, Token};

/// The protocol of one push connection that serves one or many ids.
pub trait Feed: Send {
    /// The connection to open. Called again before every attempt.
    fn request(&self) -> Request;

    /// Sets the current token. Called before every attempt, and when the token is renewed.
    fn token(&mut self, _token: &Token) {}

    /// The connection is open.
    fn opened(&mut self) -> Vec<FeedAction>;

    /// A message arrived; never [`Frame::Alive`] or [`Frame::Closed`].
    fn received(&mut self, frame: Frame) -> Vec<FeedAction>;

    /// Nothing arrived for [`KeepAlive::idle`]. The transport sends a ping of its own in addition.
    fn idle(&mut self) -> Vec<FeedAction> {
        Vec::new()
    }

    /// Stops reports on this id.
    fn forget(&mut self, id: &Id) -> Vec<FeedAction>;

    /// The peer answered [`Feed::request`] with this status in place of an event stream. Changes the request if another
    /// one may be served, and returns whether it is to be tried without a backoff.
    fn rejected(&mut self, _status: u16) -> bool {
        false
    }

    /// The idle timeout as it is now.
    fn keep_alive(&self) -> KeepAlive {
        KeepAlive { idle: Duration::from_secs(20), timeout: Duration::from_secs(20) }
    }

    /// The connection was closed, with the code of the close frame if there was one.
    fn closed(&mut self, _code: Option<u16>) -> Closed {
        Closed { reconnect: Reconnect::Backoff(Duration::ZERO), reason: None }
    }
}

/// What a feed wants done.
#[derive(Debug)]
pub enum FeedAction {
    /// Send this text message.
    Send(String),
    /// Tell the engine.
    Signal(FeedSignal),
}

impl FeedAction {
    /// A report about a transaction.
    pub fn observed(id: Id, report: Report) -> Self {
        FeedAction::Signal(FeedSignal::Observed(id, Box::new(report)))
    }

    /// A warning about something that does not end the feed.
    pub fn warning(code: WarningCode, message: String) -> Self {
        FeedAction::Signal(FeedSignal::Warning(Warning { code, message }))
    }

    /// A message is malformed, for this reason, and was ignored. `noun` names it in the warning: `a message`.
    pub fn malformed(noun: &str, problem: &str) -> Self {
        let message = format!("{noun} was ignored: {problem}");
        FeedAction::warning(WarningCode::MalformedMessage, message)
    }

    /// The actions for a message: a report, nothing if it is irrelevant, or a warning if it is malformed.
    pub fn from_message(noun: &str, read: Result<Option<(Id, Report)>, String>) -> Vec<Self> {
        match read {
            Ok(Some((id, report))) => vec![FeedAction::observed(id, report)],
            Ok(None) => Vec::new(),
            Err(problem) => vec![FeedAction::malformed(noun, &problem)],
        }
    }

    /// The actions for a connection whose URL is the subscription: once it is open, it is subscribed.
    pub fn live_with(ids: Vec<Id>) -> Vec<Self> {
        [FeedSignal::Live, FeedSignal::Subscribed(ids)].map(FeedAction::Signal).into()
    }
}

/// What a feed tells the engine.
#[derive(Debug)]
pub enum FeedSignal {
    /// The provider has accepted the connection.
    Live,
    /// Changes of these ids are pushed from now on; earlier ones have to be looked up.
    Subscribed(Vec<Id>),
    /// The provider rejected the subscription to these ids, for this reason; the connection stays open.
    SubscriptionRejected(Vec<Id>, String),
    /// The provider pushed a report about a transaction.
    Observed(Id, Box<Report>),
    /// These ids may have changed (`None`: any id of the feed) and have to be looked up.
    Changed(Option<Vec<Id>>),
    /// The provider knows this id, but what it pushed does not tell its present status.
    Exists(Id),
    /// A warning about something that does not end the feed.
    Warning(Warning),
    /// The provider refused the connection for good.
    Refused(Refusal),
}
