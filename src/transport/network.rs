//! What a driver needs of a network. There is one of bytes here, and one that tests simulate.

use tokio::time::timeout;

use super::http::method;
use super::{Error, Message, REQUEST_TIMEOUT, Stream, Transport, files};
use crate::wire::{Frame, Request, Response, Token};

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

impl Network for Transport {
    type Connection = Stream;

    fn capacity(&self, connections: usize) -> usize {
        files::capacity(connections, self.files_each)
    }

    async fn fetch(&self, request: &Request, token: &Token) -> Result<Response, Error> {
        let address = request.url.as_str();
        tracing::debug!("> {} {address}", method(request));
        let answer = timeout(REQUEST_TIMEOUT, self.exchange(request, token)).await;
        let answer = answer.unwrap_or_else(|_| Err(Error::timeout("the request to", address)));
        match &answer {
            Ok(response) => {
                tracing::debug!("< {} ({} bytes) {address}", response.status, response.body.len());
            }
            Err(error) => tracing::debug!("< {error}"),
        }
        answer
    }

    async fn open(&self, request: &Request, token: &Token) -> Result<Stream, Error> {
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
