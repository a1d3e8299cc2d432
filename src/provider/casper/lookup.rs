//! A lookup at a node: up to three queries, for a hash does not show whether it is that of a transaction or of a
//! deploy, nor which version the node runs.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;

use super::execution::DECIDING;
use super::record::read_report;
use crate::protocol::json_rpc::{self, RpcError, RpcResponse};
use crate::provider::{Id, Lookup, Reading, Step, json};
use crate::wire::{Auth, Request, Response, StatusClass};

/// The queries, in the order in which they are made until one finds the transaction.
const QUERIES: [Query; 3] = [Query::Version1, Query::Deploy, Query::Legacy];

#[derive(Clone, Copy, Debug)]
enum Query {
    /// A transaction, at a node of 2.0.
    Version1,
    /// A deploy, at a node of 2.0.
    Deploy,
    /// A deploy, at a node of 1.x.
    Legacy,
}

/// A lookup of one hash.
pub(super) struct NodeLookup {
    url: Url,
    id: Id,
    sent: usize,
    /// This machine's wall clock at the last query.
    now: Timestamp,
}

impl NodeLookup {
    pub(super) fn new(url: Url, id: Id) -> Self {
        NodeLookup { url, id, sent: 0, now: Timestamp::UNIX_EPOCH }
    }

    fn request(&self, query: Query) -> Request {
        let tagged = |tag: &str| {
            let hash = json!({ tag: self.id.as_str() });
            json!({ "transaction_hash": hash, "finalized_approvals": false })
        };
        let (method, params) = match query {
            Query::Version1 => ("info_get_transaction", tagged("Version1")),
            Query::Deploy => ("info_get_transaction", tagged("Deploy")),
            Query::Legacy => {
                let hash = self.id.as_str();
                ("info_get_deploy", json!({ "deploy_hash": hash, "finalized_approvals": false }))
            }
        };
        json_rpc::call(&self.url, Auth::None, method, &params)
    }
}

impl Lookup for NodeLookup {
    fn next(&mut self, now: Timestamp) -> Option<Request> {
        let query = QUERIES.get(self.sent)?;
        self.sent += 1;
        self.now = now;
        Some(self.request(*query))
    }

    fn received(&mut self, response: &Response) -> Step {
        // The earlier of both clocks: one that is ahead must not expire a transaction.
        let now = response.date.map_or(self.now, |theirs| theirs.min(self.now));
        match read(&self.id, response, now) {
            Reading::NotFound(_) if self.sent < QUERIES.len() => Step::Ask,
            reading => {
                self.sent = QUERIES.len();
                Step::done(reading)
            }
        }
    }
}

const IS_THE_URL_RIGHT: &str = "; is the url that of its JSON-RPC, as in http://host:7777/rpc?";

/// JSON-RPC errors come with status 200; any other status is that of a proxy in front of the node. `now` is the
/// earlier of the node's clock and this machine's.
fn read(id: &Id, response: &Response, now: Timestamp) -> Reading {
    let body = json::object(&response.body, DECIDING);
    let text = match &body {
        Ok(_) => response.status.to_string(),
        Err(problem) => format!("{} without a JSON body: {problem}", response.status),
    };
    match (response.class(), body) {
        (StatusClass::Success, Ok(body)) => read_answer(id, body, response.retry_after, now),
        (StatusClass::Denied, body) => Reading::from_error(response, text, body.is_ok()),
        (StatusClass::Busy, _) => Reading::Busy { answer: text, retry_after: response.retry_after },
        (StatusClass::Success, Err(json::Unreadable::Ambiguous(problem))) => {
            Reading::Malformed(format!("its answer cannot be read: {problem}"))
        }
        _ => Reading::Unusable(format!("it answered {text}{IS_THE_URL_RIGHT}")),
    }
}

fn read_answer(
    id: &Id,
    body: Map<String, Value>,
    retry_after: Option<Duration>,
    now: Timestamp,
) -> Reading {
    match json_rpc::read_response(body) {
        RpcResponse::Result(result) => match read_report(id, result, now) {
            Ok(read_report) => Reading::Observed(Box::new(read_report)),
            Err(problem) => Reading::Malformed(format!("its answer cannot be read: {problem}")),
        },
        RpcResponse::Error(error) => read_error(error, retry_after),
        RpcResponse::Malformed => {
            let problem = "its answer has neither a result nor an error of JSON-RPC";
            Reading::Malformed(problem.to_owned())
        }
    }
}

/// The codes are those of casper-sidecar (rpc_sidecar/src/rpcs/error_code.rs). -32601 (unknown method) is the
/// response of a node of the other version.
fn read_error(error: RpcError, retry_after: Option<Duration>) -> Reading {
    match error.code {
        Some(-32000 | -32014 | -32015 | -32601) => Reading::NotFound(error.text),
        Some(-32018 | -32603) => Reading::Busy { answer: error.text, retry_after },
        _ => Reading::Malformed(format!("it answered {}", error.text)),
    }
}
