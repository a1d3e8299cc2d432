//! Proof, played: REST, and the WebSocket in both of its forms.
#![allow(clippy::disallowed_methods)] // it has clocks of its own

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::response::Response;
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;

use super::format;
use crate::sandbox::TOKEN;
use crate::sandbox::clocks::{Clocks, Start};
use crate::sandbox::player::Double;
use crate::sandbox::scenario::{Event, Fault, Script, Stage, Step};
use crate::sandbox::serving::{Socket, answer, header, upgrade};

type Shared = Arc<Clocks>;

pub(in crate::sandbox) fn router() -> Router {
    Router::new()
        .route("/widget/transactions/{id}", get(transaction))
        .route("/ws", get(socket))
        .fallback(|| async { error(404, "not_found", "not_found", "no such path in the sandbox") })
        .with_state(Shared::default())
}

/// An error body of the current generation.
fn error(status: u16, slug: &str, code: &str, message: &str) -> Response {
    answer(status, &format::error(slug, code, message))
}

/// The word for a stage.
fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Pending => "pending",
        Stage::Verified | Stage::Processing | Stage::OnHold => "processing",
        Stage::Completed => "completed",
        Stage::Failed => "failed",
        Stage::Cancelled => "cancelled",
        Stage::Expired => "expired",
        Stage::Refunded => "refunded",
    }
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
    let Some(play) = Script::of(Double::Proof, &id) else {
        return if is_known(&headers, None) {
            error(404, "not_found", "not_found", "no such transaction")
        } else {
            unauthorised()
        };
    };
    if play.quirk == Fault::Denied || !is_known(&headers, None) {
        return unauthorised();
    }
    let start = clocks.touch(&id, |start| start.requests += 1);
    let age = start.age();
    match (play.quirk, start.requests) {
        (Fault::Flaky, 1 | 4) => error(502, "upstream_error", "provider_error", "try again"),
        (Fault::Flaky, 2) => {
            let mut response =
                error(429, "rate_limit_exceeded", "rate_limit_exceeded", "slow down");
            response.headers_mut().insert(RETRY_AFTER, header("1"));
            response
        }
        (Fault::Late(until), _) if age < until => {
            error(404, "not_found", "not_found", "no such transaction yet")
        }
        _ => answer(200, &told(&id, &play.story[play.at(age)], start, format::record)),
    }
}

/// What is told of a transaction at a step of its story.
fn told(
    id: &str,
    step: &Step,
    start: Start,
    write: fn(&format::Transaction<'_>) -> Value,
) -> Value {
    write(&format::Transaction {
        id,
        status: word(step.stage),
        crypto_amount: crypto_amount(step),
        created_at: &start.written(Duration::ZERO),
        changed_at: Some(&start.written(step.at())),
        ..format::Transaction::default()
    })
}

/// Filled only once the crypto is on its way, as the documentation says.
fn crypto_amount(step: &Step) -> &'static str {
    match step.stage {
        Stage::Processing | Stage::Completed => "99.50",
        _ => "",
    }
}

fn update(id: &str, step: &Step, start: Start) -> Message {
    Message::text(told(id, step, start, format::update).to_string())
}

/// What the socket says at a step of the story.
fn messages(id: &str, play: &Script, index: usize, start: Start) -> Vec<Message> {
    let updates = play.told(index).into_iter().map(|index| update(id, &play.story[index], start));
    match play.quirk {
        Fault::Garbage => garbage(id).into_iter().chain(updates).collect(),
        _ => updates.collect(),
    }
}

fn garbage(id: &str) -> Vec<Message> {
    vec![
        Message::text("Ping"),
        Message::text("{\"event\":\"tx.update\",\"status\":"),
        Message::text("null"),
        Message::binary(vec![0x00, 0xff, 0x1b, b'[']),
        Message::text(
            json!({ "event": "tx.update", "merchant_transaction_id": id, "status": 7 }).to_string(),
        ),
        Message::text(json!({ "event": "tx.created", "status": "completed" }).to_string()),
    ]
}

async fn socket(
    State(clocks): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    let id = query.get("tx_id").cloned();
    if id.is_none() && !query.contains_key("user_id") {
        return error(400, "invalid_request", "missing_param", "tx_id is missing");
    }
    let known = id.as_deref().and_then(|id| Script::of(Double::Proof, id));
    let denied = known.is_some_and(|play| play.quirk == Fault::Denied);
    if denied || !is_known(request.headers(), query.get("token").map(String::as_str)) {
        return unauthorised();
    }
    if let (Some(id), Some(play)) = (&id, known) {
        let start = clocks.touch(id, |start| start.upgrades += 1);
        if is_refused(&play, start) {
            let away = "upstream_unavailable";
            return error(502, away, away, "the sandbox is away");
        }
    }
    let upgraded = upgrade(request, |socket| async move { perform(socket, id, &clocks).await });
    upgraded
        .unwrap_or_else(|| error(400, "invalid_request", "missing_param", "this is a WebSocket"))
}

fn is_refused(play: &Script, start: Start) -> bool {
    play.is_away(start.age()) || (play.quirk == Fault::Flaky && start.upgrades == 1)
}

/// Plays the stories of one transaction, or of all that were touched, until the peer leaves.
async fn perform(mut stream: Socket, only: Option<String>, clocks: &Clocks) {
    let mut count = clocks.subscribe();
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
    let play = Script::of(Double::Proof, id)?;
    let (at, event) = play.next(Some(told.saturating_duration_since(start.instant)))?;
    let says = match event {
        Event::Step(index) => messages(id, &play, index, start).into_iter().map(Some).collect(),
        Event::Lost => vec![None],
    };
    Some(Next { due: start.instant + at, says })
}
