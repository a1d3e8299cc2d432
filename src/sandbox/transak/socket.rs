//! Pusher Channels, played: the endpoint of protocol 7 at `/app/{key}`.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::{Path, Query, Request, State};
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::connection::{Connection, Output, say as message, welcome};
use super::pusher;
use super::server::Shared;
use crate::sandbox::PUSHER_KEY;
use crate::sandbox::schedule::sleep_until;
use crate::sandbox::serving::{Socket, answer, upgrade};

/// After so much silence a client is to ask for a sign of life. Short, so that the rehearsal of a dead
/// connection is.
const ACTIVITY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a dead connection is held.
const STALLED: Duration = Duration::from_secs(300);
/// How long the client may take to answer a close frame.
const CLOSING: Duration = Duration::from_secs(5);

/// A close code, and the reason.
type Refusal = (u16, &'static str);

/// A WebSocket at `/app/{key}?protocol=7`.
pub(super) async fn socket(
    State(transak): State<Shared>,
    Path(key): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    let refusal = refusal(&key, query.get("protocol").map(String::as_str));
    let upgraded = upgrade(request, move |socket| perform(socket, transak, refusal));
    upgraded.unwrap_or_else(|| answer(400, &json!({ "error": "this is a WebSocket" })))
}

fn refusal(key: &str, protocol: Option<&str>) -> Option<Refusal> {
    match protocol {
        _ if key != PUSHER_KEY => Some((4001, "Could not find an app by that key")),
        None => Some((4008, "No protocol version supplied")),
        Some("7") => None,
        Some(_) => Some((4007, "Unsupported protocol version")),
    }
}

async fn perform(mut socket: Socket, transak: Shared, refusal: Option<Refusal>) {
    let ending = match refusal {
        Some((code, reason)) => {
            let outputs =
                [message(&pusher::error(Some(code), reason)), Output::Close(code, reason)];
            say(&mut socket, outputs).await
        }
        None => match welcome(&transak) {
            Some(unwelcome) => Some(unwelcome),
            None => converse(&mut socket, transak).await,
        },
    };
    match ending {
        Some(Output::Close(code, reason)) => close(socket, code, reason).await,
        // Nobody reads from it meanwhile.
        Some(Output::Stall) => sleep(STALLED).await,
        _ => {}
    }
}

/// Says what is to be said; answers what ends the connection.
async fn say(socket: &mut Socket, outputs: impl IntoIterator<Item = Output>) -> Option<Output> {
    for output in outputs {
        match output {
            Output::Say(message) => {
                if socket.send(message).await.is_err() {
                    return Some(Output::Cut);
                }
            }
            ending => return Some(ending),
        }
    }
    None
}

/// Goes on until the connection ends; answers how.
async fn converse(socket: &mut Socket, transak: Shared) -> Option<Output> {
    let mut count = transak.schedule.subscribe();
    // In whole seconds, of which there is at least one.
    let activity_timeout = transak.schedule.speed().real_seconds(ACTIVITY_TIMEOUT).max(1);
    let mut connection = Connection::new(transak);
    let socket_id = format!("{}.{}", fastrand::u32(..), fastrand::u32(..));
    let mut outputs = vec![message(&pusher::connection_established(&socket_id, activity_timeout))];
    loop {
        if let Some(ending) = say(socket, outputs).await {
            return Some(ending);
        }
        outputs = tokio::select! {
            () = sleep_until(connection.due()) => connection.take_next(),
            Ok(()) = count.changed(), if connection.follows_all() => {
                connection.follow_new();
                Vec::new()
            }
            received = socket.next() => match received? {
                Ok(Message::Text(text)) => connection.received(&text),
                Ok(_) => Vec::new(),
                Err(_) => return None,
            },
        };
    }
}

/// Closes the connection, and waits until the client has read that.
async fn close(mut socket: Socket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code: code.into(), reason: reason.into() };
    if socket.close(Some(frame)).await.is_ok() {
        let answered = async { while let Some(Ok(_)) = socket.next().await {} };
        // Who does not answer is left.
        let _ = timeout(CLOSING, answered).await;
    }
}
