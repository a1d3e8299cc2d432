//! The server of a Casper node's double: JSON-RPC. What the node tells by itself is in [`events`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::chain::Chain;
use super::format::{self, Variant};
use super::log::Log;
use super::transaction::{execution_info, is_deploy, sent, variant};
use crate::sandbox::fault::RequestFault;
use crate::sandbox::hash;
use crate::sandbox::run_answer::tell;
use crate::sandbox::schedule::{Run, Schedule};
use crate::sandbox::serving::{answer, retry_after};

const NO_SUCH_DEPLOY: i64 = -32_000;
const NO_SUCH_BLOCK: i64 = -32_001;
const NO_SUCH_TRANSACTION: i64 = -32_014;
const VARIANT_MISMATCH: i64 = -32_015;
const METHOD_NOT_FOUND: i64 = -32_601;
const INVALID_PARAMS: i64 = -32_602;
const PARSE_ERROR: i64 = -32_700;
/// Two codes of proxies' own.
const LIMIT_EXCEEDED: i64 = -32_005;
const RATE_LIMITED: i64 = -32_007;

/// What JSON-RPC and the events have in common.
pub(super) struct Node {
    pub(super) schedule: Arc<Schedule>,
    chain: Chain,
    log: Mutex<Log>,
}

pub(super) type Shared = Arc<Node>;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/casper/rpc", post(rpc))
}

/// Why there is no result.
enum Refusal {
    /// An error of JSON-RPC.
    Error(i64, &'static str),
    /// An error of HTTP.
    Fault(RequestFault),
}

const INVALID: Refusal = Refusal::Error(INVALID_PARAMS, "Invalid params");

/// What is asked for.
#[derive(Clone, Copy)]
enum Question<'a> {
    /// A transaction, by its variant and hash.
    Transaction(Variant, &'a str),
    /// A deploy, by its hash.
    Deploy(&'a str),
    /// Where the node stands.
    Status,
    /// A block, by its height.
    Block(u64),
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
            Some("info_get_status") => Ok(Question::Status),
            Some("chain_get_block") => {
                let height = params["block_identifier"]["Height"].as_u64();
                height.map(Question::Block).ok_or(INVALID)
            }
            _ => Err(Refusal::Error(METHOD_NOT_FOUND, "Method not found")),
        }
    }
}

/// A question about a transaction.
#[derive(Clone, Copy)]
struct Asked<'a> {
    /// The hash of it.
    hash: &'a str,
    /// As what; none for a deploy in the words of 1.x.
    variant: Option<Variant>,
}

impl Asked<'_> {
    fn unknown(self) -> Refusal {
        match self.variant {
            Some(_) => Refusal::Error(NO_SUCH_TRANSACTION, "No such transaction"),
            None => Refusal::Error(NO_SUCH_DEPLOY, "No such deploy"),
        }
    }

    fn fits(self, id: &str) -> bool {
        self.variant.map_or_else(|| is_deploy(id), |asked| asked == variant(id))
    }
}

impl Node {
    pub(super) fn new(schedule: Arc<Schedule>) -> Self {
        let log = Mutex::new(Log::new(schedule.speed()));
        Node { schedule, chain: Chain::new(Timestamp::now()), log }
    }

    /// The buffer of events.
    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is asked for, and the run that it is about.
    fn result(&self, question: Question<'_>) -> Result<(Option<Run>, Value), Refusal> {
        let now = Timestamp::now();
        let about_run = |(run, result)| (Some(run), result);
        match question {
            Question::Transaction(variant, hash) => {
                self.transaction(Asked { hash, variant: Some(variant) }).map(about_run)
            }
            Question::Deploy(hash) => {
                self.transaction(Asked { hash, variant: None }).map(about_run)
            }
            Question::Status => Ok((None, self.chain.status(now, self.schedule.is_stuck()))),
            Question::Block(height) => {
                let unknown = Refusal::Error(NO_SUCH_BLOCK, "No such block");
                self.chain.block(height, now).map(|block| (None, block)).ok_or(unknown)
            }
        }
    }

    fn transaction(&self, asked: Asked<'_>) -> Result<(Run, Value), Refusal> {
        if !hash::is_hash(asked.hash) {
            return Err(INVALID);
        }
        // What is no text names no scenario.
        let id = hash::read(asked.hash).unwrap_or_default();
        let run = self.schedule.request(&id, true).map_err(|fault| match fault {
            RequestFault::Unknown | RequestFault::NotYet => asked.unknown(),
            fault => Refusal::Fault(fault),
        })?;
        if !asked.fits(&id) {
            return Err(Refusal::Error(VARIANT_MISMATCH, "it is of the other variant"));
        }
        let step = run.step();
        let info = execution_info(&run, step);
        let result = sent(&run, step, |sent| match asked.variant {
            Some(_) => format::transaction_result(sent, info),
            None => format::deploy_result(sent, info),
        });
        Ok((run, result))
    }

    fn response(&self, id: &Value, refusal: &Refusal) -> Response {
        match refusal {
            Refusal::Error(code, message) => answer(200, &format::error(id, *code, message)),
            Refusal::Fault(RequestFault::TooMany(wait)) => {
                retry_after(answer(429, &json!("slow down")), self.schedule.speed(), *wait)
            }
            Refusal::Fault(_) => answer(502, &json!("try again")),
        }
    }
}

/// Errors that proxies in front of nodes answer by themselves, one of them with its code as text.
fn proxy_errors(id: &Value) -> [Value; 3] {
    let error = |code, message| format::error(id, code, message);
    let mut text = error(LIMIT_EXCEEDED, "Too many requests");
    text["error"]["code"] = LIMIT_EXCEEDED.to_string().into();
    [error(LIMIT_EXCEEDED, "limit exceeded"), error(RATE_LIMITED, "request rate limited"), text]
}

async fn rpc(State(node): State<Shared>, body: Bytes) -> Response {
    let Ok(request) = serde_json::from_slice::<Value>(&body) else {
        return answer(200, &format::error(&Value::Null, PARSE_ERROR, "Parse error"));
    };
    let id = &request["id"];
    match Question::of(&request).and_then(|question| node.result(question)) {
        Ok((run, result)) => {
            let response = format::response(id, result);
            match run {
                Some(run) => tell(&node.schedule, &run, &response, &proxy_errors(id)),
                None => answer(200, &response),
            }
        }
        Err(refusal) => node.response(id, &refusal),
    }
}
