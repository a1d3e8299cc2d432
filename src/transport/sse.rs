//! Server-sent events (WHATWG HTML, section 9.2).

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{Stream, StreamExt};
use reqwest::Method;
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use sse_stream::SseByteStream;
use tokio::sync::Notify;

use super::http::{refused_redirect, retry_after};
use super::{Error, ErrorKind, MAX_BODY, Transport};
use crate::wire::{Frame, Request, StatusClass, Token};

type Chunks = Pin<Box<dyn Stream<Item = Result<Vec<u8>, reqwest::Error>> + Send>>;

/// A stream of events.
pub struct Events {
    decoder: SseByteStream<ByteCounter>,
    count: Arc<ByteCount>,
    token: Token,
}

/// What passes into the decoder. Comments never come out of it, and large events late; but both show
/// that the peer lives.
#[derive(Default)]
struct ByteCount {
    arrived: Notify,
    /// Bytes since the last event came out.
    pending: AtomicUsize,
}

impl Transport {
    /// Begins to listen.
    ///
    /// # Errors
    /// The peer does not serve events here, refuses, or is not trusted.
    pub(super) async fn events(&self, request: &Request, token: &Token) -> Result<Events, Error> {
        let address = request.url.as_str();
        let failed = |error| Error::from_client("the event stream of", address, error);
        let answer = self
            .authorised(Method::GET, request.url.clone(), request, token)
            .header(ACCEPT, "text/event-stream")
            .header(CACHE_CONTROL, "no-cache")
            .send()
            .await
            .map_err(failed)?;
        if let Some(error) =
            refused_redirect(address, answer.status(), answer.headers(), answer.url(), token)
        {
            return Err(error);
        }
        let status = answer.status().as_u16();
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
        if status != 200 || !is_stream {
            let reason = match status {
                200 => "it is no event stream".to_owned(),
                status => status.to_string(),
            };
            let kind = ErrorKind::of_refusal(StatusClass::of(status));
            let mut error =
                Error::new(kind, format!("{address} refused the event stream: {reason}"));
            error.retry_after = retry_after(answer.headers());
            error.is_not_there = StatusClass::of(status) == StatusClass::NotFound;
            return Err(error);
        }
        let chunks = answer.bytes_stream().map(|chunk| chunk.map(Vec::from));
        Ok(Events::of(Box::pin(chunks), token))
    }
}

impl Events {
    fn of(chunks: Chunks, token: &Token) -> Self {
        let count = Arc::<ByteCount>::default();
        let counter = ByteCounter { chunks, count: count.clone() };
        Events { decoder: SseByteStream::new(counter), count, token: token.clone() }
    }

    /// A stream of which everything has arrived, in these chunks.
    pub fn replayed(chunks: Vec<Vec<u8>>) -> Self {
        let chunks = futures_util::stream::iter(chunks.into_iter().map(Ok));
        Events::of(Box::pin(chunks), &Token::default())
    }

    /// Waits for the next thing. Cancel-safe.
    ///
    /// # Errors
    /// The connection broke, or the peer broke the protocol.
    pub async fn next(&mut self) -> Result<Frame, Error> {
        let broken = |what: String| Err(Error::new(ErrorKind::Unreachable, what));
        let event = tokio::select! {
            biased;
            event = self.decoder.next() => event,
            () = self.count.arrived.notified() => {
                if self.count.pending.load(Ordering::Relaxed) > MAX_BODY {
                    return broken(format!(
                        "the connection broke: an event of more than {} MiB",
                        MAX_BODY >> 20
                    ));
                }
                return Ok(Frame::Alive);
            }
        };
        self.count.pending.store(0, Ordering::Relaxed);
        match event {
            Some(Ok(event)) => match event.data {
                Some(data) => Ok(Frame::Event { id: event.id, data: self.scrubbed(data) }),
                None => Ok(Frame::Alive),
            },
            Some(Err(error)) => broken(format!("the connection broke: {error}")),
            None => Ok(Frame::Closed(None, String::new())),
        }
    }

    /// What is not touched is not copied: events are large.
    fn scrubbed(&self, data: String) -> String {
        match self.token.redact(&data) {
            Cow::Borrowed(_) => data,
            Cow::Owned(scrubbed) => scrubbed,
        }
    }
}

/// The bytes on their way into the decoder.
struct ByteCounter {
    chunks: Chunks,
    count: Arc<ByteCount>,
}

impl Stream for ByteCounter {
    type Item = Result<std::io::Cursor<Vec<u8>>, reqwest::Error>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let chunk = std::task::ready!(self.chunks.as_mut().poll_next(context));
        if let Some(Ok(bytes)) = &chunk {
            self.count.pending.fetch_add(bytes.len(), Ordering::Relaxed);
            self.count.arrived.notify_one();
        }
        std::task::Poll::Ready(chunk.map(|chunk| chunk.map(std::io::Cursor::new)))
    }
}
