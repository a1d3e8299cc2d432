//! What a session needs of a network. There is one of bytes, and one that tests simulate.

use super::{Error, Fetched, Heard, Message, Stream, Transport, files};
use crate::wire::{Request, Token};

/// Answers requests and opens connections. Cheap to clone.
pub trait Network: Clone + Send + Sync + 'static {
    /// What it opens.
    type Connection: Connection;

    /// How many of so many connections can be open at once.
    fn room(&self, connections: usize) -> usize {
        connections
    }

    /// Makes a request and reads the whole answer.
    ///
    /// # Errors
    /// Nothing came in time, or what came cannot be trusted.
    fn fetch(
        &self,
        request: &Request,
        token: &Token,
    ) -> impl Future<Output = Result<Fetched, Error>> + Send;

    /// Opens a connection.
    ///
    /// # Errors
    /// Nothing came in time, the peer refused, or it is not trusted.
    fn open(
        &self,
        request: &Request,
        token: &Token,
    ) -> impl Future<Output = Result<Self::Connection, Error>> + Send;
}

/// A connection on which the peer speaks when it wants to.
pub trait Connection: Send {
    /// Waits for the next thing. Cancel-safe.
    ///
    /// # Errors
    /// The connection broke, or the peer broke the protocol.
    fn next(&mut self) -> impl Future<Output = Result<Heard, Error>> + Send;

    /// Sends a text message, where one can.
    ///
    /// # Errors
    /// The connection broke, or the peer does not read.
    fn send(&mut self, text: String) -> impl Future<Output = Result<(), Error>> + Send;

    /// Asks for a sign of life, where one can.
    ///
    /// # Errors
    /// The connection broke, or the peer does not read.
    fn ping(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends it as its protocol wants it, whether the peer has closed it or not.
    fn close(&mut self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

impl Network for Transport {
    type Connection = Stream;

    fn room(&self, connections: usize) -> usize {
        files::room(connections, self.files_each)
    }

    async fn fetch(&self, request: &Request, token: &Token) -> Result<Fetched, Error> {
        self.fetch(request, token).await
    }

    async fn open(&self, request: &Request, token: &Token) -> Result<Stream, Error> {
        self.open(request, token).await
    }
}

impl Connection for Stream {
    async fn next(&mut self) -> Result<Heard, Error> {
        self.next().await
    }

    async fn send(&mut self, text: String) -> Result<(), Error> {
        self.send(Message::Text(text)).await
    }

    async fn ping(&mut self) -> Result<(), Error> {
        self.ping().await
    }

    async fn close(&mut self) {
        self.close().await;
    }
}
