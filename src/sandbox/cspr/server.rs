//! The server of CSPR.cloud's double: REST. What it pushes is in [`stream`].

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use axum::routing::get;

use super::{deploy, format};
use crate::sandbox::fault::RequestFault;
use crate::sandbox::run_answer::tell;
use crate::sandbox::schedule::Schedule;
use crate::sandbox::serving::{answer, retry_after};
use crate::sandbox::{TOKEN, hash};

pub(super) type Shared = Arc<Schedule>;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/cspr/deploys/{hash}", get(deploy))
}

pub(super) fn error(status: u16, code: &str, message: &str) -> Response {
    answer(status, &format::error(code, message))
}

pub(super) fn unauthorized() -> Response {
    error(401, "unauthorized", "the sandbox does not accept this token")
}

/// The token goes bare, without the word of a scheme.
pub(super) fn is_known(headers: &HeaderMap) -> bool {
    headers.get(AUTHORIZATION).is_some_and(|token| token == TOKEN)
}

async fn deploy(
    State(schedule): State<Shared>,
    Path(hash): Path<String>,
    headers: HeaderMap,
) -> Response {
    let is_known = is_known(&headers);
    if is_known && !hash::is_hash(&hash) {
        return error(400, "invalid_input", "deploy_hash is not a hash");
    }
    // What is no text names no scenario.
    let id = hash::read(&hash).unwrap_or_default();
    match schedule.request(&id, is_known) {
        Ok(run) => {
            let found = format::found(deploy::record(&run, run.step()));
            tell(&schedule, &run, &found, &[format::error("internal_error", "try again later")])
        }
        Err(RequestFault::Denied) => unauthorized(),
        Err(RequestFault::Unknown) if !id.is_empty() => {
            error(404, "not_found", &schedule.explain(&id))
        }
        Err(RequestFault::Unknown | RequestFault::NotYet) => {
            error(404, "not_found", "no such deploy")
        }
        Err(RequestFault::Upstream) => error(502, "bad_gateway", "try again"),
        Err(RequestFault::TooMany(wait)) => {
            let response = error(429, "rate_limit_exceeded", "slow down");
            retry_after(response, schedule.speed(), wait)
        }
    }
}
