//! Proof, played: REST, and the WebSocket in both of its forms.
#![allow(clippy::disallowed_methods)] // it has clocks of its own

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SERVER, UPGRADE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::json;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::scenario::{Quirk, Scenario, Step};
use super::{Clocks, Start, TOKEN};

type Shared = Arc<Clocks>;

pub(super) fn router(clocks: Shared) -> Router {
    Router::new()
        .route("/widget/transactions/{id}", get(transaction))
        .route("/ws", get(socket))
        .fallback(|| async { error(404, "not_found", "not_found", "no such path in the sandbox") })
        .with_state(clocks)
}

/// An error body of the current generation.
fn error(status: u16, slug: &str, code: &str, message: &str) -> Response {
    answer(status, &json!({ "error": slug, "code": code, "message": message }))
}

fn answer(status: u16, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, header("application/json"));
    headers.insert(SERVER, header("txwatch-sandbox"));
    response
}

fn header(text: &'static str) -> axum::http::HeaderValue {
    axum::http::HeaderValue::from_static(text)
}

fn is_known(headers: &HeaderMap, query: Option<&str>) -> bool {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer "));
    bearer.or(query) == Some(TOKEN)
}

fn unauthorised() -> Response {
    error(401, "unauthorised", "invalid_token", "the sandbox does not accept this token")
}

async fn transaction(
    State(clocks): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(scenario) = Scenario::of(&id) else {
        return match is_known(&headers, None) {
            true => error(404, "not_found", "not_found", "no such transaction"),
            false => unauthorised(),
        };
    };
    if scenario.quirk == Quirk::Denied || !is_known(&headers, None) {
        return unauthorised();
    }
    let start = clocks.touch(&id, |start| start.requests += 1);
    let age = start.instant.elapsed();
    match (scenario.quirk, start.requests) {
        (Quirk::Flaky, 1 | 4) => error(502, "upstream_error", "provider_error", "try again"),
        (Quirk::Flaky, 2) => {
            let mut response =
                error(429, "rate_limit_exceeded", "rate_limit_exceeded", "slow down");
            response.headers_mut().insert(RETRY_AFTER, header("1"));
            response
        }
        (Quirk::Late(until), _) if age < until => {
            error(404, "not_found", "not_found", "no such transaction yet")
        }
        _ => answer(200, &record(&id, scenario.at(age), start)),
    }
}

fn record(id: &str, step: &Step, start: Start) -> serde_json::Value {
    json!({
        "merchant_transaction_id": id,
        "partner_user_id": "rehearsal-user",
        "type": "buy",
        "status": step.word,
        "currency": "USDT",
        "network": "TRC20",
        "crypto_amount": crypto_amount(step),
        "fiat_currency": "EUR",
        "fiat_amount": "100.00",
        "created_at": time(start, Duration::ZERO),
        "updated_at": time(start, step.at()),
    })
}

/// Filled only once the crypto is on its way, as the documentation says.
fn crypto_amount(step: &Step) -> &'static str {
    match step.word {
        "processing" | "completed" => "99.50",
        _ => "",
    }
}

fn time(start: Start, age: Duration) -> String {
    let time = start.wall.checked_add(age).unwrap_or(Timestamp::MAX);
    format!("{time:.3}")
}

fn update(id: &str, step: &Step, start: Start) -> Message {
    let message = json!({
        "event": "tx.update",
        "merchant_transaction_id": id,
        "type": "buy",
        "status": step.word,
        "payment_method": "card",
        "currency": "USDT",
        "fiat_currency": "EUR",
        "fiat_amount": "100.00",
        "crypto_amount": crypto_amount(step),
        "occurred_at": time(start, step.at()),
    });
    Message::text(message.to_string())
}

/// What the socket says at a step of the story.
fn messages(id: &str, scenario: &Scenario, index: usize, start: Start) -> Vec<Message> {
    let now = update(id, &scenario.story[index], start);
    let before = || update(id, &scenario.story[index.saturating_sub(1)], start);
    match scenario.quirk {
        Quirk::Silent => Vec::new(),
        Quirk::Duplicate => vec![now.clone(), now],
        Quirk::Reorder => vec![now, before()],
        Quirk::Garbage => vec![
            Message::text("Ping"),
            Message::text("{\"event\":\"tx.update\",\"status\":"),
            Message::text("null"),
            Message::binary(vec![0x00, 0xff, 0x1b, b'[']),
            Message::text(
                json!({ "event": "tx.update", "merchant_transaction_id": id, "status": 7 })
                    .to_string(),
            ),
            Message::text(json!({ "event": "tx.created", "status": "completed" }).to_string()),
            now,
        ],
        _ => vec![now],
    }
}

async fn socket(
    State(clocks): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    mut request: Request,
) -> Response {
    let id = query.get("tx_id").cloned();
    if id.is_none() && !query.contains_key("user_id") {
        return error(400, "invalid_request", "missing_param", "tx_id is missing");
    }
    let scenario = id.as_deref().and_then(Scenario::of);
    let denied = scenario.is_some_and(|scenario| scenario.quirk == Quirk::Denied);
    if denied || !is_known(request.headers(), query.get("token").map(String::as_str)) {
        return unauthorised();
    }
    if let (Some(id), Some(scenario)) = (&id, scenario) {
        let start = clocks.touch(id, |start| start.upgrades += 1);
        if let Some(refusal) = refused(scenario, start) {
            return refusal;
        }
    }
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY).cloned() else {
        return error(400, "invalid_request", "missing_param", "this is a WebSocket");
    };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            let stream =
                WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
            play(stream, id, &clocks).await;
        }
    });
    switching(&derive_accept_key(key.as_bytes()))
}

fn refused(scenario: &Scenario, start: Start) -> Option<Response> {
    let away = match scenario.quirk {
        Quirk::Drop(from, until) => (from..until).contains(&start.instant.elapsed()),
        Quirk::Flaky => start.upgrades == 1,
        _ => false,
    };
    away.then(|| error(502, "upstream_unavailable", "upstream_unavailable", "the sandbox is away"))
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

/// Plays the stories of one transaction, or of all that were touched, until the peer leaves.
async fn play<S>(mut stream: WebSocketStream<S>, only: Option<String>, clocks: &Clocks)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut count = clocks.count.subscribe();
    let mut told = Instant::now();
    loop {
        let next = next_event(&only, clocks, told);
        let due = next.as_ref().map(|event| event.due);
        tokio::select! {
            () = sleep_until(due.unwrap_or_else(|| told + Duration::from_secs(3600))), if due.is_some() => {
                told = due.unwrap_or(told);
                for event in next.into_iter().flat_map(|event| event.says) {
                    let Some(message) = event else {
                        return; // cut, without a close frame
                    };
                    if stream.send(message).await.is_err() {
                        return;
                    }
                }
            }
            changed = count.changed() => if changed.is_err() { return },
            heard = stream.next() => if !matches!(heard, Some(Ok(_))) { return },
        }
    }
}

/// What a socket does next: say something, or (`None`) be cut.
struct Next {
    due: Instant,
    says: Vec<Option<Message>>,
}

fn next_event(only: &Option<String>, clocks: &Clocks, told: Instant) -> Option<Next> {
    let followed = clocks.followed(only.as_deref());
    followed.iter().filter_map(|(id, start)| next_of(id, *start, told)).min_by_key(|next| next.due)
}

fn next_of(id: &str, start: Start, told: Instant) -> Option<Next> {
    let scenario = Scenario::of(id)?;
    let age = told.saturating_duration_since(start.instant);
    let step = scenario.after(age).map(|(index, step)| Next {
        due: start.instant + step.at(),
        says: messages(id, scenario, index, start).into_iter().map(Some).collect(),
    });
    let cut = match scenario.quirk {
        Quirk::Drop(from, _) if age < from => {
            Some(Next { due: start.instant + from, says: vec![None] })
        }
        _ => None,
    };
    [step, cut].into_iter().flatten().min_by_key(|next| next.due)
}
