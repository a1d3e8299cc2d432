//! Lookups: the requests that find out the status of transactions.

use std::time::Duration;

use jiff::Timestamp;

use super::Report;
use crate::wire::{Request, Response, StatusClass};

/// A lookup of one id or several: a state machine without a socket. Its driver alternates between
/// [`next`](Lookup::next) and [`received`](Lookup::received) until a [`Step::Done`].
pub trait Lookup: Send {
    /// The next request; none once the lookup is done. `now` is this machine's wall clock.
    fn next(&mut self, now: Timestamp) -> Option<Request>;

    /// Takes the response to the last request.
    fn received(&mut self, response: &Response) -> Step;
}

/// What follows from a response.
#[derive(Debug)]
pub enum Step {
    /// Another request is needed.
    Ask,
    /// The lookup is done: the result for each id, in the order of the ids.
    Done(Vec<Reading>),
}

impl Step {
    /// The result of a lookup of one id.
    pub fn done(reading: Reading) -> Self {
        Step::Done(vec![reading])
    }
}

/// The result of a lookup for one id. The texts quote the response, for messages.
#[derive(Clone, Debug)]
pub enum Reading {
    /// The provider knows the transaction.
    Observed(Box<Report>),
    /// The provider does not know the transaction.
    NotFound(String),
    /// The provider does not accept the credentials.
    Denied {
        /// The response, quoted.
        answer: String,
        /// What may be the reason.
        reason: DenialReason,
    },
    /// The provider cannot answer now.
    Busy {
        /// The response, quoted.
        answer: String,
        /// How long to wait before the next request, counted from the response.
        retry_after: Option<Duration>,
    },
    /// The response says nothing about the transaction, for this reason: HTML, an empty or cut-off body, an error that
    /// is not the provider's. With a wrong URL all responses are like that; with the right one some may be, as while a
    /// gateway in front of the provider is in trouble.
    Unusable(String),
    /// The response is the provider's, but cannot be understood or trusted, for this reason.
    Malformed(String),
}

/// Why a request may have been denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenialReason {
    /// The token was not accepted (401).
    Token,
    /// What the token stands for has no access, or this machine's address has none (403): another token would not help.
    Access,
    /// A gateway such as a firewall denied it (a 403 that is no JSON object).
    Gateway,
}

impl Reading {
    /// The reading of an error response, quoted as `answer`. `is_json` says that its body is a JSON object; without
    /// one it comes from another web server. A 404 does too, whatever its body is: every web server has one for a path
    /// that it does not serve, so each provider recognises the words of its own for an id that it does not know.
    pub fn from_error(response: &Response, answer: String, is_json: bool) -> Self {
        match response.class() {
            StatusClass::Denied => {
                let reason = match (response.status, is_json) {
                    (403, true) => DenialReason::Access,
                    (403, false) => DenialReason::Gateway,
                    _ => DenialReason::Token,
                };
                Reading::Denied { answer, reason }
            }
            StatusClass::NotFound if is_json => {
                let problem = "which is not its answer about an unknown id; is the url right?";
                Reading::Unusable(format!("it answered {answer}, {problem}"))
            }
            StatusClass::Busy => Reading::Busy { answer, retry_after: response.retry_after },
            _ if is_json => Reading::Malformed(format!("it answered {answer}")),
            _ => Reading::Unusable(format!("it answered {answer}")),
        }
    }
}

/// A lookup of a single request, whose response a function reads.
pub struct SingleRequest<F> {
    request: Option<Request>,
    read: F,
}

impl<F: FnMut(&Response) -> Reading + Send> SingleRequest<F> {
    /// A lookup that makes this request, and reads the response with `read`.
    pub fn new(request: Request, read: F) -> Self {
        SingleRequest { request: Some(request), read }
    }
}

impl<F: FnMut(&Response) -> Reading + Send> Lookup for SingleRequest<F> {
    fn next(&mut self, _now: Timestamp) -> Option<Request> {
        self.request.take()
    }

    fn received(&mut self, response: &Response) -> Step {
        Step::done((self.read)(response))
    }
}
