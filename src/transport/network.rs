//! What the driver needs of a network: implemented here over real sockets, and by a simulation in the tests.

use super::Error;
use crate::wire::{Frame, Request, Response, Token};

/// A WebSocket message to send.
#[derive(Debug)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}

/// Makes requests and opens connections. Cheap to clone.
pub trait Network: Clone + Send + Sync + 'static {
    /// An open connection.
    type Connection: Connection;

    /// How many of this many connections can be open at the same time.
    fn capacity(&self, connections: usize) -> usize {
        connections
    }

    /// Makes a request and reads the whole response.
    ///
    /// # Errors
    /// There was no response in time, or it cannot be trusted. Any HTTP status except a redirect to another
    /// origin is a response.
    fn fetch(
        &self,
        request: &Request,
        token: &Token,
    ) -> impl Future<Output = Result<Response, Error>> + Send;

    /// Opens a connection: a WebSocket for `ws` and `wss`, server-sent events for `http` and `https`.
    ///
    /// # Errors
    /// There was no response in time, the peer refused, or it cannot be trusted.
    fn open(
        &self,
        request: &Request,
        token: &Token,
    ) -> impl Future<Output = Result<Self::Connection, Error>> + Send;
}

/// A connection on which the peer pushes.
pub trait Connection: Send {
    /// Waits for the next frame. Cancel-safe.
    ///
    /// # Errors
    /// The connection is lost, or the peer violated the protocol.
    fn next(&mut self) -> impl Future<Output = Result<Frame, Error>> + Send;

    /// Sends a message; does nothing on an event stream.
    ///
    /// # Errors
    /// The connection is lost, or the peer does not read.
    fn send(&mut self, message: Message) -> impl Future<Output = Result<(), Error>> + Send;

    /// Sends a ping; does nothing on an event stream.
    ///
    /// # Errors
    /// The connection is lost, or the peer does not read.
    fn ping(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Closes the connection with the protocol's closing handshake, whether or not the peer has closed it.
    fn close(&mut self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}
