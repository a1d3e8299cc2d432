//! A lookup at a node: up to three questions, for a bare hash does not tell what it is the hash of.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;

use super::record::report;
use crate::protocol::json_rpc::{self, RpcError, RpcResponse};
use crate::provider::{Id, Lookup, Reading, Step, json};
use crate::wire::{Auth, Request, Response, StatusClass};

/// The questions, in the order in which they are asked until one is answered.
const QUESTIONS: [Question; 3] = [Question::Version1, Question::Deploy, Question::Older];

#[derive(Clone, Copy, Debug)]
enum Question {
    /// A transaction of 2.0.
    Version1,
    /// A deploy, as a node of 2.0 is asked.
    Deploy,
    /// The only question that a node of 1.x knows.
    Older,
}

/// A lookup of one hash.
pub(super) struct NodeLookup {
    rpc: Url,
    id: Id,
    asked: usize,
    /// The wall clock of this machine when the last question was asked.
    now: Timestamp,
}

impl NodeLookup {
    pub(super) fn new(rpc: Url, id: Id) -> Self {
        NodeLookup { rpc, id, asked: 0, now: Timestamp::UNIX_EPOCH }
    }

    fn request(&self, question: Question) -> Request {
        let tagged = |tag: &str| {
            let hash = json!({ tag: self.id.as_str() });
            json!({ "transaction_hash": hash, "finalized_approvals": false })
        };
        let (method, params) = match question {
            Question::Version1 => ("info_get_transaction", tagged("Version1")),
            Question::Deploy => ("info_get_transaction", tagged("Deploy")),
            Question::Older => {
                let hash = self.id.as_str();
                ("info_get_deploy", json!({ "deploy_hash": hash, "finalized_approvals": false }))
            }
        };
        json_rpc::call(&self.rpc, Auth::None, method, &params)
    }
}

impl Lookup for NodeLookup {
    fn next(&mut self, now: Timestamp) -> Option<Request> {
        let question = QUESTIONS.get(self.asked)?;
        self.asked += 1;
        self.now = now;
        Some(self.request(*question))
    }

    fn received(&mut self, response: &Response) -> Step {
        // The node's clock or ours, whichever is behind: neither may end a transaction by being ahead.
        let now = response.date.map_or(self.now, |theirs| theirs.min(self.now));
        match read(&self.id, response, now) {
            Reading::NotFound(_) if self.asked < QUESTIONS.len() => Step::Ask,
            reading => {
                self.asked = QUESTIONS.len();
                Step::done(reading)
            }
        }
    }
}

/// Errors of JSON-RPC come with HTTP's 200; any other status is from what stands before the node. `now` is a
/// time that has passed for the node and for us.
fn read(id: &Id, response: &Response, now: Timestamp) -> Reading {
    let body = json::object(&response.body);
    let text = match &body {
        Ok(_) => response.status.to_string(),
        Err(problem) => format!("{} without a JSON body: {problem}", response.status),
    };
    match (response.class(), body) {
        (StatusClass::Success, Ok(body)) => read_answer(id, body, response.retry_after, now),
        (StatusClass::Denied, _) => Reading::Denied(text),
        (StatusClass::Busy, _) => Reading::Busy { answer: text, retry_after: response.retry_after },
        _ => Reading::Malformed(format!(
            "it answered {text}; is the url that of its JSON-RPC, as in http://host:7777/rpc?"
        )),
    }
}

fn read_answer(
    id: &Id,
    body: Map<String, Value>,
    retry_after: Option<Duration>,
    now: Timestamp,
) -> Reading {
    match json_rpc::read_response(body) {
        RpcResponse::Result(result) => match report(id, result, now) {
            Ok(report) => Reading::Observed(Box::new(report)),
            Err(problem) => Reading::Malformed(format!("its answer cannot be read: {problem}")),
        },
        RpcResponse::Error(error) => read_error(error, retry_after),
        RpcResponse::Malformed => {
            let problem = "its answer has neither a result nor an error of JSON-RPC";
            Reading::Malformed(problem.to_owned())
        }
    }
}

/// The codes are those of casper-sidecar (rpc_sidecar/src/rpcs/error_code.rs). A node that does not know the
/// method is an older one.
fn read_error(error: RpcError, retry_after: Option<Duration>) -> Reading {
    match error.code {
        Some(-32000 | -32014 | -32015 | -32601) => Reading::NotFound(error.text),
        Some(-32018 | -32603) => Reading::Busy { answer: error.text, retry_after },
        _ => Reading::Malformed(format!("it answered {}", error.text)),
    }
}
