//! A Casper node: JSON-RPC, and its stream of events.
//!
//! Facts from casper-sidecar (resources/test/rpc_schema.json, rpc_sidecar/src/rpcs/error_code.rs,
//! types/src/sse_data.rs) and docs.casper.network (operators/setup/node-events,
//! developers/monitor-and-consume-events).

mod execution;
mod feed;
pub(super) mod hash;
mod sent;
pub(super) mod words;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Feed, Id, NOT_JSON, Pace, Provider, Reading, Setting, SettingKind, Settings, Spec, Unit, json,
};
use crate::lifecycle::{Report, Status};
use crate::wire::{Auth, Base, Request, Response};
use execution::Execution;
use feed::NodeFeed;
use sent::Sent;

const HTTP: &[&str] = &["http", "https"];
/// How long after the end of its time to live a transaction that was not executed is taken for expired: a
/// block that took it in at the last moment has to be executed and to reach this node.
const MARGIN: Duration = Duration::from_secs(3 * 60);

/// What is fixed about a node.
pub(super) static SPEC: Spec = Spec {
    name: "casper",
    title: "the Casper node",
    settings: &[
        Setting::required(
            "url",
            SettingKind::Url(HTTP),
            "the node's JSON-RPC, http://host:7777/rpc",
        ),
        Setting::optional(
            "push_url",
            SettingKind::Url(HTTP),
            "its events, http://host:9999/events",
        )
        .or("none: requests alone carry a watch"),
    ],
    personal: &[],
    pace: Pace { interval: Duration::from_secs(5), safety: Duration::from_secs(30), quotas: &[] },
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

    /// Errors of JSON-RPC come with HTTP's 200; any other status is from what stands before the node.
    fn read(&self, id: &Id, response: &Response, now: Timestamp) -> Reading {
        let body = json::object(&response.body);
        let told = |body: &Result<Map<String, Value>, String>| match body {
            Ok(_) => response.status.to_string(),
            Err(problem) => format!("{} {NOT_JSON}: {problem}", response.status),
        };
        match (response.status, body) {
            (401 | 403, body) => Reading::Denied(told(&body)),
            (408 | 425 | 429 | 500..=599, body) => Reading::Busy(told(&body)),
            (200..=299, Ok(body)) => answer(id, body, now),
            (_, body) => Reading::Bad(format!(
                "it answered {}; is the url that of its JSON-RPC, as in http://host:7777/rpc?",
                told(&body)
            )),
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

    /// What was seen in a block did not run out of time, though a node that lags may not know of it.
    fn precludes(&self) -> fn(Status, Status) -> bool {
        |from, to| from == Status::Processing && to == Status::Expired
    }

    /// That it expired may have been inferred, and then the network knows better.
    fn revives(&self) -> fn(Status, Status) -> bool {
        |from, to| from == Status::Expired && matches!(to, Status::Completed | Status::Failed)
    }
}

/// `{"result": …}` or `{"error": {code, message}}`.
fn answer(id: &Id, mut body: Map<String, Value>, now: Timestamp) -> Reading {
    match (body.remove("error"), body.remove("result")) {
        (Some(Value::Object(error)), _) => refused(&error),
        (None | Some(Value::Null), Some(result)) => match report(id, result, now) {
            Ok(report) => Reading::Observed(Box::new(report)),
            Err(problem) => Reading::Bad(format!("its answer cannot be read: {problem}")),
        },
        _ => Reading::Bad("its answer has neither a result nor an error of JSON-RPC".to_owned()),
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
fn report(id: &Id, result: Value, now: Timestamp) -> Result<Report, String> {
    let sent = result.get("transaction").or_else(|| result.get("deploy"));
    let sent = sent.ok_or("it has no transaction")?;
    if Sent::hashes(sent).any(|hash| !hash.eq_ignore_ascii_case(id.as_str())) {
        return Err("it is about another transaction".to_owned());
    }
    let sent = Sent::of(sent);
    let (word, execution, block) = match progress(&result)? {
        Progress::Executed(execution, block) => ("processed", execution, block),
        Progress::Included(block) => ("included", Execution::default(), block),
        Progress::None if has_ended(&sent, now) => ("expired", Execution::default(), None),
        Progress::None | Progress::Untold => ("accepted", Execution::default(), None),
    };
    let report = sent.report(id, word, execution, block);
    Ok(Report { data: Some(result), ..report })
}

/// It cannot be executed any more. A node never says so in an answer.
fn has_ended(sent: &Sent<'_>, now: Timestamp) -> bool {
    let believed = sent.ends_at().and_then(|end| end.checked_add(MARGIN).ok());
    believed.is_some_and(|end| now > end)
}

/// How far a transaction came.
enum Progress {
    Executed(Execution, Option<String>),
    Included(Option<String>),
    None,
    /// The answer does not say, which is no ground to take it for expired.
    Untold,
}

/// `execution_info` of 2.0, or the list `execution_results` of 1.x.
fn progress(result: &Value) -> Result<Progress, String> {
    let block = |info: &Value| info.get("block_hash").and_then(Value::as_str).map(str::to_owned);
    match (result.get("execution_info"), result.get("execution_results")) {
        (Some(info @ Value::Object(object)), _) => match object.get("execution_result") {
            Some(Value::Null) | None => Ok(Progress::Included(block(info))),
            Some(result) => Ok(Progress::Executed(Execution::of(result)?, block(info))),
        },
        (_, Some(Value::Array(results))) => {
            let executed = |one: &Value| {
                let result = one.get("result").ok_or("its execution has no result")?;
                Ok::<_, String>((Execution::of(result)?, block(one)))
            };
            let mut all = results.iter().map(executed).collect::<Result<Vec<_>, _>>()?;
            // It is executed once; if there are several all the same, one that failed counts.
            let failed = all.iter().position(|(execution, _)| execution.error.is_some());
            Ok(if all.is_empty() {
                Progress::None
            } else {
                let (execution, block) = all.swap_remove(failed.unwrap_or_default());
                Progress::Executed(execution, block)
            })
        }
        (Some(Value::Null), None) => Ok(Progress::None),
        (None, None) => Ok(Progress::Untold),
        (Some(other), _) | (None, Some(other)) => {
            Err(format!("its execution is {}", json::kind(other)))
        }
    }
}

#[cfg(test)]
mod tests;
