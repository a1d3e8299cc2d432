//! What came of asking for a new token.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

/// What came of asking for a new token.
#[derive(Debug)]
pub enum TokenIssue {
    /// The token's text, and when it expires.
    Token(SecretString, Option<Timestamp>),
    /// The provider does not accept the secret: its answer.
    Denied(String),
    /// It cannot answer now.
    Busy {
        /// Its answer.
        answer: String,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// Its answer cannot be understood: what is wrong with it.
    Malformed(String),
}
