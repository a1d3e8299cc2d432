//! CSPR.cloud, played: REST. What it pushes is in `stream`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::response::Response;
use axum::routing::get;

use super::deploy::Deploy;
use super::{format, stream};
use crate::sandbox::clocks::Clocks;
use crate::sandbox::player::Double;
use crate::sandbox::scenario::{Fault, Script};
use crate::sandbox::serving::{answer, header};
use crate::sandbox::{TOKEN, hash};

pub(super) type Shared = Arc<Clocks>;

pub(in crate::sandbox) fn router() -> Router {
    Router::new()
        .route("/cspr/deploys/{hash}", get(deploy))
        .route("/cspr/stream/deploys", get(stream::socket))
        .with_state(Shared::default())
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

/// A deploy that somebody asks for, and what it plays.
pub(super) fn find(hash: &str) -> Option<(String, Script)> {
    let id = hash::read(hash)?;
    let play = Script::of(Double::Cspr, &id)?;
    Some((id, play))
}

async fn deploy(
    State(clocks): State<Shared>,
    Path(hash): Path<String>,
    headers: HeaderMap,
) -> Response {
    let found = find(&hash);
    let denied = found.as_ref().is_some_and(|(_, play)| play.quirk == Fault::Denied);
    if denied || !is_known(&headers) {
        return unauthorized();
    }
    if !hash::is_hash(&hash) {
        return error(400, "invalid_input", "deploy_hash is not a hash");
    }
    let unknown = || error(404, "not_found", "no such deploy");
    let Some((id, play)) = found else {
        return unknown();
    };
    let start = clocks.touch(&id, |start| start.requests += 1);
    let age = start.age();
    match (play.quirk, start.requests) {
        (Fault::Flaky, 1 | 4) => error(502, "bad_gateway", "try again"),
        (Fault::Flaky, 2) => {
            let mut response = error(429, "rate_limit_exceeded", "slow down");
            response.headers_mut().insert(RETRY_AFTER, header("1"));
            response
        }
        (Fault::Late(until), _) if age < until => unknown(),
        _ => answer(200, &format::found(Deploy { id, play, start }.record(play.at(age)))),
    }
}
