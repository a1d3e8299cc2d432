//! What providers and transport share: requests without their secret, responses, frames, base URLs, tokens.

mod base_url;
mod encoding;
mod frame;
mod status;
mod token;

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

pub use base_url::{BaseUrl, is_loopback};
pub use encoding::{Encoding, compression, without_bom};
pub use frame::Frame;
pub use status::StatusClass;
pub use token::Token;

/// Where the profile's token goes in a request. The transport adds it, so no URL or header here contains a
/// secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Nowhere: the endpoint is public.
    None,
    /// `Authorization: Bearer <token>`.
    Bearer,
    /// A header of this name (in lower case) with the bare token as its value.
    Header(Cow<'static, str>),
    /// A query parameter of this name, for servers that take it nowhere else.
    Query(Cow<'static, str>),
}

/// A request without its secret.
#[derive(Clone, Debug)]
pub struct Request {
    /// The scheme is `http`, `https`, `ws` or `wss`.
    pub url: Url,
    /// Where the token goes.
    pub auth: Auth,
    /// Additional headers, none of them secret; names in lower case.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The JSON body of a POST; without one the request is a GET.
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
    /// A GET, or a WebSocket upgrade.
    pub fn get(url: Url, auth: Auth) -> Self {
        Request { url, auth, headers: Vec::new(), body: None }
    }

    /// A POST of JSON.
    pub fn post(url: Url, auth: Auth, body: String) -> Self {
        Request { url, auth, headers: Vec::new(), body: Some(body) }
    }

    /// Whether it would send a token unencrypted to another machine.
    pub fn leaks_secret(&self) -> bool {
        let is_cleartext = matches!(self.url.scheme(), "http" | "ws");
        self.auth != Auth::None && is_cleartext && !is_loopback(&self.url)
    }
}

/// The response to a [`Request`].
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    /// The peer's clock, from the `Date` header.
    pub date: Option<Timestamp>,
    /// How long to wait before the next request, counted from this response (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// How the body is encoded, if it is not sent as it is although that was asked for.
    pub encoding: Option<Encoding>,
    /// The whole body, with the token redacted.
    pub body: Vec<u8>,
}

impl Response {
    /// A response without headers.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Response { status, date: None, retry_after: None, encoding: None, body: body.into() }
    }

    /// The class of its status code.
    pub fn class(&self) -> StatusClass {
        StatusClass::of(self.status)
    }
}
