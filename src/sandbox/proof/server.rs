//! The server of Proof's double: REST, and the WebSocket of one transaction or of all of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::format;
use crate::sandbox::TOKEN;
use crate::sandbox::fault::{ConnectionFault, Fault, RequestFault};
use crate::sandbox::run_answer::tell;
use crate::sandbox::scenario::{Event, Stage};
use crate::sandbox::schedule::{EventQueue, Run, Schedule, sleep_until};
use crate::sandbox::serving::{Socket, answer, retry_after, upgrade};

type Shared = Arc<Schedule>;

pub(super) fn router(schedule: Shared) -> Router {
    Router::new()
        .route("/widget/transactions/{id}", get(transaction))
        .route("/ws", get(socket))
        .fallback(|| async { error(404, "not_found", "not_found", "no such path in the sandbox") })
        .with_state(schedule)
}

fn error(status: u16, slug: &str, code: &str, message: &str) -> Response {
    answer(status, &format::error(slug, code, message))
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
    State(schedule): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match schedule.request(&id, is_known(&headers, None)) {
        Ok(run) => {
            let step = run.step();
            let record = told(&run, step, run.script.story[step].at(), format::record);
            let error = format::error("internal_error", "internal_error", "try again later");
            tell(&schedule, &run, &record, &[error])
        }
        Err(RequestFault::Denied) => unauthorised(),
        Err(RequestFault::Unknown) => error(404, "not_found", "not_found", &schedule.explain(&id)),
        Err(RequestFault::NotYet) => {
            error(404, "not_found", "not_found", "no such transaction yet")
        }
        Err(RequestFault::Upstream) => error(502, "upstream_error", "provider_error", "try again"),
        Err(RequestFault::TooMany(wait)) => {
            let slug = "rate_limit_exceeded";
            retry_after(error(429, slug, slug, "slow down"), schedule.speed(), wait)
        }
    }
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

/// What is told of a transaction at a step of its story, which it took at this age by the clock of who tells.
fn told(
    run: &Run,
    step: usize,
    at: Duration,
    write: fn(&format::Transaction<'_>) -> Value,
) -> Value {
    let step = run.script.story[step];
    write(&format::Transaction {
        id: &run.id,
        status: word(step.stage),
        // Filled only once the crypto is on its way, as the documentation says.
        crypto_amount: match step.stage {
            Stage::Processing | Stage::Completed => "99.50",
            _ => "",
        },
        created_at: &run.written(Duration::ZERO),
        changed_at: Some(&run.written(at)),
        ..format::Transaction::default()
    })
}

/// What the socket says at a step of the story.
fn messages(run: &Run, step: usize) -> Vec<Message> {
    let update = |step| {
        let at = run.script.pushed_at(step);
        Message::text(told(run, step, at, format::update).to_string())
    };
    let updates = run.script.messages(step).into_iter().map(update);
    match run.script.fault {
        Fault::Garbage => garbage(&run.id).into_iter().chain(updates).collect(),
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
    State(schedule): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    let id = query.get("tx_id");
    if id.is_none() && !query.contains_key("user_id") {
        return error(400, "invalid_request", "missing_param", "tx_id is missing");
    }
    let is_known = is_known(request.headers(), query.get("token").map(String::as_str));
    let followed = match id {
        Some(id) => schedule.connect(id, is_known).map(|run| Some(Vec::from_iter(run))),
        None if is_known => Ok(None),
        None => Err(ConnectionFault::Denied),
    };
    match followed {
        Ok(runs) => {
            upgrade(request, |socket| perform(socket, runs, schedule)).unwrap_or_else(|| {
                error(400, "invalid_request", "missing_param", "this is a WebSocket")
            })
        }
        Err(ConnectionFault::Denied) => unauthorised(),
        Err(_) => {
            let slug = "upstream_unavailable";
            error(502, slug, slug, "the sandbox is away")
        }
    }
}

/// Plays the story of one transaction, or of all there are, until the client leaves.
async fn perform(mut socket: Socket, only: Option<Vec<Run>>, schedule: Shared) {
    let mut count = schedule.subscribe();
    let mut events = EventQueue::default();
    let follows_all = only.is_none();
    match only {
        Some(runs) => runs.into_iter().for_each(|run| events.follow_from_now((), run)),
        None => events.follow_all_from_now(&(), &schedule),
    }
    loop {
        tokio::select! {
            () = sleep_until(events.due()) => match events.take_next() {
                Some(((), run, Event::Step(step))) => {
                    for message in messages(&run, step) {
                        if socket.send(message).await.is_err() {
                            return;
                        }
                    }
                }
                Some(((), _, Event::Lost)) => return, // without a close frame
                None => {}
            },
            Ok(()) = count.changed(), if follows_all => {
                events.follow_new(&(), &schedule, |_| Some(Duration::ZERO));
            }
            received = socket.next() => if !matches!(received, Some(Ok(_))) { return },
        }
    }
}
