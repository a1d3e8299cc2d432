//! WebSockets over a stream that the HTTP client upgraded (RFC 6455).

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::header::{
    CONNECTION, HeaderMap, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::{Method, StatusCode, Upgraded};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message as RawFrame};
use url::Url;

use super::http::{may_be_gateway, redacted, retry_after};
use super::{Error, ErrorKind, MAX_MESSAGE, Message, Transport};
use crate::wire::{Frame, Request, StatusClass, Token};

/// In bytes; small, for thousands of sockets may be idle at once.
const READ_BUFFER: usize = 4 * 1024;
/// How long sending a frame may take if the peer does not read.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the closing handshake may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// An open WebSocket.
pub struct Socket {
    stream: WebSocketStream<Upgraded>,
    token: Token,
    /// The code to close with, if the peer violated the protocol.
    close_code: Option<CloseCode>,
}

impl Transport {
    pub(super) async fn upgrade(&self, request: &Request, token: &Token) -> Result<Socket, Error> {
        let address = request.url.as_str();
        let phase = "the WebSocket upgrade to";
        let failed = async |error| self.client_error(phase, request, token, error).await;
        let key = generate_key();
        let builder = self
            .request_builder(Method::GET, with_http_scheme(&request.url), request, token)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key);
        let response = match self.tunnel_for(&request.url) {
            Some(proxy) => self.send_through(proxy, phase, &request.url, builder).await?,
            None => match builder.send().await {
                Ok(response) => response,
                Err(error) => return Err(failed(error).await),
            },
        };
        self.check_answer(phase, request, &response, token)?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(upgrade_error(address, response, token).await);
        }
        check_handshake(address, response.headers(), &key)?;
        let stream = match response.upgrade().await {
            Ok(stream) => stream,
            Err(error) => return Err(failed(error).await),
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let stream = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
        Ok(Socket { stream, token: token.clone(), close_code: None })
    }
}

/// The URL for the HTTP client, which knows no `ws` or `wss`; on the wire it is the same.
fn with_http_scheme(url: &Url) -> Url {
    let mut url = url.clone();
    let scheme = match url.scheme() {
        "wss" | "https" => "https",
        _ => "http",
    };
    // Between special schemes this cannot fail.
    let _ = url.set_scheme(scheme);
    url
}

async fn upgrade_error(address: &str, response: reqwest::Response, token: &Token) -> Error {
    /// The largest body that is read for a reason, in bytes.
    const MAX_REASON: usize = 1024;
    let status = response.status().as_u16();
    let kind = ErrorKind::from_status(StatusClass::of(status));
    let retry_after = retry_after(response.headers());
    let may_be_gateway = may_be_gateway(&response);
    let is_short = response.content_length().is_none_or(|length| length <= MAX_REASON as u64);
    let reason = if is_short {
        error_detail(&response.text().await.unwrap_or_default(), token)
    } else {
        String::new()
    };
    let mut error =
        Error::new(kind, format!("{address} refused the WebSocket upgrade: {status}{reason}"));
    error.retry_after = retry_after;
    error.may_be_gateway = may_be_gateway;
    error
}

/// What a JSON error body says, as ` (unauthorised: invalid_token)`.
fn error_detail(body: &str, token: &Token) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(&token.redact(body)) else {
        return String::new();
    };
    let fields = match fields.get("error") {
        Some(serde_json::Value::Object(error)) => error,
        _ => &fields,
    };
    let texts: Vec<_> =
        ["error", "code", "message"].iter().filter_map(|key| fields.get(*key)?.as_str()).collect();
    if texts.is_empty() { String::new() } else { format!(" ({})", texts.join(": ")) }
}

fn check_handshake(address: &str, headers: &HeaderMap, key: &str) -> Result<(), Error> {
    let get = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let problem = if get(UPGRADE).is_none_or(|to| !to.eq_ignore_ascii_case("websocket")) {
        "it switched to something else"
    } else if get(SEC_WEBSOCKET_ACCEPT) != Some(derive_accept_key(key.as_bytes()).as_str()) {
        "its Sec-WebSocket-Accept is wrong"
    } else if get(SEC_WEBSOCKET_EXTENSIONS).is_some_and(|list| !list.trim().is_empty()) {
        "it turned on an extension that was not offered"
    } else if get(SEC_WEBSOCKET_PROTOCOL).is_some() {
        "it chose a subprotocol that was not offered"
    } else {
        return Ok(());
    };
    Err(Error::new(
        ErrorKind::Unsupported,
        format!("the WebSocket upgrade to {address} failed: {problem}"),
    ))
}

impl Socket {
    /// Waits for the next frame. Cancel-safe.
    ///
    /// # Errors
    /// The connection is lost, or the peer violated the protocol.
    pub async fn next(&mut self) -> Result<Frame, Error> {
        let lost = |message: String| Err(Error::new(ErrorKind::Unreachable, message));
        match self.stream.next().await {
            Some(Ok(RawFrame::Text(text))) => {
                Ok(Frame::Text(self.token.redact(&text).into_owned()))
            }
            Some(Ok(RawFrame::Binary(bytes))) => {
                Ok(Frame::Binary(redacted(bytes.into(), &self.token)))
            }
            Some(Ok(RawFrame::Ping(_) | RawFrame::Pong(_) | RawFrame::Frame(_))) => {
                Ok(Frame::Alive)
            }
            Some(Ok(RawFrame::Close(Some(close)))) => {
                let reason = self.token.redact(&close.reason).into_owned();
                Ok(Frame::Closed(Some(close.code.into()), reason))
            }
            Some(Ok(RawFrame::Close(None))) => Ok(Frame::Closed(None, String::new())),
            Some(Err(error)) => {
                self.close_code = close_code(&error);
                let problem = match error {
                    tungstenite::Error::Capacity(_) => {
                        format!("a message of more than {} MiB", MAX_MESSAGE >> 20)
                    }
                    error => self.token.redact(&error.to_string()).into_owned(),
                };
                lost(format!("the connection broke: {problem}"))
            }
            None => lost("the connection was closed".to_owned()),
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The connection is lost, or the peer does not read.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        let frame = match message {
            Message::Text(text) => RawFrame::text(text),
            Message::Binary(bytes) => RawFrame::binary(bytes),
        };
        self.write(frame).await
    }

    /// Sends a ping frame.
    ///
    /// # Errors
    /// The connection is lost, or the peer does not read.
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.write(RawFrame::Ping(Vec::new().into())).await
    }

    /// Closes the connection: answers the peer's close frame, or sends one with the code of its violation.
    pub(super) async fn close(&mut self) {
        let closing = async {
            match self.close_code.take() {
                Some(code) => {
                    let frame = CloseFrame { code, reason: "".into() };
                    self.stream.close(Some(frame)).await
                }
                None => SinkExt::close(&mut self.stream).await,
            }
        };
        // If the peer does not take the frame, the connection is dropped without it.
        let _ = timeout(CLOSE_TIMEOUT, closing).await;
    }

    async fn write(&mut self, frame: RawFrame) -> Result<(), Error> {
        let lost = |message: String| Error::new(ErrorKind::Unreachable, message);
        match timeout(SEND_TIMEOUT, self.stream.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(lost(format!("the connection broke: {error}"))),
            Err(_) => Err(lost("the peer does not read".to_owned())),
        }
    }
}

/// The close code for a violation of the protocol (RFC 6455, section 7.4.1).
fn close_code(error: &tungstenite::Error) -> Option<CloseCode> {
    match error {
        tungstenite::Error::Protocol(_) => Some(CloseCode::Protocol),
        tungstenite::Error::Utf8(_) => Some(CloseCode::Invalid),
        tungstenite::Error::Capacity(_) => Some(CloseCode::Size),
        _ => None,
    }
}
