//! What providers and transport have in common: requests without their secret, answers, addresses, tokens.

mod base;
mod frame;
mod status;
mod token;

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

pub use base::{Base, is_loopback};
pub use frame::Frame;
pub use status::StatusClass;
pub use token::Token;

/// Where the profile's token goes in a request. The transport puts it there, so that no URL here
/// contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Nowhere: whoever asks is answered.
    None,
    /// `Authorization: Bearer <token>`.
    Bearer,
    /// A header of this name (in lower case) that holds the bare token.
    Header(Cow<'static, str>),
    /// A query parameter of this name; for servers that know no better.
    Query(Cow<'static, str>),
}

/// A request without its secret.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to. `http`, `https`, `ws` or `wss`.
    pub url: Url,
    /// How it is authenticated.
    pub auth: Auth,
    /// Headers besides, which hold no secret; names in lower case.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The JSON that is posted; without it the request is a GET.
    pub body: Option<String>,
}

impl Auth {
    /// The bare token in a header of this name, in lower case.
    pub const fn header(name: &'static str) -> Self {
        Auth::Header(Cow::Borrowed(name))
    }

    /// The token in a query parameter of this name.
    pub const fn query(name: &'static str) -> Self {
        Auth::Query(Cow::Borrowed(name))
    }
}

impl Request {
    /// A GET, or an upgrade.
    pub fn get(url: Url, auth: Auth) -> Self {
        Request { url, auth, headers: Vec::new(), body: None }
    }

    /// A POST of JSON.
    pub fn post(url: Url, auth: Auth, body: String) -> Self {
        Request { url, auth, headers: Vec::new(), body: Some(body) }
    }

    /// Whether it would send a secret that anybody on the way can read.
    pub fn leaks(&self) -> bool {
        let clear = matches!(self.url.scheme(), "http" | "ws");
        self.auth != Auth::None && clear && !is_loopback(&self.url)
    }
}

/// What came back for a [`Request`].
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The peer's own clock, if it told it.
    pub date: Option<Timestamp>,
    /// How long the peer asks us to wait before the next request (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// The whole body, undecoded.
    pub body: Vec<u8>,
}

impl Response {
    /// A response without headers that matter.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Response { status, date: None, retry_after: None, body: body.into() }
    }

    /// What its status means.
    pub fn class(&self) -> StatusClass {
        StatusClass::of(self.status)
    }
}
