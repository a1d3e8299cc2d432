//! A Casper node: JSON-RPC, and its stream of events.
//!
//! Facts from casper-sidecar (resources/test/rpc_schema.json, rpc_sidecar/src/rpcs/error_code.rs,
//! types/src/sse_data.rs) and docs.casper.network (operators/setup/node-events,
//! developers/monitor-and-consume-events).

mod execution;
mod feed;
pub(super) mod hash;
pub(super) mod words;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Feed, Id, NOT_JSON, Pace, Provider, Reading, Setting, SettingKind, Settings, Spec, Unit, json,
};
use crate::lifecycle::{Kind, Report, Status, Transaction};
use crate::wire::{Auth, Base, Request, Response};
use execution::Execution;
use feed::NodeFeed;

const HTTP: &[&str] = &["http", "https"];
/// How long after the end of its time to live a transaction that was not executed is taken for expired: a
/// block that took it in at the last moment has to be executed and to reach this node.
const MARGIN: Duration = Duration::from_secs(3 * 60);

/// What is fixed about a node.
pub(super) static SPEC: Spec = Spec {
    name: "casper",
    title: "the Casper node",
    settings: &[
        Setting::required("url", SettingKind::Url(HTTP), "the node's JSON-RPC, http://host:7777/rpc"),
        Setting::optional("push_url", SettingKind::Url(HTTP), "its events, http://host:9999/events")
            .or("none: requests alone carry a watch"),
    ],
    personal: &[],
    pace: Pace { interval: Duration::from_secs(5), safety: Duration::from_secs(30) },
    id_shape: "the hash of a deploy or transaction: 64 hex digits",
    account: false,
    probe_id: "0000000000000000000000000000000000000000000000000000000000000000",
    check_id: hash::check,
    canonical: hash::canonical,
    cost: Unit::Motes,
    build: |settings| Ok(Arc::new(Node::new(settings)?)),
};

/// A node behind its two addresses.
struct Node {
    rpc: Base,
    events: Option<Base>,
}

impl Node {
    fn new(settings: &Settings) -> Result<Self, String> {
        let rpc = settings.base("url", HTTP)?.ok_or("url is missing")?;
        Ok(Node { rpc, events: settings.base("push_url", HTTP)? })
    }

    fn ask(&self, method: &str, params: &Value) -> Request {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        Request::post(self.rpc.url().clone(), Auth::None, body.to_string())
    }
}

impl Provider for Node {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    /// A bare hash does not tell what it is of: first a transaction of 2.0, then a deploy, and at last the
    /// only question that a node of 1.x knows.
    fn snapshots(&self, id: &Id, _now: Timestamp) -> Vec<Request> {
        let tagged = |tag: &str| {
            let hash = json!({ tag: id.as_str() });
            let params = json!({ "transaction_hash": hash, "finalized_approvals": false });
            self.ask("info_get_transaction", &params)
        };
        let deploy = json!({ "deploy_hash": id.as_str(), "finalized_approvals": false });
        vec![tagged("Version1"), tagged("Deploy"), self.ask("info_get_deploy", &deploy)]
    }

    fn read(&self, id: &Id, response: &Response, now: Timestamp) -> Reading {
        let body = match json::object(&response.body) {
            Ok(body) => body,
            Err(problem) => return unreadable(response.status, &problem),
        };
        if let Some(Value::Object(error)) = body.get("error") {
            return refused(error);
        }
        match (response.status, body.get("result")) {
            (401 | 403, _) => Reading::Denied(response.status.to_string()),
            (408 | 425 | 429 | 500..=599, _) => Reading::Busy(response.status.to_string()),
            (200..=299, Some(Value::Object(result))) => match report(id, result, now) {
                Ok(report) => Reading::Observed(Box::new(report)),
                Err(problem) => Reading::Bad(format!("its answer cannot be read: {problem}")),
            },
            (status, _) => Reading::Bad(format!("it answered {status} without a result")),
        }
    }

    fn feeds(&self, ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)> {
        match &self.events {
            Some(events) if !ids.is_empty() => {
                vec![(Box::new(NodeFeed::new(events.url().clone(), ids)), ids.to_vec())]
            }
            _ => Vec::new(),
        }
    }

    fn push_name(&self) -> &'static str {
        "events"
    }

    /// That it expired may have been inferred, and then the network knows better.
    fn revives(&self) -> fn(Status, Status) -> bool {
        |from, to| from == Status::Expired && matches!(to, Status::Completed | Status::Failed)
    }
}

fn unreadable(status: u16, problem: &str) -> Reading {
    match status {
        401 | 403 => Reading::Denied(status.to_string()),
        408 | 425 | 429 | 500..=599 => Reading::Busy(status.to_string()),
        status => Reading::Bad(format!("it answered {status} {NOT_JSON}: {problem}")),
    }
}

/// An error of JSON-RPC. A node that does not know the method is an older one.
fn refused(error: &Map<String, Value>) -> Reading {
    let code = error.get("code").and_then(Value::as_i64);
    let message = json::text(error, "message").unwrap_or_else(|| "an error".to_owned());
    let told = code.map_or(message.clone(), |code| format!("{message} ({code})"));
    match code {
        Some(-32000 | -32014 | -32015 | -32601) => Reading::NotFound(told),
        Some(-32018 | -32603) => Reading::Busy(told),
        _ => Reading::Bad(format!("it answered {told}")),
    }
}

/// What a node knows of a transaction: `{transaction | deploy, execution_info | execution_results}`.
fn report(id: &Id, result: &Map<String, Value>, now: Timestamp) -> Result<Report, String> {
    let header = header(id, result)?;
    let (word, execution, block) = match execution(result)? {
        Found::Executed(execution, block) => ("processed", execution, block),
        Found::Included(block) => ("included", Execution::default(), block),
        Found::Nothing if header.has_ended(now) => ("expired", Execution::default(), None),
        Found::Nothing => ("pending", Execution::default(), None),
    };
    Ok(make_report(word, execution, header.timestamp_text, block, Value::Object(result.clone())))
}

/// A report in the words of CSPR.cloud, which a node has none of.
fn make_report(
    word: &str,
    execution: Execution,
    created_at: Option<String>,
    block: Option<String>,
    data: Value,
) -> Report {
    let error = execution.error;
    Report {
        status: words::status(word, error.as_deref()),
        detail: words::meaning(word, error.as_deref()),
        transaction: Transaction {
            kind: kind(&data),
            cost: execution.cost,
            block,
            created_at,
            error,
            ..Transaction::default()
        },
        data: Some(data),
        ..Report::new(Status::Unknown, word)
    }
}

/// A native transfer, or else a call.
fn kind(data: &Value) -> Option<Kind> {
    let session = data.pointer("/deploy/session").or_else(|| data.pointer("/transaction/Deploy/session"));
    let entry_point = data.pointer("/transaction/Version1/payload/fields/entry_point");
    match (session, entry_point) {
        (Some(session), _) if session.get("Transfer").is_some() => Some(Kind::Transfer),
        (Some(_), _) => Some(Kind::Call),
        (None, Some(Value::String(word))) if word == "Transfer" => Some(Kind::Transfer),
        (None, Some(_)) => Some(Kind::Call),
        (None, None) => None,
    }
}

/// What a transaction says of itself.
struct Header {
    timestamp_text: Option<String>,
    ends_at: Option<Timestamp>,
}

impl Header {
    /// It cannot be executed any more, by the node's own clock.
    fn has_ended(&self, now: Timestamp) -> bool {
        let believed = self.ends_at.and_then(|end| end.checked_add(MARGIN).ok());
        believed.is_some_and(|end| now > end)
    }
}

fn header(id: &Id, result: &Map<String, Value>) -> Result<Header, String> {
    let transaction = result.get("transaction");
    let inner = transaction.and_then(|it| it.get("Version1").or_else(|| it.get("Deploy")));
    let inner = inner.or_else(|| result.get("deploy")).ok_or("it has no transaction")?;
    let hash = inner.get("hash").and_then(Value::as_str);
    if hash.is_some_and(|hash| !hash.eq_ignore_ascii_case(id.as_str())) {
        return Err("it is about another transaction".to_owned());
    }
    let about = inner.get("payload").or_else(|| inner.get("header")).and_then(Value::as_object);
    let text = |key| about.and_then(|about| json::text(about, key));
    let timestamp_text = text("timestamp");
    let begins_at: Option<Timestamp> = timestamp_text.as_deref().and_then(|time| time.parse().ok());
    let lasts = text("ttl").and_then(|ttl| humantime::parse_duration(&ttl).ok());
    let ends_at = begins_at.zip(lasts).and_then(|(begin, ttl)| begin.checked_add(ttl).ok());
    Ok(Header { timestamp_text, ends_at })
}

/// How far a transaction came.
enum Found {
    Executed(Execution, Option<String>),
    Included(Option<String>),
    Nothing,
}

/// `execution_info` of 2.0, or the list `execution_results` of 1.x.
fn execution(result: &Map<String, Value>) -> Result<Found, String> {
    let block = |info: &Value| info.get("block_hash").and_then(Value::as_str).map(str::to_owned);
    match result.get("execution_info") {
        Some(Value::Null) | None => {}
        Some(info @ Value::Object(object)) => {
            return Ok(match object.get("execution_result") {
                Some(Value::Null) | None => Found::Included(block(info)),
                Some(result) => Found::Executed(Execution::of(result)?, block(info)),
            });
        }
        Some(other) => return Err(format!("its execution is {}", json::kind(other))),
    }
    match result.get("execution_results").and_then(Value::as_array).map(Vec::as_slice) {
        Some([first, ..]) => {
            let result = first.get("result").ok_or("its execution has no result")?;
            Ok(Found::Executed(Execution::of(result)?, block(first)))
        }
        _ => Ok(Found::Nothing),
    }
}

#[cfg(test)]
mod tests;
