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

use super::http::{check_redirect, may_be_gateway, retry_after};
use super::{Error, ErrorKind, MAX_BODY, Transport};
use crate::wire::{Frame, Request, StatusClass, Token};

type Chunks = Pin<Box<dyn Stream<Item = Result<Vec<u8>, reqwest::Error>> + Send>>;

/// An open event stream.
pub struct EventStream {
    decoder: SseByteStream<ByteCounter>,
    count: Arc<ByteCount>,
    token: Token,
}

/// Counts the bytes that enter the decoder. Comments never come out of it and large events only late, but both are
/// activity.
#[derive(Default)]
struct ByteCount {
    received: Notify,
    /// Bytes since the decoder gave out the last event.
    pending: AtomicUsize,
}

impl Transport {
    /// Opens an event stream.
    ///
    /// # Errors
    /// The address serves no events, or the peer refuses or cannot be trusted.
    pub(super) async fn events(
        &self,
        request: &Request,
        token: &Token,
    ) -> Result<EventStream, Error> {
        let address = request.url.as_str();
        let failed = |error| Error::from_client("the event stream of", address, error);
        let response = self
            .request_builder(Method::GET, request.url.clone(), request, token)
            .header(ACCEPT, "text/event-stream")
            .header(CACHE_CONTROL, "no-cache")
            .send()
            .await
            .map_err(failed)?;
        check_redirect(address, &response, token)?;
        let status = response.status().as_u16();
        let content_type = response.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let is_stream = content_type.is_some_and(|value| value.starts_with("text/event-stream"));
        if status != 200 || !is_stream {
            let reason = match status {
                200 => "it is no event stream".to_owned(),
                status => status.to_string(),
            };
            let kind = ErrorKind::from_status(StatusClass::of(status));
            let mut error =
                Error::new(kind, format!("{address} refused the event stream: {reason}"));
            error.retry_after = retry_after(response.headers());
            error.may_be_gateway = may_be_gateway(&response);
            error.is_not_found = StatusClass::of(status) == StatusClass::NotFound;
            return Err(error);
        }
        let chunks = response.bytes_stream().map(|chunk| chunk.map(Vec::from));
        Ok(EventStream::of(Box::pin(chunks), token))
    }
}

impl EventStream {
    fn of(chunks: Chunks, token: &Token) -> Self {
        let count = Arc::<ByteCount>::default();
        let counter = ByteCounter { chunks, count: count.clone() };
        EventStream { decoder: SseByteStream::new(counter), count, token: token.clone() }
    }

    /// A stream that consists of these chunks and then ends, without a connection.
    pub fn replayed(chunks: Vec<Vec<u8>>) -> Self {
        let chunks = futures_util::stream::iter(chunks.into_iter().map(Ok));
        EventStream::of(Box::pin(chunks), &Token::default())
    }

    /// Waits for the next event, or for other activity. Cancel-safe.
    ///
    /// # Errors
    /// The connection is lost, or an event is larger than [`MAX_BODY`].
    pub async fn next(&mut self) -> Result<Frame, Error> {
        let lost = |message: String| Err(Error::new(ErrorKind::Unreachable, message));
        let event = tokio::select! {
            biased;
            event = self.decoder.next() => event,
            () = self.count.received.notified() => {
                if self.count.pending.load(Ordering::Relaxed) > MAX_BODY {
                    return lost(format!(
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
                Some(data) => Ok(Frame::Event { id: event.id, data: self.redacted(data) }),
                None => Ok(Frame::Alive),
            },
            Some(Err(error)) => lost(format!("the connection broke: {error}")),
            None => Ok(Frame::Closed(None, String::new())),
        }
    }

    /// Copies only if there is something to redact, for events may be large.
    fn redacted(&self, data: String) -> String {
        match self.token.redact(&data) {
            Cow::Borrowed(_) => data,
            Cow::Owned(redacted) => redacted,
        }
    }
}

/// Passes the chunks on to the decoder, and counts their bytes.
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
            self.count.received.notify_one();
        }
        std::task::Poll::Ready(chunk.map(|chunk| chunk.map(std::io::Cursor::new)))
    }
}
