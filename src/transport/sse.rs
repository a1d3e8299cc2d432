//! Server-sent events (WHATWG HTML, section 9.2).

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use reqwest::Method;
use reqwest::header::{ACCEPT, CACHE_CONTROL};
use sse_stream::SseByteStream;
use tokio::sync::Notify;

use super::encoding::{LossyUtf8, content_encoding, has_media_type};
use super::event_limit::{EventLimit, MAX_SKIPPED};
use super::http::{may_be_gateway, retry_after};
use super::{Error, ErrorKind, Transport};
use crate::wire::{Encoding, Frame, Request, StatusClass, Token, compression};

type Chunks = Pin<Box<dyn Stream<Item = Result<Vec<u8>, ReadError>> + Send>>;

/// Why no further bytes can be read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    Client(#[from] reqwest::Error),
    #[error("{0}")]
    Compressed(Encoding),
    #[error("an event of more than {} MiB", MAX_SKIPPED >> 20)]
    Endless,
}

/// An open event stream.
pub struct EventStream {
    decoder: SseByteStream<DecoderInput>,
    /// Told of the bytes that enter the decoder. Comments never come out of it and large events only late, but both are
    /// activity.
    received: Arc<Notify>,
    token: Token,
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
        let phase = "the event stream of";
        let sent = self
            .request_builder(Method::GET, request.url.clone(), request, token)
            .header(ACCEPT, "text/event-stream")
            .header(CACHE_CONTROL, "no-cache")
            .send()
            .await;
        let response = match sent {
            Ok(response) => response,
            Err(error) => return Err(self.client_error(phase, request, token, error).await),
        };
        self.check_answer(phase, request, &response, token)?;
        let status = response.status().as_u16();
        let problem = if status != 200 {
            Some(status.to_string())
        } else if !has_media_type(response.headers(), "text/event-stream") {
            Some("it is no event stream".to_owned())
        } else {
            content_encoding(response.headers()).map(|encoding| encoding.to_string())
        };
        if let Some(reason) = problem {
            let kind = ErrorKind::from_status(StatusClass::of(status));
            let mut error =
                Error::new(kind, format!("{address} refused the event stream: {reason}"));
            error.retry_after = retry_after(response.headers());
            error.may_be_gateway = may_be_gateway(&response);
            error.status = Some(status);
            return Err(error);
        }
        let chunks = response.bytes_stream().map(|chunk| Ok(chunk.map(Vec::from)?));
        Ok(EventStream::of(Box::pin(chunks), token))
    }
}

impl EventStream {
    fn of(chunks: Chunks, token: &Token) -> Self {
        let received = Arc::<Notify>::default();
        let input = DecoderInput {
            chunks,
            received: received.clone(),
            start: Some(Vec::new()),
            utf8: LossyUtf8::default(),
            limit: EventLimit::default(),
        };
        EventStream { decoder: SseByteStream::new(input), received, token: token.clone() }
    }

    /// A stream that consists of these chunks and then ends, without a connection.
    pub fn replayed(chunks: Vec<Vec<u8>>) -> Self {
        let chunks = futures_util::stream::iter(chunks.into_iter().map(Ok));
        EventStream::of(Box::pin(chunks), &Token::default())
    }

    /// Waits for the next event, or for other activity. Cancel-safe.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn next(&mut self) -> Result<Frame, Error> {
        let lost = |message: String| Err(Error::new(ErrorKind::Unreachable, message));
        let event = tokio::select! {
            biased;
            event = self.decoder.next() => event,
            () = self.received.notified() => {
                return Ok(Frame::Alive);
            }
        };
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

/// Passes the chunks on to the decoder as UTF-8, and cuts off events that are too large.
struct DecoderInput {
    chunks: Chunks,
    received: Arc<Notify>,
    /// The first bytes of the stream, until they show that it is not compressed.
    start: Option<Vec<u8>>,
    utf8: LossyUtf8,
    limit: EventLimit,
}

impl DecoderInput {
    fn read(&mut self, chunk: Vec<u8>) -> Result<Vec<u8>, ReadError> {
        /// The longest mark of a compression, in bytes.
        const MARK: usize = 4;
        if let Some(start) = &mut self.start {
            start.extend(chunk.iter().take(MARK - start.len()));
            // An unknown field of UTF-8 text may begin like compressed content too.
            let is_text = !std::str::from_utf8(start).is_err_and(|it| it.error_len().is_some());
            if let Some(encoding) = compression(start).filter(|_| !is_text) {
                return Err(ReadError::Compressed(encoding));
            }
            if start.len() == MARK {
                self.start = None;
            }
        }
        let passed = self.limit.pass(self.utf8.read(chunk));
        if self.limit.is_endless() { Err(ReadError::Endless) } else { Ok(passed) }
    }
}

impl Stream for DecoderInput {
    type Item = Result<std::io::Cursor<Vec<u8>>, ReadError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let chunk = std::task::ready!(self.chunks.as_mut().poll_next(context));
        if let Some(Ok(_)) = &chunk {
            self.received.notify_one();
        }
        let chunk = chunk.map(|chunk| chunk.and_then(|chunk| self.read(chunk)));
        std::task::Poll::Ready(chunk.map(|chunk| chunk.map(std::io::Cursor::new)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data of the events in these chunks, and how the stream ends.
    async fn read(chunks: &[&[u8]]) -> (Vec<String>, Option<String>) {
        let mut stream = EventStream::replayed(chunks.iter().map(|chunk| chunk.to_vec()).collect());
        let mut events = Vec::new();
        loop {
            match stream.next().await {
                Ok(Frame::Event { data, .. }) => events.push(data),
                Ok(Frame::Closed(..)) => return (events, None),
                Ok(_) => {}
                Err(error) => return (events, Some(error.to_string())),
            }
        }
    }

    #[tokio::test]
    async fn bytes_that_are_not_utf8_break_nothing() {
        let (events, error) =
            read(&[b"data: caf\xe9\n\ndata: \xe2", b"\x82", b"\xac\n\nid: \xff\ndata: x\n\n"])
                .await;
        assert_eq!(
            (events, error),
            (vec!["caf\u{fffd}".into(), "\u{20ac}".into(), "x".into()], None)
        );
    }

    #[tokio::test]
    async fn a_compressed_stream_is_an_error_that_names_the_encoding() {
        for (chunks, name) in [
            (&[&b"\x1f\x8b\x08\0rest"[..]][..], "gzip"),
            (&[b"\x1f", b"\x8b"], "gzip"),
            (&[b"\x28\xb5", b"\x2f", b"\xfd"], "zstd"),
            (&[b"\x78\x9c\xab"], "deflate"),
        ] {
            let (events, error) = read(chunks).await;
            assert!(events.is_empty() && error.is_some_and(|it| it.contains(name)), "{chunks:?}");
        }
        let (events, error) = read(&[b"x^: y\ndata: x\n\n"]).await;
        assert_eq!((events, error), (vec!["x".to_owned()], None));
    }
}
