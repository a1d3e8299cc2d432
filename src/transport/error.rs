//! What can go wrong on the wire, with the phase and the address, answering "is it worth retrying".

use std::error::Error as StdError;
use std::time::Duration;

use crate::wire::StatusClass;

/// A failed request, upgrade or connection.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What sort of failure it is.
    pub kind: ErrorKind,
    /// How long the peer asked us to wait.
    pub retry_after: Option<Duration>,
    /// Whether the peer has nothing at the address of an event stream (404).
    pub is_not_there: bool,
    message: String,
}

/// What a failure means for the one who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// No answer, or "not now": worth another try.
    Unreachable,
    /// 401 or 403.
    Denied,
    /// The peer cannot be trusted or understood: a certificate, a redirect, an answer without end.
    Untrusted,
    /// The peer does not upgrade to WebSocket here.
    Unsupported,
}

impl ErrorKind {
    /// What it means that a connection was refused with a status of this class.
    pub(super) fn of_refusal(class: StatusClass) -> Self {
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
    /// An error with a sentence that names phase and address.
    pub(super) fn new(kind: ErrorKind, message: String) -> Self {
        Error { kind, retry_after: None, is_not_there: false, message }
    }

    /// The peer closed the connection, perhaps with a code and a reason.
    pub fn closed(code: Option<u16>, reason: &str) -> Self {
        let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        Error::new(ErrorKind::Unreachable, format!("the peer closed the connection{code}{reason}"))
    }

    /// The same, with what the provider means by it.
    #[must_use]
    pub fn because(mut self, why: &str) -> Self {
        self.message = format!("{}: {why}", self.message);
        self
    }

    /// The peer answered the protocol's own refusal.
    pub fn refused(message: String) -> Self {
        Error::new(ErrorKind::Denied, message)
    }

    /// The peer cannot be trusted.
    pub fn untrusted(message: String) -> Self {
        Error::new(ErrorKind::Untrusted, message)
    }

    /// The peer does not upgrade to what is asked for.
    pub fn unsupported(message: String) -> Self {
        Error::new(ErrorKind::Unsupported, message)
    }

    /// The peer gave no sign of life although it was asked for one.
    pub fn silent(silence: Duration) -> Self {
        Error::new(
            ErrorKind::Unreachable,
            format!("the connection is dead: silent for {}s", silence.as_secs()),
        )
    }

    /// The peer opened the connection, and then did not introduce itself as its protocol wants.
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

    /// Nothing came in time.
    pub(super) fn timeout(phase: &str, address: &str) -> Self {
        Error::new(ErrorKind::Unreachable, format!("{phase} {address} failed: no answer in time"))
    }
}

/// The most telling of an error's causes. TLS errors travel inside I/O errors, so the chain is walked.
fn classify(error: &(dyn StdError + 'static)) -> (ErrorKind, String) {
    let mut cause = error;
    loop {
        if let Some(tls) = find_tls(cause) {
            return match tls {
                rustls::Error::InvalidCertificate(reason) => (
                    ErrorKind::Untrusted,
                    format!("its certificate is not trusted: {}", certificate(reason)),
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

/// A TLS error, however many I/O errors it is wrapped in: `source` passes those over.
fn find_tls<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref().or_else(|| {
        let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
        find_tls(inner)
    })
}

fn certificate(reason: &rustls::CertificateError) -> String {
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
