//! WebSocket over the stream that the client upgraded.

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

use super::http::{refused_redirect, retry_after};
use super::{Error, ErrorKind, MAX_MESSAGE, Message, Transport};
use crate::wire::{Frame, Request, StatusClass, Token};

/// Idle sockets hold no big buffers.
const READ_BUFFER: usize = 4 * 1024;
/// How long a frame of ours may wait for a peer that does not read.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the last frame of ours may wait.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// An open WebSocket.
pub struct Socket {
    stream: WebSocketStream<Upgraded>,
    token: Token,
    /// What the peer did wrong.
    fault: Option<CloseCode>,
}

impl Transport {
    pub(super) async fn upgrade(&self, request: &Request, token: &Token) -> Result<Socket, Error> {
        let address = request.url.as_str();
        let failed = |error| Error::from_client("the WebSocket upgrade to", address, error);
        let key = generate_key();
        let answer = self
            .authorised(Method::GET, http_form(&request.url), request, token)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key)
            .send()
            .await
            .map_err(failed)?;
        if let Some(error) =
            refused_redirect(address, answer.status(), answer.headers(), answer.url(), token)
        {
            return Err(error);
        }
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refused_upgrade(address, answer, token).await);
        }
        check_handshake(address, answer.headers(), &key)?;
        let stream = answer.upgrade().await.map_err(failed)?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let stream = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
        Ok(Socket { stream, token: token.clone(), fault: None })
    }
}

/// The client speaks `http`; on the wire it is the same.
fn http_form(url: &Url) -> Url {
    let mut url = url.clone();
    let scheme = match url.scheme() {
        "wss" | "https" => "https",
        _ => "http",
    };
    // Between special schemes this cannot fail.
    let _ = url.set_scheme(scheme);
    url
}

async fn refused_upgrade(address: &str, answer: reqwest::Response, token: &Token) -> Error {
    /// As much of the body as a reason may need.
    const REASON: usize = 1024;
    let status = answer.status().as_u16();
    let kind = ErrorKind::of_refusal(StatusClass::of(status));
    let wait = retry_after(answer.headers());
    let short = answer.content_length().is_none_or(|length| length <= REASON as u64);
    let reason =
        if short { reason(&answer.text().await.unwrap_or_default(), token) } else { String::new() };
    let mut error =
        Error::new(kind, format!("{address} refused the WebSocket upgrade: {status}{reason}"));
    error.retry_after = wait;
    error
}

/// ` (unauthorised: invalid_token)` from a JSON error body with text fields.
fn reason(body: &str, token: &Token) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(&token.redact(body)) else {
        return String::new();
    };
    let fields = match fields.get("error") {
        Some(serde_json::Value::Object(error)) => error,
        _ => &fields,
    };
    let words: Vec<_> =
        ["error", "code", "message"].iter().filter_map(|key| fields.get(*key)?.as_str()).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(": ")) }
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
    /// Waits for the next thing. Cancel-safe.
    ///
    /// # Errors
    /// The connection broke, or the peer broke the protocol.
    pub async fn next(&mut self) -> Result<Frame, Error> {
        let broken = |what: String| Err(Error::new(ErrorKind::Unreachable, what));
        match self.stream.next().await {
            Some(Ok(RawFrame::Text(text))) => {
                Ok(Frame::Text(self.token.redact(&text).into_owned()))
            }
            Some(Ok(RawFrame::Binary(bytes))) => Ok(Frame::Binary(bytes.into())),
            Some(Ok(RawFrame::Ping(_) | RawFrame::Pong(_) | RawFrame::Frame(_))) => {
                Ok(Frame::Alive)
            }
            Some(Ok(RawFrame::Close(Some(close)))) => {
                let reason = self.token.redact(&close.reason).into_owned();
                Ok(Frame::Closed(Some(close.code.into()), reason))
            }
            Some(Ok(RawFrame::Close(None))) => Ok(Frame::Closed(None, String::new())),
            Some(Err(error)) => {
                self.fault = fault(&error);
                let what = match error {
                    tungstenite::Error::Capacity(_) => {
                        format!("a message of more than {} MiB", MAX_MESSAGE >> 20)
                    }
                    error => self.token.redact(&error.to_string()).into_owned(),
                };
                broken(format!("the connection broke: {what}"))
            }
            None => broken("the connection was closed".to_owned()),
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The connection broke, or the peer does not read.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        let frame = match message {
            Message::Text(text) => RawFrame::text(text),
            Message::Binary(bytes) => RawFrame::binary(bytes),
        };
        self.write(frame).await
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// The connection broke, or the peer does not read.
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.write(RawFrame::Ping(Vec::new().into())).await
    }

    /// Ends the connection: answers the peer's close, or says what it did wrong.
    pub(super) async fn close(&mut self) {
        let goodbye = async {
            match self.fault.take() {
                Some(code) => {
                    let frame = CloseFrame { code, reason: "".into() };
                    self.stream.close(Some(frame)).await
                }
                None => SinkExt::close(&mut self.stream).await,
            }
        };
        // A peer that does not take it is gone, which is as good.
        let _ = timeout(GOODBYE_TIMEOUT, goodbye).await;
    }

    async fn write(&mut self, frame: RawFrame) -> Result<(), Error> {
        let broken = |what: String| Error::new(ErrorKind::Unreachable, what);
        match timeout(SEND_TIMEOUT, self.stream.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(broken(format!("the connection broke: {error}"))),
            Err(_) => Err(broken("the peer does not read".to_owned())),
        }
    }
}

/// The close code for what the peer did wrong (RFC 6455, section 7.4.1).
fn fault(error: &tungstenite::Error) -> Option<CloseCode> {
    match error {
        tungstenite::Error::Protocol(_) => Some(CloseCode::Protocol),
        tungstenite::Error::Utf8(_) => Some(CloseCode::Invalid),
        tungstenite::Error::Capacity(_) => Some(CloseCode::Size),
        _ => None,
    }
}
