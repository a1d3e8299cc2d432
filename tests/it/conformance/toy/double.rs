//! The toy, played: its JSON, and the one route.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};
use txwatch::sandbox::{Double, Endpoints, Fault, RequestFault, Run, Schedule, Stage, TOKEN, tell};

/// The toy's double.
pub(in crate::conformance) struct ToyDouble;

impl Double for ToyDouble {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn has_stage(&self, _: Stage) -> bool {
        true
    }

    fn has_fault(&self, _: Fault) -> bool {
        true
    }

    fn endpoints(&self) -> Endpoints {
        Endpoints { path: "/toy", push_path: "/toy", push_scheme: "ws" }
    }

    fn settings(&self, url: String, _push_url: String) -> Vec<(&'static str, String)> {
        vec![("url", url)]
    }

    fn secrets(&self) -> &'static [(&'static str, &'static str)] {
        &[("token", TOKEN)]
    }

    fn router(&self, schedule: Arc<Schedule>) -> Router {
        Router::new().route("/toy/v1/status", get(list)).with_state(schedule)
    }
}

async fn list(
    State(schedule): State<Arc<Schedule>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let is_known = headers.get(AUTHORIZATION).is_some_and(|it| *it == format!("Bearer {TOKEN}"));
    let (mut rows, mut first) = (Vec::new(), None);
    for id in query.get("ids").map(String::as_str).unwrap_or_default().split(',') {
        match schedule.request(id, is_known) {
            Ok(run) => {
                rows.push(row(&run));
                first.get_or_insert(run);
            }
            Err(RequestFault::Unknown | RequestFault::NotYet) => {}
            Err(RequestFault::Denied) => return answer(401, None, &json!({ "error": "no token" })),
            Err(RequestFault::Upstream) => return answer(502, None, &json!({ "error": "again" })),
            Err(RequestFault::TooMany(wait)) => {
                let wait = schedule.speed().real(wait).as_secs();
                return answer(429, Some(wait), &json!({ "error": "slow down" }));
            }
        }
    }
    let body = json!({ "transactions": rows });
    match first {
        Some(run) => tell(&schedule, &run, &body, &[json!({ "error": "again" })]),
        None => answer(200, None, &body),
    }
}

fn row(run: &Run) -> Value {
    let step = run.script.story[run.step()];
    json!({
        "id": *run.id,
        "state": state(step.stage),
        "changed": run.written(step.at()),
        "amount": "12.50",
        "currency": "EUR",
        "payer": "rehearsal-user",
    })
}

fn state(stage: Stage) -> &'static str {
    match stage {
        Stage::Pending => "waiting",
        Stage::Verified | Stage::Processing => "working",
        Stage::OnHold => "held",
        Stage::Completed => "done",
        Stage::Failed => "broken",
        Stage::Cancelled => "revoked",
        Stage::Expired => "late",
        Stage::Refunded => "returned",
    }
}

fn answer(status: u16, retry_after: Option<u64>, body: &Value) -> Response {
    let builder = Response::builder().status(status);
    let builder = retry_after.into_iter().fold(builder, |it, wait| it.header(RETRY_AFTER, wait));
    builder.body(Body::from(body.to_string())).unwrap()
}
