//! What providers and transport have in common: requests without their secret, answers, addresses.

mod base;

use url::Url;

pub use base::{Base, is_loopback};

/// Where the profile's token goes in a request. The transport puts it there, so that no provider ever
/// holds a secret and no URL here contains one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer <token>`.
    Bearer,
    /// A query parameter of this name; for servers that know no better.
    Query(&'static str),
}

/// A request without its secret.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to. `http`, `https`, `ws` or `wss`.
    pub url: Url,
    /// How it is authenticated.
    pub auth: Auth,
}

/// What came back for a [`Request`].
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The whole body, undecoded.
    pub body: Vec<u8>,
}
