//! The server of Transak's double: REST. What it pushes is in [`socket`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::format;
use super::market::Market;
use super::order::{order, other_attempt};
use crate::protocol::jwt;
use crate::sandbox::fault::RequestFault;
use crate::sandbox::run_answer::tell;
use crate::sandbox::schedule::{Run, Schedule};
use crate::sandbox::serving::{answer, retry_after};
use crate::sandbox::{API_KEY, API_SECRET, TOKEN};

/// How long an issued access token is good for, in seconds.
const TOKEN_LIFE: i64 = 7 * 24 * 60 * 60;

/// What REST and Pusher have in common.
pub(super) struct Transak {
    pub(super) schedule: Arc<Schedule>,
    pub(super) market: Market,
    /// The access token that was issued last.
    issued: Mutex<Option<String>>,
}

pub(super) type Shared = Arc<Transak>;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/partners/api/v2/order/{id}", get(one))
        .route("/partners/api/v2/orders", get(list))
        .route("/partners/api/v2/refresh-token", post(refresh))
}

fn error(status: u16, name: &str, message: &str) -> Response {
    answer(status, &format::error(status, name, message))
}

fn bad_request(message: &str) -> Response {
    error(400, "Bad Request", message)
}

/// Whether a request has an access token that was issued or that everybody knows, and no wrong API key. Transak wants
/// the key on every call; clients that are older than that rule do not send it.
fn is_known(headers: &HeaderMap) -> bool {
    let token = headers.get("access-token").and_then(|value| value.to_str().ok());
    let is_issued = |token: &str| jwt::verify(token, &[API_SECRET.as_bytes()]).is_ok();
    token.is_some_and(|token| token == TOKEN || is_issued(token))
        && headers.get("x-api-key").is_none_or(|key| key == API_KEY)
}

impl Transak {
    pub(super) fn new(schedule: Arc<Schedule>) -> Self {
        let market = Market::new(schedule.speed());
        Transak { schedule, market, issued: Mutex::default() }
    }

    /// What messages are signed with.
    pub(super) fn token(&self) -> String {
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.clone().unwrap_or_else(|| TOKEN.to_owned())
    }

    /// An order for a client.
    ///
    /// # Errors
    /// Why the client does not see it now.
    fn find(&self, id: &str, headers: &HeaderMap) -> Result<Run, RequestFault> {
        self.schedule.request(id, is_known(headers))
    }

    /// The answer that tells of an order, or what its scenario has in place of that.
    fn tell(&self, run: &Run, body: &Value) -> Response {
        tell(&self.schedule, run, body, &[format::error(500, "Internal Server Error", "try again")])
    }

    fn refusal(&self, fault: RequestFault) -> Response {
        match fault {
            RequestFault::Denied => unauthorized(),
            RequestFault::Unknown | RequestFault::NotYet => bad_request("Order not found"),
            RequestFault::Upstream => error(502, "Bad Gateway", "try again"),
            RequestFault::TooMany(wait) => {
                let response = error(429, "Too Many Requests", "slow down");
                retry_after(response, self.schedule.speed(), wait)
            }
        }
    }

    /// Every order that was asked for, newest first.
    fn all(&self) -> Vec<Value> {
        let known = self.schedule.since(0).into_iter().rev().filter(Run::is_known);
        known.map(|run| now(&run)).collect()
    }
}

/// An order as it is now.
fn now(run: &Run) -> Value {
    order(run, &run.id, run.step(), Duration::ZERO, format::record)
}

fn unauthorized() -> Response {
    error(401, "Unauthorized", "Authorization Required")
}

async fn one(
    State(transak): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match transak.find(&id, &headers) {
        Ok(run) => transak.tell(&run, &format::found(now(&run))),
        Err(fault) => transak.refusal(fault),
    }
}

/// Bought and completed orders are listed by default, as documented; of one reference, orders of every status, as
/// integrators see it. Nothing is so old that dates would matter.
async fn list(
    State(transak): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let reference = query.get("filter[partnerOrderId]");
    let run = match reference.map(|reference| transak.find(reference, &headers)) {
        None => None,
        Some(Ok(run)) => Some(run),
        Some(Err(RequestFault::Unknown | RequestFault::NotYet)) => {
            return bad_request("Invalid partnerOrderId or order not found");
        }
        Some(Err(fault)) => return transak.refusal(fault),
    };
    let mut orders = match &run {
        Some(run) => attempts(run),
        None if is_known(&headers) => transak.all(),
        None => return unauthorized(),
    };
    let given = |key: &str, default| query.get(key).map_or(default, String::as_str);
    let statuses =
        words(given("filter[status]", if reference.is_some() { "" } else { "COMPLETED" }));
    let products = words(given("filter[productsAvailed]", r#"["BUY"]"#));
    let buys = products.iter().any(|product| product == "BUY");
    let is_listed = |order: &Value| {
        buys && (statuses.is_empty() || statuses.iter().any(|status| order["status"] == *status))
    };
    orders.retain(is_listed);
    let count = |key, default| given(key, default).parse::<usize>().unwrap_or_default();
    let query = format::Query {
        statuses: &statuses,
        products: &products,
        reference: reference.map(String::as_str),
        skip: count("skip", "0"),
        limit: count("limit", "100"),
    };
    let is_told = !orders.is_empty();
    let body = format::list(&query, orders);
    match run.filter(|_| is_told) {
        Some(run) => transak.tell(&run, &body),
        None => answer(200, &body),
    }
}

/// The orders with one reference, newest first.
fn attempts(run: &Run) -> Vec<Value> {
    let other = other_attempt(run, run.step(), format::record);
    other.into_iter().chain([now(run)]).collect()
}

/// The words of a filter: one, or a list in JSON.
fn words(filter: &str) -> Vec<String> {
    match serde_json::from_str(filter) {
        Ok(words) => words,
        Err(_) if filter.is_empty() => Vec::new(),
        Err(_) => vec![filter.to_owned()],
    }
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
    let expires_at = now + TOKEN_LIFE;
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
