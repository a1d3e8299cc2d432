//! Keep-alive, refusal and reconnection of a push connection.

use std::time::Duration;

use crate::error::FailureKind;

/// A provider refused a connection for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of refusal it is.
    pub kind: RefusalKind,
    /// What the provider said and what it means, as a sentence.
    pub message: String,
}

/// What kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The credentials, the application key or the protocol version was not accepted.
    Denied,
    /// The provider accepts no more connections.
    OverCapacity,
}

impl From<RefusalKind> for FailureKind {
    fn from(kind: RefusalKind) -> Self {
        match kind {
            RefusalKind::Denied => FailureKind::Denied,
            RefusalKind::OverCapacity => FailureKind::Unreachable,
        }
    }
}

/// The idle timeout of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// How long after the last message a ping is sent.
    pub idle: Duration,
    /// How long after that ping the connection counts as dead, if nothing arrives.
    pub timeout: Duration,
}

/// Whether and when to reconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconnect {
    /// Immediately for the first attempt, then with backoff.
    Immediately,
    /// With backoff, at least this long after the close.
    Backoff(Duration),
    /// Never: the same connection would be refused again.
    Never(RefusalKind),
}

/// What a close code means in the provider's protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Whether and when to reconnect.
    pub reconnect: Reconnect,
    /// Why the connection was closed, if the protocol says so.
    pub reason: Option<String>,
}
