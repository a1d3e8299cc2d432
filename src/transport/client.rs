//! [`Network`] over real sockets: time limits and logging of requests and connections.

use tokio::time::timeout;

use super::http::method;
use super::stream::Stream;
use super::{Error, Network, REQUEST_TIMEOUT, Transport, files};
use crate::wire::{Request, Response, Token};

impl Network for Transport {
    type Connection = Stream;

    fn capacity(&self, connections: usize) -> usize {
        files::capacity(connections, self.files_each)
    }

    async fn fetch(&self, request: &Request, token: &Token) -> Result<Response, Error> {
        let address = request.url.as_str();
        tracing::debug!("> {} {address}", method(request));
        let response = timeout(REQUEST_TIMEOUT, self.exchange(request, token)).await;
        let response = response.unwrap_or_else(|_| Err(self.timed_out("the request to", request)));
        match &response {
            Ok(response) => {
                tracing::debug!("< {} ({} bytes) {address}", response.status, response.body.len());
            }
            Err(error) => tracing::debug!("< {error}"),
        }
        response
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
                let started = timeout(REQUEST_TIMEOUT, self.events(request, token)).await;
                ("the event stream of", started.map(|opened| opened.map(Stream::Events)))
            }
        };
        let opened = opened.unwrap_or_else(|_| Err(self.timed_out(phase, request)));
        match &opened {
            Ok(_) => tracing::debug!("< open {address}"),
            Err(error) => tracing::debug!("< {error}"),
        }
        opened
    }
}
