//! A connection on which the peer speaks when it wants to: a WebSocket, or server-sent events.

use tokio::time::timeout;

use super::sse::Events;
use super::ws::Socket;
use super::{Error, REQUEST_TIMEOUT, Transport};
use crate::wire::{Request, Token};

/// An open connection.
pub enum Stream {
    /// Both sides speak.
    Socket(Socket),
    /// Only the peer speaks.
    Events(Events),
}

/// What is sent.
#[derive(Debug)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}

/// Something that arrived.
#[derive(Debug)]
pub enum Heard {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A server-sent event: its id, if it has one, and its data.
    Event(Option<String>, String),
    /// A sign of life that says nothing: a ping (answered already), a pong, a comment, a part of
    /// something larger.
    Alive,
    /// The end of the connection, with what the peer gave as its reason.
    Closed(Option<u16>, String),
}

impl Transport {
    /// Opens a connection: a WebSocket to `ws` and `wss`, a stream of events from `http` and `https`.
    ///
    /// # Errors
    /// Nothing came in time, the peer refused, or it is not trusted.
    pub async fn open(&self, request: &Request, token: &Token) -> Result<Stream, Error> {
        let address = request.url.as_str();
        tracing::debug!("> open {address}");
        let (phase, opened) = match request.url.scheme() {
            "ws" | "wss" => {
                let upgraded = timeout(REQUEST_TIMEOUT, self.upgrade(request, token)).await;
                ("the WebSocket upgrade to", upgraded.map(|opened| opened.map(Stream::Socket)))
            }
            _ => {
                let begun = timeout(REQUEST_TIMEOUT, self.events(request, token)).await;
                ("the event stream of", begun.map(|opened| opened.map(Stream::Events)))
            }
        };
        let opened = opened.unwrap_or_else(|_| Err(Error::timeout(phase, address)));
        match &opened {
            Ok(_) => tracing::debug!("< open {address}"),
            Err(error) => tracing::debug!("< {error}"),
        }
        opened
    }
}

impl Stream {
    /// Waits for the next thing. Cancel-safe.
    ///
    /// # Errors
    /// The connection broke, or the peer broke the protocol.
    pub async fn next(&mut self) -> Result<Heard, Error> {
        match self {
            Stream::Socket(socket) => socket.next().await,
            Stream::Events(events) => events.next().await,
        }
    }

    /// Sends a message. Nothing can be sent to a peer that alone speaks.
    ///
    /// # Errors
    /// The connection broke, or the peer does not read.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        match self {
            Stream::Socket(socket) => socket.send(message).await,
            Stream::Events(_) => Ok(()),
        }
    }

    /// Asks for a sign of life, where one can ask.
    ///
    /// # Errors
    /// The connection broke, or the peer does not read.
    pub async fn ping(&mut self) -> Result<(), Error> {
        match self {
            Stream::Socket(socket) => socket.ping().await,
            Stream::Events(_) => Ok(()),
        }
    }

    /// Ends the connection as its protocol wants it, whether the peer has closed it or not.
    pub async fn close(&mut self) {
        if let Stream::Socket(socket) = self {
            socket.close().await;
        }
    }
}
