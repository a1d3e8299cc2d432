//! Plain TCP connections, for what the HTTP client does not do.

use std::io;

use tokio::net::TcpStream;
use url::{Host, Url};

/// Connects to the host and port of an address.
pub(super) async fn connect(url: &Url) -> io::Result<TcpStream> {
    let port = url.port_or_known_default().unwrap_or(80);
    match url.host() {
        Some(Host::Domain(name)) => TcpStream::connect((name, port)).await,
        Some(Host::Ipv4(address)) => TcpStream::connect((address, port)).await,
        Some(Host::Ipv6(address)) => TcpStream::connect((address, port)).await,
        None => Err(io::Error::other("the address has no host")),
    }
}
