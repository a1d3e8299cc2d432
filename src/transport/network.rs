//! What a driver needs of a network. There is one of bytes here, and one that tests simulate.

use super::Error;
use crate::wire::{Frame, Request, Response, Token};

/// What is sent.
#[derive(Debug)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}

/// Makes requests and opens connections. Cheap to clone.
pub trait Network: Clone + Send + Sync + 'static {
    /// What it opens.
    type Connection: Connection;

    /// How many of this many connections can be open at once.
    fn capacity(&self, connections: usize) -> usize {
        connections
    }

    /// Makes a request and reads the whole response.
    ///
    /// # Errors
    /// Nothing came in time, or what came cannot be trusted. Any HTTP status but a redirect to another origin
    /// is a response.
    fn fetch(
        &self,
        request: &Request,
        token: &Token,
    ) -> impl Future<Output = Result<Response, Error>> + Send;

    /// Opens a connection: a WebSocket to `ws` and `wss`, a stream of events from `http` and `https`.
    ///
    /// # Errors
    /// Nothing came in time, the peer refused, or it is not trusted.
    fn open(
        &self,
        request: &Request,
        token: &Token,
    ) -> impl Future<Output = Result<Self::Connection, Error>> + Send;
}

/// A connection on which the peer sends when it wants to.
pub trait Connection: Send {
    /// Waits for the next thing. Cancel-safe.
    ///
    /// # Errors
    /// The connection broke, or the peer broke the protocol.
    fn next(&mut self) -> impl Future<Output = Result<Frame, Error>> + Send;

    /// Sends a message, where one can.
    ///
    /// # Errors
    /// The connection broke, or the peer does not read.
    fn send(&mut self, message: Message) -> impl Future<Output = Result<(), Error>> + Send;

    /// Sends a ping, where one can.
    ///
    /// # Errors
    /// The connection broke, or the peer does not read.
    fn ping(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends it as its protocol wants it, whether the peer has closed it or not.
    fn close(&mut self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}
