//! A connection on which the peer speaks when it wants to: a WebSocket, or server-sent events.

use super::sse::Events;
use super::ws::Socket;
use super::{Connection, Error, Message};
use crate::wire::Frame;

/// An open connection.
pub enum Stream {
    /// Both sides send.
    Socket(Socket),
    /// Only the peer sends.
    Events(Events),
}

impl Connection for Stream {
    async fn next(&mut self) -> Result<Frame, Error> {
        match self {
            Stream::Socket(socket) => socket.next().await,
            Stream::Events(events) => events.next().await,
        }
    }

    /// Nothing can be sent where only the peer sends.
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
