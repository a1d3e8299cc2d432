//! The outcome of a request for a new token.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

/// The outcome of a request for a new token. The texts quote the response, for messages.
#[derive(Debug)]
pub enum TokenIssue {
    /// The token, and when it expires if that is known.
    Token(SecretString, Option<Timestamp>),
    /// The provider does not accept the issuer secret.
    Denied(String),
    /// The provider cannot answer now.
    Busy {
        /// The response, quoted.
        answer: String,
        /// How long to wait before the next request, counted from the response.
        retry_after: Option<Duration>,
    },
    /// The response cannot be understood, for this reason.
    Malformed(String),
}
