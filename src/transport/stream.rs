//! A push connection: a WebSocket, or server-sent events.

use super::sse::EventStream;
use super::ws::Socket;
use super::{Connection, Error, Message};
use crate::wire::Frame;

/// An open connection.
pub enum Stream {
    /// A WebSocket.
    Socket(Socket),
    /// Server-sent events, on which only the peer sends.
    Events(EventStream),
}

impl Connection for Stream {
    async fn next(&mut self) -> Result<Frame, Error> {
        match self {
            Stream::Socket(socket) => socket.next().await,
            Stream::Events(events) => events.next().await,
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Error> {
        match self {
            Stream::Socket(socket) => socket.send(message).await,
            Stream::Events(_) => Ok(()),
        }
    }

    async fn ping(&mut self) -> Result<(), Error> {
        match self {
            Stream::Socket(socket) => socket.ping().await,
            Stream::Events(_) => Ok(()),
        }
    }

    async fn close(&mut self) {
        if let Stream::Socket(socket) = self {
            socket.close().await;
        }
    }
}
