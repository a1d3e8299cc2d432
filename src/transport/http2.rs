//! Whether a peer speaks HTTP/2 where HTTP/1.1 was expected.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use url::Url;

use super::tcp;

/// How long the peer has to introduce itself.
const LIMIT: Duration = Duration::from_secs(2);
/// What a client begins with: the preface and empty settings (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Whether the peer at this address answers the beginning of HTTP/2 without TLS with its settings.
pub(super) async fn speaks_http2(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "ws")
        && timeout(LIMIT, sends_settings(url)).await.is_ok_and(|it| it.unwrap_or(false))
}

async fn sends_settings(url: &Url) -> std::io::Result<bool> {
    let mut peer = tcp::connect(url).await?;
    peer.write_all(PREFACE).await?;
    // A frame begins with its length in three bytes, its type, its flags, and its stream.
    let mut frame = [0; 9];
    peer.read_exact(&mut frame).await?;
    let (is_settings, is_of_connection) = (frame[3] == 4, frame[5..] == [0; 4]);
    Ok(is_settings && is_of_connection)
}
