//! HTTP requests, WebSockets and event streams. It knows no provider. Proxies, certificates, redirects, limits of
//! size and time, and adding the token to a request are handled here and nowhere else.

mod backoff;
mod client;
mod client_error;
mod encoding;
mod error;
mod event_limit;
mod files;
mod http;
mod http2;
mod network;
mod proxy;
mod redirect;
mod sse;
mod stream;
mod tcp;
mod trust;
mod tunnel;
mod ws;

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder};

pub use backoff::Backoff;
pub use error::{Error, ErrorKind};
pub use network::{Connection, Message, Network};
pub use proxy::{Malformed, Proxies, Proxy, Via};
pub use sse::EventStream;
pub use stream::Stream;
pub use trust::{CaFile, SystemCas};

use crate::error::{Failure, FailureKind};
use crate::wire::{Request, is_loopback};

const USER_AGENT: &str = concat!("txwatch/", env!("CARGO_PKG_VERSION"));
/// How long TCP and TLS may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a whole request may take, or the upgrade to a WebSocket, connecting included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// The largest body or server-sent event that is read, in bytes.
pub const MAX_BODY: usize = 16 * 1024 * 1024;
/// The largest WebSocket message that is read, in bytes.
pub const MAX_MESSAGE: usize = 1024 * 1024;

/// The options of a [`Transport`].
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The trusted CAs.
    pub system_cas: SystemCas,
    /// Additional trusted CAs.
    pub additional_cas: Option<CaFile>,
    /// Which peers it has to reach.
    pub reach: Reach,
    /// Which proxies it goes through.
    pub proxies: Proxies,
    /// Whether the peers are in this process too (the embedded sandbox), so that a connection takes two files.
    pub embedded: bool,
}

/// Which peers requests go to, which decides what the client is built with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// This machine without TLS, and so without a proxy.
    #[default]
    Loopback,
    /// Another machine without TLS, and so without a token.
    Cleartext,
    /// Any machine with TLS: only then the system's CAs are loaded.
    Tls,
}

impl Reach {
    /// The widest reach that any of these requests needs.
    pub fn of<'a>(requests: impl IntoIterator<Item = &'a Request>) -> Self {
        let reach = |request: &Request| match request.url.scheme() {
            "https" | "wss" => Reach::Tls,
            _ if is_loopback(&request.url) => Reach::Loopback,
            _ => Reach::Cleartext,
        };
        requests.into_iter().map(reach).max().unwrap_or_default()
    }
}

/// The HTTP client: makes requests, opens event streams and performs the WebSocket upgrade. Cheap to clone.
#[derive(Clone)]
pub struct Transport {
    client: Client,
    proxies: Arc<Proxies>,
    /// How many open files one connection takes.
    files_each: usize,
}

impl Transport {
    /// Builds the client.
    ///
    /// # Errors
    /// A CA file has no usable certificate, or the system has no CAs.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        // Fails only if one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let extra = options.additional_cas.as_ref().map(trust::additional).transpose()?;
        let proxies = Arc::new(options.proxies.clone());
        let builder = client_builder(&proxies);
        let builder = match options.reach {
            Reach::Loopback | Reach::Cleartext => builder.tls_certs_only([]),
            Reach::Tls => trust::trusting(builder, &options.system_cas, extra)?,
        };
        let files_each = if options.embedded { 2 } else { 1 };
        Ok(Transport { client: build_client(builder)?, proxies, files_each })
    }
}

fn client_builder(proxies: &Arc<Proxies>) -> ClientBuilder {
    let proxies = proxies.clone();
    let address = move |url: &url::Url| proxies.of(url).map(|proxy| proxy.address().clone());
    Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::same_origin_only())
        .proxy(reqwest::Proxy::custom(address))
}

fn build_client(client_builder: ClientBuilder) -> Result<Client, Failure> {
    client_builder.build().map_err(|error| {
        Failure::from_error(
            FailureKind::Config,
            anyhow::Error::new(error).context("the HTTP client cannot be set up"),
        )
        .hint("check --cacert and SSL_CERT_FILE")
    })
}
