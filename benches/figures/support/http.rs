//! As much of HTTP as clients need to ask, to upgrade to WebSocket, and to listen.

use std::io::{BufRead, BufReader, Read, Write, copy, sink};
use std::net::TcpStream;

use anyhow::{Context, Result};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// What matters of a request.
#[derive(Default)]
pub(crate) struct Head {
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    /// What a client that wants to upgrade is answered to.
    pub(crate) key: Option<String>,
}

/// Reads a request; its body is thrown away.
pub(crate) fn read_head(stream: &TcpStream) -> Result<Head> {
    let mut reader = BufReader::new(stream);
    let mut head = Head::default();
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line)?;
    head.path = line.split(' ').nth(1).context("no request")?.to_owned();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => head.token = Some(value.trim_start_matches("Bearer ").to_owned()),
            "content-length" => length = value.parse()?,
            "sec-websocket-key" => head.key = Some(value.to_owned()),
            _ => {}
        }
    }
    copy(&mut reader.take(length), &mut sink())?;
    Ok(head)
}

/// Upgrades to WebSocket.
pub(crate) fn upgrade(mut stream: &TcpStream, key: &str) -> Result<()> {
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: {accept}\r\n\r\n"
    );
    Ok(stream.write_all(answer.as_bytes())?)
}
