//! What an error of the HTTP client means: the peer's certificate, its protocol, a circle of redirects, or a proxy.

use std::error::Error as StdError;

use rustls::{AlertDescription, CertificateError, PeerMisbehaved};
use url::Url;

use super::http2::speaks_http2;
use super::proxy::Proxy;
use super::redirect::TooManyRedirects;
use super::tunnel::ProxyFailure;
use super::{Error, ErrorKind, Transport};
use crate::wire::{Request, Token};

/// What to do about a peer without HTTP/1.1.
const HTTP2_ONLY: &str = "it speaks HTTP/2 only, and HTTP/1.1 is needed, which WebSockets take too: turn HTTP/1.1 on there, or give the address of a gateway that has it";

impl Transport {
    /// Classifies an error of the HTTP client. May ask the peer or the proxy for more.
    pub(super) async fn client_error(
        &self,
        phase: &str,
        request: &Request,
        token: &Token,
        error: reqwest::Error,
    ) -> Error {
        // The client's URL may carry a token that ours never does.
        let error = error.without_url();
        let (url, address) = (&request.url, request.url.as_str());
        let proxy = self.proxies.of(url);
        let is_connect = error.is_connect();
        if error.is_timeout() {
            return self.timed_out(phase, request).connecting(is_connect);
        }
        if let Some(proxy) = proxy
            && let Some(failure) = proxy_failure(&error, url, proxy)
        {
            let failure = match failure {
                ProxyFailure::Refused(None) => self.refusal(proxy, url).await,
                failure => failure,
            };
            return failure.into_error(phase, url, proxy).connecting(true);
        }
        let (kind, cause) = if proxy.is_none() && may_be_http2(&error) && speaks_http2(url).await {
            (ErrorKind::Unusable, HTTP2_ONLY.to_owned())
        } else {
            classify(&error)
        };
        let cause = token.redact(&cause);
        Error::new(kind, format!("{phase} {address} failed: {cause}")).connecting(is_connect)
    }
}

impl Transport {
    /// There was no answer in time.
    pub(super) fn timed_out(&self, phase: &str, request: &Request) -> Error {
        Error::timeout(phase, request.url.as_str(), self.proxies.of(&request.url))
    }
}

/// An error and its causes, with what I/O errors wrap, which their `source` skips.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The kind, and the most specific of the causes.
fn classify(error: &(dyn StdError + 'static)) -> (ErrorKind, String) {
    if let Some(redirects) = find::<TooManyRedirects>(error) {
        return (ErrorKind::Unusable, redirects.to_string());
    }
    match find::<rustls::Error>(error) {
        Some(rustls::Error::InvalidCertificate(reason)) => (
            ErrorKind::Untrusted,
            format!("its certificate is not trusted: {}", certificate_problem(reason)),
        ),
        Some(
            rustls::Error::NoApplicationProtocol
            | rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)
            | rustls::Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol),
        ) => (ErrorKind::Unusable, HTTP2_ONLY.to_owned()),
        Some(other) => (ErrorKind::Unreachable, format!("TLS: {other}")),
        None if is_out_of_files(error) => {
            let cause = "this process may open no more files; raise the limit with  ulimit -n";
            (ErrorKind::Unreachable, cause.to_owned())
        }
        None => (ErrorKind::Unreachable, last(error)),
    }
}

/// Whether there is no file left for a socket, which is no fault of the network.
fn is_out_of_files(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(unix)]
    return find::<std::io::Error>(error)
        .and_then(std::io::Error::raw_os_error)
        .is_some_and(|code| code == rustix::io::Errno::MFILE.raw_os_error());
    #[cfg(not(unix))]
    return false;
}

fn last(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Whether what the peer sent is no HTTP/1.1.
fn may_be_http2(error: &(dyn StdError + 'static)) -> bool {
    find::<hyper::Error>(error).is_some_and(|error| {
        // It may also have come before the request was sent.
        error.is_parse() || error.to_string().contains("unexpected message")
    })
}

/// What the proxy could not do, if the error is the proxy's. Those of a tunnel and of SOCKS have no types of their own.
fn proxy_failure(error: &reqwest::Error, url: &Url, proxy: &Proxy) -> Option<ProxyFailure> {
    let unreachable = || {
        let (kind, cause) = classify(error);
        ProxyFailure::Unreachable(kind, cause)
    };
    for cause in causes(error).map(ToString::to_string) {
        if let Some(problem) = cause.strip_prefix("tunnel error: ") {
            return Some(match problem {
                "proxy authorization required" => ProxyFailure::Credentials,
                "unsuccessful" => ProxyFailure::Refused(None),
                _ => unreachable(),
            });
        }
        if let Some(problem) = cause.strip_prefix("SOCKS error: ") {
            return Some(match problem {
                "failed to create underlying connection" => unreachable(),
                "credentials not accepted" | "server does not support user/pass authentication" => {
                    ProxyFailure::Credentials
                }
                problem => ProxyFailure::Refused(Some(problem.to_owned())),
            });
        }
    }
    let is_forwarded = matches!(url.scheme(), "http" | "ws") && proxy.is_http();
    (error.is_connect() && is_forwarded).then(unreachable)
}

fn certificate_problem(reason: &CertificateError) -> String {
    use CertificateError as Reason;
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
