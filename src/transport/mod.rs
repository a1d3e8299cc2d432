//! Bytes in and out. It knows no provider: proxies, certificates, redirects, limits of size and time,
//! and the place of the token in a request have their one home here.

mod backoff;
mod client;
mod error;
mod files;
mod http;
mod network;
mod sse;
mod stream;
mod ws;

use std::path::PathBuf;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder};
use url::Url;

pub use backoff::Backoff;
pub use error::{Error, ErrorKind};
pub use network::{Connection, Message, Network};
pub use sse::Events;
pub use stream::Stream;

use crate::error::{Failure, FailureKind, config};
use crate::wire::{Request, is_loopback};

/// How long a connection may take to be established.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a whole request may take, or an upgrade.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// The largest body that is read.
pub const MAX_BODY: usize = 16 * 1024 * 1024;
/// The largest WebSocket message that is read.
pub const MAX_MESSAGE: usize = 1024 * 1024;

/// What a transport has to know before it opens anything.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// An extra trusted CA (PEM).
    pub cacert: Option<PathBuf>,
    /// How far it reaches.
    pub reach: Reach,
    /// Whether the peers are in this process too, as the embedded sandbox is.
    pub embedded: bool,
}

/// How far requests go, and so what the client needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// This machine, without TLS: no proxy gets to see a token.
    #[default]
    Loopback,
    /// Another machine, without TLS and so without a secret.
    Clear,
    /// TLS: the system's CAs are loaded for that alone.
    Tls,
}

impl Reach {
    /// How far the farthest of these requests goes.
    pub fn of<'a>(requests: impl IntoIterator<Item = &'a Request>) -> Self {
        let reach = |request: &Request| match request.url.scheme() {
            "https" | "wss" => Reach::Tls,
            _ if is_loopback(&request.url) => Reach::Loopback,
            _ => Reach::Clear,
        };
        requests.into_iter().map(reach).max().unwrap_or_default()
    }
}

/// The one client: makes requests and performs the WebSocket upgrade. Cheap to clone.
#[derive(Clone)]
pub struct Transport {
    client: Client,
    /// For this machine without TLS.
    direct: Client,
    /// How many files a connection takes of this process.
    files_each: usize,
}

impl Transport {
    /// Builds the client.
    ///
    /// # Errors
    /// The extra CA cannot be read, or the system has none.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        // Fails only if one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let extra = options.cacert.as_ref().map(read_certificates).transpose()?;
        let direct = built(builder().tls_certs_only([]).no_proxy())?;
        let client = match (options.reach, extra) {
            (Reach::Loopback, _) => direct.clone(),
            (Reach::Clear, _) => built(builder().tls_certs_only([]))?,
            (Reach::Tls, None) => built(builder())?,
            (Reach::Tls, Some(extra)) => built(builder().tls_certs_merge(extra))?,
        };
        Ok(Transport { client, direct, files_each: if options.embedded { 2 } else { 1 } })
    }

    /// The client for an address.
    fn client(&self, url: &Url) -> &Client {
        let clear = !matches!(url.scheme(), "https" | "wss");
        if clear && is_loopback(url) { &self.direct } else { &self.client }
    }
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("txwatch/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(same_origin_only())
}

fn built(builder: ClientBuilder) -> Result<Client, Failure> {
    builder.build().map_err(|error| {
        Failure::from_error(
            FailureKind::Config,
            anyhow::Error::new(error).context("the HTTP client cannot be set up"),
        )
        .hint("check the proxy variables, --cacert and SSL_CERT_FILE")
    })
}

/// Custom headers survive reqwest's redirects, so only those that stay on the origin are followed.
fn same_origin_only() -> Policy {
    const MOST: usize = 5;
    Policy::custom(|attempt| {
        let same =
            attempt.previous().last().is_some_and(|from| from.origin() == attempt.url().origin());
        if same && attempt.previous().len() <= MOST { attempt.follow() } else { attempt.stop() }
    })
}

fn read_certificates(path: &PathBuf) -> Result<Vec<Certificate>, Failure> {
    let shown = path.display();
    let pem = std::fs::read(path)
        .map_err(|error| config(format!("the CA file {shown} cannot be read: {error}")))?;
    let certificates = Certificate::from_pem_bundle(&pem)
        .map_err(|error| config(format!("the CA file {shown} is not PEM: {error}")))?;
    if certificates.is_empty() {
        Err(config(format!("the CA file {shown} holds no certificate")))
    } else {
        Ok(certificates)
    }
}
