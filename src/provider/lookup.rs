//! Lookups: the questions that find out where transactions stand.

use std::time::Duration;

use jiff::Timestamp;

use super::Report;
use crate::wire::{Request, Response, StatusClass};

/// One lookup of one id or several: a state machine without a socket. Whoever drives it alternates between
/// [`next`](Lookup::next) and [`received`](Lookup::received) until a [`Step::Done`].
pub trait Lookup: Send {
    /// The request to make now. `now` is this machine's wall clock. Nothing once the lookup is done.
    fn next(&mut self, now: Timestamp) -> Option<Request>;

    /// Takes in the response to the request before.
    fn received(&mut self, response: &Response) -> Step;
}

/// What follows from a response.
#[derive(Debug)]
pub enum Step {
    /// Another question has to be asked.
    Ask,
    /// The lookup is done: what it found for each id, in the order of the ids.
    Done(Vec<Reading>),
}

impl Step {
    /// The end of a lookup that serves one id.
    pub fn done(reading: Reading) -> Self {
        Step::Done(vec![reading])
    }
}

/// What a lookup found for an id.
#[derive(Clone, Debug)]
pub enum Reading {
    /// The provider knows the transaction.
    Observed(Box<Report>),
    /// It does not: its answer.
    NotFound(String),
    /// It does not accept our credentials: its answer.
    Denied(String),
    /// It cannot answer now.
    Busy {
        /// Its answer.
        answer: String,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// Its answer cannot be understood or trusted: what is wrong with it.
    Malformed(String),
}

impl Reading {
    /// The reading of a response that is no success, whose error body says `answer`. `foreign` says that the
    /// body is no JSON object, as that of any other web server: then a 404 means a wrong address.
    pub fn of_error(response: &Response, answer: String, foreign: bool) -> Self {
        match response.class() {
            StatusClass::Denied => Reading::Denied(answer),
            StatusClass::NotFound if !foreign => Reading::NotFound(answer),
            StatusClass::Busy => Reading::Busy { answer, retry_after: response.retry_after },
            _ => Reading::Malformed(format!("it answered {answer}")),
        }
    }
}

/// A lookup that is one request, whose response is read by a function.
pub struct SingleRequest<F> {
    request: Option<Request>,
    read: F,
}

impl<F: FnMut(&Response) -> Reading + Send> SingleRequest<F> {
    /// A lookup that makes this request.
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
