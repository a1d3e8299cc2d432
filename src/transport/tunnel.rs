//! Tunnels through an HTTP proxy for WebSockets without TLS (RFC 6455, section 4.1): the HTTP client opens tunnels for
//! TLS alone, and a request that is forwarded cannot be upgraded.

use hyper::client::conn::http1;
use hyper::http::uri::InvalidUri;
use hyper::rt::{Read, Write};
use hyper::upgrade::Upgraded;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use reqwest::header::{HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT as USER_AGENT_HEADER};
use reqwest::{Body, Method, RequestBuilder, Response, StatusCode};
use tokio::time::timeout;
use url::{Position, Url};

use super::proxy::Proxy;
use super::{CONNECT_TIMEOUT, Error, ErrorKind, Transport, USER_AGENT, tcp};

/// What a proxy could not do.
pub(super) enum ProxyFailure {
    /// It cannot be reached, or breaks the connection off.
    Unreachable(ErrorKind, String),
    /// It refuses to connect to the peer, with this status or in these words, if they are known.
    Refused(Option<String>),
    /// It wants other credentials.
    Credentials,
    /// It is reached with TLS, which only the HTTP client has.
    NeedsTls,
}

type Request = hyper::Request<Body>;
type Answer = hyper::Response<hyper::body::Incoming>;

impl ProxyFailure {
    fn unreachable(cause: impl ToString) -> Self {
        ProxyFailure::Unreachable(ErrorKind::Unreachable, cause.to_string())
    }

    /// What the status of the proxy's answer to CONNECT means.
    fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => ProxyFailure::Credentials,
            status => ProxyFailure::Refused(Some(status.as_u16().to_string())),
        }
    }

    /// The error of an attempt to reach the peer at this address.
    pub(super) fn into_error(self, phase: &str, url: &Url, proxy: &Proxy) -> Error {
        let (kind, problem) = match self {
            ProxyFailure::Unreachable(kind, cause) => {
                (kind, format!("{proxy} cannot be reached: {cause}"))
            }
            ProxyFailure::Refused(reason) => {
                let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                let peer = authority(url);
                (ErrorKind::Unreachable, format!("{proxy} did not connect to {peer}{reason}"))
            }
            ProxyFailure::Credentials => (ErrorKind::Misconfigured, credentials_problem(proxy)),
            ProxyFailure::NeedsTls => {
                let what =
                    "cannot carry a WebSocket without TLS; use wss://, or a proxy at http://";
                (ErrorKind::Unsupported, format!("{proxy} {what}"))
            }
        };
        Error::new(kind, format!("{phase} {url} failed: {problem}"))
    }
}

fn credentials_problem(proxy: &Proxy) -> String {
    if proxy.has_credentials() {
        format!("{proxy} does not accept the user and the password in {}", proxy.variable())
    } else {
        let variable = proxy.variable();
        format!("{proxy} wants a user and a password: {variable}=http://USER:PASSWORD@HOST:PORT")
    }
}

/// `HOST:PORT`.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    format!("{host}:{}", url.port_or_known_default().unwrap_or(443))
}

impl Transport {
    /// The proxy that a WebSocket without TLS needs a tunnel through. SOCKS is one by itself.
    pub(super) fn tunnel_for(&self, url: &Url) -> Option<&Proxy> {
        let proxy = self.proxies.of(url).filter(|proxy| proxy.is_http());
        proxy.filter(|_| url.scheme() == "ws")
    }

    /// Sends a request to a peer without TLS through a tunnel.
    pub(super) async fn send_through(
        &self,
        proxy: &Proxy,
        phase: &str,
        url: &Url,
        builder: RequestBuilder,
    ) -> Result<Response, Error> {
        let broken = |cause: &dyn std::error::Error| {
            Error::new(ErrorKind::Unreachable, format!("{phase} {url} failed: {cause}"))
        };
        let request = builder.build().map_err(|error| broken(&error.without_url()))?;
        let path = request.url()[Position::BeforePath..Position::AfterQuery].to_owned();
        let host = HeaderValue::try_from(host(url)).map_err(|error| broken(&error))?;
        let mut request =
            Request::try_from(request).map_err(|error| broken(&error.without_url()))?;
        *request.uri_mut() = path.parse().map_err(|error: InvalidUri| broken(&error))?;
        request.headers_mut().insert(HOST, host);
        request.headers_mut().insert(USER_AGENT_HEADER, HeaderValue::from_static(USER_AGENT));
        let tunnel = open(proxy, url).await;
        let tunnel = tunnel.map_err(|failure| failure.into_error(phase, url, proxy))?;
        let answer = exchange(tunnel, request).await.map_err(|error| broken(&error))?;
        Ok(Response::from(answer.map(Body::wrap)))
    }

    /// How a proxy refuses to connect to a peer.
    pub(super) async fn refusal(&self, proxy: &Proxy, url: &Url) -> ProxyFailure {
        match open(proxy, url).await {
            Err(failure @ (ProxyFailure::Refused(_) | ProxyFailure::Credentials)) => failure,
            Err(_) | Ok(_) => ProxyFailure::Refused(None),
        }
    }
}

/// Opens a tunnel to a peer.
async fn open(proxy: &Proxy, url: &Url) -> Result<Upgraded, ProxyFailure> {
    if proxy.scheme() == "https" {
        return Err(ProxyFailure::NeedsTls);
    }
    let stream = timeout(CONNECT_TIMEOUT, tcp::connect(proxy.address())).await;
    let stream = stream
        .map_err(|_| ProxyFailure::unreachable("no answer in time"))?
        .map_err(ProxyFailure::unreachable)?;
    let answer = exchange(TokioIo::new(stream), connect(proxy, url)?).await;
    let answer = answer.map_err(ProxyFailure::unreachable)?;
    if answer.status().is_success() {
        hyper::upgrade::on(answer).await.map_err(ProxyFailure::unreachable)
    } else {
        Err(ProxyFailure::from_status(answer.status()))
    }
}

/// The request for a tunnel (RFC 9110, section 9.3.6).
fn connect(proxy: &Proxy, url: &Url) -> Result<Request, ProxyFailure> {
    let peer = authority(url);
    let builder = hyper::Request::builder()
        .method(Method::CONNECT)
        .uri(&*peer)
        .header(HOST, &*peer)
        .header(USER_AGENT_HEADER, USER_AGENT);
    let matcher = Matcher::builder().all(proxy.address().as_str()).build();
    let any = hyper::Uri::from_static("http://peer.invalid");
    let credentials = matcher.intercept(&any).and_then(|it| it.basic_auth().cloned());
    let builder = match credentials {
        Some(credentials) => builder.header(PROXY_AUTHORIZATION, credentials),
        None => builder,
    };
    builder.body(Body::default()).map_err(ProxyFailure::unreachable)
}

/// Sends one request over a connection, which may be upgraded then.
async fn exchange(
    stream: impl Read + Write + Unpin + Send + 'static,
    request: Request,
) -> Result<Answer, hyper::Error> {
    let (mut sender, connection) = http1::handshake(stream).await?;
    // It ends with the answer, or hands the stream over.
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request).await
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
