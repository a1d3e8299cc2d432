//! A Casper node, played: JSON-RPC. What it tells by itself is in `events`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::events::{self, Log};
use super::format::{self, Variant};
use super::transaction::{TransactionRun, is_deploy, variant};
use crate::sandbox::clocks::Clocks;
use crate::sandbox::hash;
use crate::sandbox::player::Double;
use crate::sandbox::scenario::{Fault, Script};
use crate::sandbox::serving::{answer, header};

const NO_SUCH_DEPLOY: i64 = -32_000;
const NO_SUCH_TRANSACTION: i64 = -32_014;
const VARIANT_MISMATCH: i64 = -32_015;
const METHOD_NOT_FOUND: i64 = -32_601;
const INVALID_PARAMS: i64 = -32_602;
const PARSE_ERROR: i64 = -32_700;

/// What JSON-RPC and the events have in common.
#[derive(Default)]
pub(super) struct Node {
    pub(super) clocks: Clocks,
    log: Mutex<Log>,
}

pub(super) type Shared = Arc<Node>;

pub(in crate::sandbox) fn router() -> Router {
    Router::new()
        .route("/casper/rpc", post(rpc))
        .route("/casper/events", get(events::events))
        .with_state(Shared::default())
}

/// Why there is no result.
enum Refusal {
    /// An error of JSON-RPC.
    Error(i64, &'static str),
    Upstream,
    TooFast,
}

const INVALID: Refusal = Refusal::Error(INVALID_PARAMS, "Invalid params");

impl Refusal {
    fn response(self, id: &Value) -> Response {
        match self {
            Refusal::Error(code, message) => answer(200, &format::error(id, code, message)),
            Refusal::Upstream => answer(502, &json!("try again")),
            Refusal::TooFast => {
                let mut response = answer(429, &json!("slow down"));
                response.headers_mut().insert(RETRY_AFTER, header("1"));
                response
            }
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy)]
enum Question<'a> {
    /// A transaction, by its variant and hash.
    Transaction(Variant, &'a str),
    /// A deploy, by its hash.
    Deploy(&'a str),
}

impl<'a> Question<'a> {
    fn of(request: &'a Value) -> Result<Self, Refusal> {
        let params = &request["params"];
        match request["method"].as_str() {
            Some("info_get_transaction") => {
                let tagged = params["transaction_hash"].as_object().ok_or(INVALID)?;
                match (tagged.len(), tagged.iter().next()) {
                    (1, Some((tag, Value::String(hash)))) => {
                        let variant = Variant::tagged(tag).ok_or(INVALID)?;
                        Ok(Question::Transaction(variant, hash))
                    }
                    _ => Err(INVALID),
                }
            }
            Some("info_get_deploy") => {
                params["deploy_hash"].as_str().map(Question::Deploy).ok_or(INVALID)
            }
            _ => Err(Refusal::Error(METHOD_NOT_FOUND, "Method not found")),
        }
    }

    fn hash(self) -> &'a str {
        match self {
            Question::Transaction(_, hash) | Question::Deploy(hash) => hash,
        }
    }

    fn unknown(self) -> Refusal {
        match self {
            Question::Transaction(..) => Refusal::Error(NO_SUCH_TRANSACTION, "No such transaction"),
            Question::Deploy(_) => Refusal::Error(NO_SUCH_DEPLOY, "No such deploy"),
        }
    }

    fn fits(self, id: &str) -> bool {
        match self {
            Question::Transaction(asked, _) => asked == variant(id),
            Question::Deploy(_) => is_deploy(id),
        }
    }
}

impl Node {
    /// The buffer of events.
    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn result(&self, question: Question<'_>) -> Result<Value, Refusal> {
        if !hash::is_hash(question.hash()) {
            return Err(INVALID);
        }
        let id = hash::read(question.hash()).ok_or_else(|| question.unknown())?;
        let play = Script::of(Double::Casper, &id).ok_or_else(|| question.unknown())?;
        let start = self.clocks.touch(&id, |start| start.requests += 1);
        let age = start.age();
        match (play.quirk, start.requests) {
            (Fault::Flaky, 1 | 4) => return Err(Refusal::Upstream),
            (Fault::Flaky, 2) => return Err(Refusal::TooFast),
            (Fault::Late(until), _) if age < until => return Err(question.unknown()),
            _ if question.fits(&id) => {}
            _ => {
                return Err(Refusal::Error(VARIANT_MISMATCH, "it is of the other variant"));
            }
        }
        let index = play.at(age);
        let run = TransactionRun { id: &id, play, start };
        let info = run.execution_info(index);
        Ok(run.sent(index, |sent| match question {
            Question::Transaction(..) => format::transaction_result(sent, info),
            Question::Deploy(_) => format::deploy_result(sent, info),
        }))
    }
}

async fn rpc(State(node): State<Shared>, body: Bytes) -> Response {
    let Ok(request) = serde_json::from_slice::<Value>(&body) else {
        return Refusal::Error(PARSE_ERROR, "Parse error").response(&Value::Null);
    };
    let id = &request["id"];
    match Question::of(&request).and_then(|question| node.result(question)) {
        Ok(result) => answer(200, &format::response(id, result)),
        Err(refusal) => refusal.response(id),
    }
}
