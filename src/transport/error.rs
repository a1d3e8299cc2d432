//! Errors of requests and connections, with the phase and the address, and whether a retry is worthwhile.

use std::error::Error as StdError;
use std::time::Duration;

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
    /// Whether the peer answered the request for an event stream with 404.
    pub is_not_found: bool,
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
    /// The response is of no use: a redirect to another origin, or a body over the limit.
    Unusable,
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
        Error { kind, retry_after: None, may_be_gateway: false, is_not_found: false, message }
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

    /// Classifies an error of the HTTP client.
    pub(super) fn from_client(phase: &str, address: &str, error: reqwest::Error) -> Self {
        // The client's URL may carry a token that ours never does.
        let error = error.without_url();
        if error.is_timeout() {
            return Error::timeout(phase, address);
        }
        let (kind, cause) = classify(&error);
        Error::new(kind, format!("{phase} {address} failed: {cause}"))
    }

    /// No response within the time limit.
    pub(super) fn timeout(phase: &str, address: &str) -> Self {
        Error::new(ErrorKind::Unreachable, format!("{phase} {address} failed: no answer in time"))
    }
}

/// The most specific of an error's causes. TLS errors are wrapped in I/O errors, so the chain is walked.
fn classify(error: &(dyn StdError + 'static)) -> (ErrorKind, String) {
    let mut cause = error;
    loop {
        if let Some(tls) = find_tls_error(cause) {
            return match tls {
                rustls::Error::InvalidCertificate(reason) => (
                    ErrorKind::Untrusted,
                    format!("its certificate is not trusted: {}", certificate_problem(reason)),
                ),
                other => (ErrorKind::Unreachable, format!("TLS: {other}")),
            };
        }
        match cause.source() {
            Some(source) => cause = source,
            None => return (ErrorKind::Unreachable, cause.to_string()),
        }
    }
}

/// A TLS error, however many I/O errors it is wrapped in: `source` skips what an I/O error wraps.
fn find_tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref().or_else(|| {
        let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
        find_tls_error(inner)
    })
}

fn certificate_problem(reason: &rustls::CertificateError) -> String {
    use rustls::CertificateError as Reason;
    match reason {
        Reason::UnknownIssuer => {
            "its CA is unknown (trust it with --cacert FILE or SSL_CERT_FILE)".to_owned()
        }
        Reason::NotValidForName | Reason::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        Reason::Expired | Reason::ExpiredContext { .. } => {
            "it has expired (or the clock of this machine is wrong)".to_owned()
        }
        Reason::NotValidYet | Reason::NotValidYetContext { .. } => {
            "it is not valid yet (or the clock of this machine is wrong)".to_owned()
        }
        other => other.to_string(),
    }
}
