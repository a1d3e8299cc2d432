//! Errors of requests and connections, with the phase and the address, and whether a retry is worthwhile.

use std::time::Duration;

use super::proxy::Proxy;
use crate::wire::StatusClass;

/// A failed request, upgrade or connection.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// How long to wait before the next attempt, counted from the response (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// Whether a gateway may have refused the request: a 403 with an HTML page.
    pub may_be_gateway: bool,
    /// The status with which the peer answered the request for an event stream.
    pub status: Option<u16>,
    /// Whether there was no connection at all (DNS, TCP, TLS), so that it is about the address and not the request.
    pub is_connect: bool,
    message: String,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// No response, a lost connection, or a status such as 503: worth a retry.
    Unreachable,
    /// 401 or 403, or a refusal in the provider's own protocol.
    Denied,
    /// The peer's certificate is not trusted.
    Untrusted,
    /// The response is of no use: a redirect to another origin, a body over the limit, or another protocol.
    Unusable,
    /// A proxy wants other credentials.
    Misconfigured,
    /// The address serves no WebSocket or event stream.
    Unsupported,
}

impl ErrorKind {
    /// The kind of failure if a status of this class comes in place of a WebSocket or an event stream.
    pub(super) fn from_status(class: StatusClass) -> Self {
        match class {
            StatusClass::Denied => ErrorKind::Denied,
            StatusClass::Busy => ErrorKind::Unreachable,
            StatusClass::Success | StatusClass::NotFound | StatusClass::Other => {
                ErrorKind::Unsupported
            }
        }
    }
}

impl Error {
    /// An error with a sentence that names the phase and the address.
    pub(super) fn new(kind: ErrorKind, message: String) -> Self {
        Error {
            kind,
            retry_after: None,
            may_be_gateway: false,
            status: None,
            is_connect: false,
            message,
        }
    }

    /// The peer closed the connection, with the code and the reason of its close frame.
    pub fn closed(code: Option<u16>, reason: &str) -> Self {
        let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        Error::new(ErrorKind::Unreachable, format!("the peer closed the connection{code}{reason}"))
    }

    /// The same error, with the reason that the provider's protocol gives.
    #[must_use]
    pub fn with_reason(mut self, reason: &str) -> Self {
        self.message = format!("{}: {reason}", self.message);
        self
    }

    /// The peer refused in the provider's own protocol.
    pub fn denied(message: String) -> Self {
        Error::new(ErrorKind::Denied, message)
    }

    /// The response is of no use.
    pub fn unusable(message: String) -> Self {
        Error::new(ErrorKind::Unusable, message)
    }

    /// The peer cannot be trusted.
    pub fn untrusted(message: String) -> Self {
        Error::new(ErrorKind::Untrusted, message)
    }

    /// The address serves no WebSocket or event stream.
    pub fn unsupported(message: String) -> Self {
        Error::new(ErrorKind::Unsupported, message)
    }

    /// Nothing was received for this long, although a ping was sent.
    pub fn idle_timeout(idle: Duration) -> Self {
        Error::new(
            ErrorKind::Unreachable,
            format!("the connection is dead: silent for {}s", idle.as_secs()),
        )
    }

    /// The connection was opened, but the handshake of the provider's protocol was not complete this long
    /// after that.
    pub fn handshake_timeout(wait: Duration) -> Self {
        Error::new(
            ErrorKind::Unreachable,
            format!("the peer did not introduce itself within {}s", wait.as_secs()),
        )
    }

    /// The same error, which says whether there was a connection.
    #[must_use]
    pub(super) fn connecting(mut self, is_connect: bool) -> Self {
        self.is_connect = is_connect;
        self
    }

    /// No response within the time limit.
    pub(super) fn timeout(phase: &str, address: &str, proxy: Option<&Proxy>) -> Self {
        let by_way = proxy.map(|proxy| format!(" by way of {proxy}")).unwrap_or_default();
        let message = format!("{phase} {address} failed: no answer in time{by_way}");
        Error::new(ErrorKind::Unreachable, message)
    }
}
