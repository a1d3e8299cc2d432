//! Transak, played: REST. What it pushes is in `pusher`.
#![allow(clippy::disallowed_methods)] // it has clocks of its own

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::http::header::RETRY_AFTER;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::market::Market;
use super::order::order;
use super::{format, socket};
use crate::protocol::jwt;
use crate::sandbox::clocks::{Clocks, Start};
use crate::sandbox::player::Double;
use crate::sandbox::scenario::{Fault, Script};
use crate::sandbox::serving::{answer, header};
use crate::sandbox::{API_KEY, API_SECRET, TOKEN};

/// What goes before a partner's reference in a target.
pub(in crate::sandbox) const PARTNER: &str = "partner/";
/// How long an issued access token is good for, in seconds.
const LIFE: i64 = 7 * 24 * 60 * 60;

/// What REST and Pusher have in common.
#[derive(Default)]
pub(super) struct Transak {
    pub(super) clocks: Clocks,
    pub(super) market: Market,
    /// The access token that was issued last.
    issued: Mutex<Option<String>>,
}

pub(super) type Shared = Arc<Transak>;

pub(in crate::sandbox) fn router() -> Router {
    Router::new()
        .route("/partners/api/v2/order/{id}", get(one))
        .route("/partners/api/v2/orders", get(list))
        .route("/partners/api/v2/refresh-token", post(refresh))
        .route("/app/{key}", get(socket::socket))
        .with_state(Shared::default())
}

/// An error body; the name of a status is HTTP's.
fn error(status: u16, name: &str, message: &str) -> Response {
    answer(status, &format::error(status, name, message))
}

fn bad_request(message: &str) -> Response {
    error(400, "Bad Request", message)
}

/// Why a client may not look now.
enum Refusal {
    Unauthorized,
    Upstream,
    TooFast,
}

impl Refusal {
    fn response(self) -> Response {
        match self {
            Refusal::Unauthorized => error(401, "Unauthorized", "Authorization Required"),
            Refusal::Upstream => error(502, "Bad Gateway", "try again"),
            Refusal::TooFast => {
                let mut response = error(429, "Too Many Requests", "slow down");
                response.headers_mut().insert(RETRY_AFTER, header("1"));
                response
            }
        }
    }
}

/// The access token of a request: the one that everybody knows, or one that was issued.
fn is_known(headers: &HeaderMap) -> bool {
    let token = headers.get("access-token").and_then(|value| value.to_str().ok());
    token
        .is_some_and(|token| token == TOKEN || jwt::verify(token, &[API_SECRET.as_bytes()]).is_ok())
}

impl Transak {
    /// What messages are signed with.
    pub(super) fn token(&self) -> String {
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.clone().unwrap_or_else(|| TOKEN.to_owned())
    }

    /// Looks at an order for a client. Nothing is the answer if there is none.
    fn look(&self, id: &str, headers: &HeaderMap) -> Result<Option<Value>, Refusal> {
        let play = Script::of(Double::Transak, id);
        if !is_known(headers) || play.is_some_and(|play| play.quirk == Fault::Denied) {
            return Err(Refusal::Unauthorized);
        }
        let Some(play) = play else {
            return Ok(None);
        };
        let start = self.clocks.touch(id, |start| start.requests += 1);
        match (play.quirk, start.requests) {
            (Fault::Flaky, 1 | 4) => Err(Refusal::Upstream),
            (Fault::Flaky, 2) => Err(Refusal::TooFast),
            _ => Ok(now(id, &play, start)),
        }
    }

    /// Every order that was touched.
    fn all(&self) -> Vec<Value> {
        let started = self.clocks.since(0).into_iter();
        started
            .filter_map(|(id, start)| now(&id, &Script::of(Double::Transak, &id)?, start))
            .collect()
    }
}

/// The order as it is now, if it exists by now.
fn now(id: &str, play: &Script, start: Start) -> Option<Value> {
    let age = start.age();
    match play.quirk {
        Fault::Late(until) if age < until => None,
        _ => Some(order(id, play, play.at(age), start, format::record)),
    }
}

async fn one(
    State(transak): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match transak.look(&id, &headers) {
        Ok(Some(order)) => answer(200, &format::found(order)),
        Ok(None) => bad_request("Order not found"),
        Err(refusal) => refusal.response(),
    }
}

/// The filters have the documented defaults, which hide what is not completed or not bought. Nothing is
/// so old that dates would matter.
async fn list(
    State(transak): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let mut orders = match query.get("filter[partnerOrderId]") {
        Some(reference) => match transak.look(reference, &headers) {
            Ok(found) => found.into_iter().collect(),
            Err(refusal) => return refusal.response(),
        },
        None if is_known(&headers) => transak.all(),
        None => return Refusal::Unauthorized.response(),
    };
    let given = |key: &str, default| query.get(key).map_or(default, String::as_str);
    let status = given("filter[status]", "COMPLETED");
    let products: Vec<String> =
        serde_json::from_str(given("filter[productsAvailed]", r#"["BUY"]"#)).unwrap_or_default();
    let buys = products.iter().any(|product| product == "BUY");
    orders.retain(|order| buys && order["status"] == status);
    orders.reverse();
    let count = |key, default| given(key, default).parse::<usize>().unwrap_or_default();
    let query = format::Query {
        status,
        products: &products,
        skip: count("skip", "0"),
        limit: count("limit", "100"),
    };
    answer(200, &format::list(&query, orders))
}

/// Issues an access token, with which messages are signed from then on.
async fn refresh(State(transak): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    if headers.get("api-secret").is_none_or(|secret| secret != API_SECRET) {
        return bad_request(
            "Invalid api-secret. Please generate new api-secret from Partner Dashboard",
        );
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if body["apiKey"] != API_KEY {
        return bad_request("Invalid apiKey");
    }
    let now = Timestamp::now().as_second();
    let expires_at = now + LIFE;
    let claims = json!({ "API_KEY": API_KEY, "iat": now, "exp": expires_at });
    match jwt::sign(&claims, API_SECRET.as_bytes()) {
        Ok(token) => {
            let mut issued = transak.issued.lock().unwrap_or_else(PoisonError::into_inner);
            *issued = Some(token.clone());
            answer(200, &format::access_token(&token, expires_at))
        }
        Err(problem) => error(500, "Internal Server Error", &problem),
    }
}
