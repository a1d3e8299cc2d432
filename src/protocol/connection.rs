//! How a push connection is kept alive, refused and opened again.

use std::time::Duration;

use crate::error::FailureKind;

/// Why a provider refused a connection for good, with a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of refusal it is.
    pub kind: RefusalKind,
    /// What the provider said, and what it means.
    pub message: String,
}

/// What kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// We are not allowed, or not understood.
    Denied,
    /// It takes no more connections.
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

/// How silence on a connection is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// After this long without a message, a ping is sent.
    pub idle: Duration,
    /// If nothing arrives within this time after it, the connection is dead.
    pub timeout: Duration,
}

/// What to do about a connection that was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reopen {
    /// Try once at once, then back off.
    AtOnce,
    /// Back off, at least this long.
    Backoff(Duration),
    /// Never again unchanged.
    Never(RefusalKind),
}

/// What a feed knows about the end of its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// What to do about it.
    pub reopen: Reopen,
    /// Why it was closed, in the provider's terms.
    pub why: Option<String>,
}
