//! What every provider's server does alike: JSON answers and the upgrade to a WebSocket.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CONNECTION, CONTENT_TYPE, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SERVER, UPGRADE,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::speed::Speed;

/// The server's side of a WebSocket.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A JSON answer.
pub(super) fn answer(status: u16, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, header("application/json"));
    headers.insert(SERVER, header("txwatch-sandbox"));
    response
}

/// The same, and how long the client is to wait before it asks again.
pub(super) fn retry_after(mut response: Response, speed: Speed, wait: Duration) -> Response {
    response.headers_mut().insert(RETRY_AFTER, speed.real_seconds(wait).into());
    response
}

pub(super) fn header(text: &'static str) -> HeaderValue {
    HeaderValue::from_static(text)
}

/// Accepts an upgrade and plays on the socket; none if the request asks for no WebSocket.
pub(super) fn upgrade<F>(
    mut request: Request,
    play: impl FnOnce(Socket) -> F + Send + 'static,
) -> Option<Response>
where
    F: Future<Output = ()> + Send,
{
    let key = request.headers().get(SEC_WEBSOCKET_KEY)?;
    let accept = derive_accept_key(key.as_bytes());
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            let stream = TokioIo::new(upgraded);
            play(WebSocketStream::from_raw_socket(stream, Role::Server, None).await).await;
        }
    });
    Some(switching(&accept))
}

fn switching(accept: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, header("Upgrade"));
    headers.insert(UPGRADE, header("websocket"));
    if let Ok(accept) = accept.parse() {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}
