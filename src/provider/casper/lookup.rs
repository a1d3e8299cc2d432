//! A lookup at a node: up to three queries, for a hash does not show whether it is that of a transaction or of a
//! deploy, nor which version the node runs; and what proves that its time has run out.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::execution::DECIDING;
use super::expiry::{Lifetime, NodeStatus, Verdict, check_lowest};
use super::record::{Found, expired, read_report};
use crate::protocol::json_rpc::{self, RpcError, RpcResponse};
use crate::provider::{Id, Lookup, Reading, Report, Step, json};
use crate::warning::{Warning, WarningCode};
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

/// The JSON-RPC of a node.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) url: Url,
    pub(super) auth: Auth,
}

/// A lookup of one hash.
///
/// An answer without an execution may be older than the status that is asked for after it, or be that of a backend
/// that lags behind the one that answers next. So the status is asked for twice in a row, which reaches both backends
/// of a pair that takes turns, and the transaction once more after it: what is not in the blocks by then cannot be in
/// any other. Expiry is believed only if all these answers agree.
pub(super) struct NodeLookup {
    endpoint: Arc<Endpoint>,
    id: Id,
    question: Option<Question>,
    /// The node's clock at its last answer, if it told.
    date: Option<Timestamp>,
    /// Its last answer that it does not know the hash.
    not_found: Option<String>,
}

enum Question {
    /// The transaction; an index of [`QUERIES`].
    Transaction(usize),
    /// The node's status, once or twice.
    Status(StatusCount, Unexecuted),
    /// The lowest block that the node has.
    Block(u64, Unexecuted),
    /// The transaction after the node's status.
    TransactionAgain(Unexecuted),
}

#[derive(Clone, Copy)]
enum StatusCount {
    First,
    Second,
}

/// A transaction that was not executed, and whose time to live may have run out.
struct Unexecuted {
    report: Report,
    lifetime: Lifetime,
    /// The query that found it.
    query: usize,
}

impl NodeLookup {
    pub(super) fn new(endpoint: Arc<Endpoint>, id: Id) -> Self {
        let question = Some(Question::Transaction(0));
        NodeLookup { endpoint, id, question, date: None, not_found: None }
    }

    fn call(&self, method: &str, params: &Value) -> Request {
        json_rpc::call(&self.endpoint.url, self.endpoint.auth.clone(), method, params)
    }

    fn query(&self, query: Query) -> Request {
        let tagged = |tag: &str| {
            let hash = json!({ tag: self.id.as_str() });
            json!({ "transaction_hash": hash, "finalized_approvals": false })
        };
        match query {
            Query::Version1 => self.call("info_get_transaction", &tagged("Version1")),
            Query::Deploy => self.call("info_get_transaction", &tagged("Deploy")),
            Query::Legacy => {
                let hash = self.id.as_str();
                let params = json!({ "deploy_hash": hash, "finalized_approvals": false });
                self.call("info_get_deploy", &params)
            }
        }
    }

    fn ask(&mut self, question: Question) -> Step {
        self.question = Some(question);
        Step::Ask
    }

    /// The answer to the question where the transaction stands.
    fn transaction(&mut self, query: usize, response: &Response) -> Step {
        let (report, lifetime) = match read(&self.id, response) {
            Ok(Found::Unexecuted(report, lifetime)) => (report, lifetime),
            Ok(Found::Other(report)) => return observed(report),
            Err(reading) => return self.not_by_this(query, reading, is_unknown_method(response)),
        };
        match self.date {
            Some(date) if !lifetime.is_over(date) => observed(report),
            _ => {
                let unexecuted = Unexecuted { report, lifetime, query };
                self.ask(Question::Status(StatusCount::First, unexecuted))
            }
        }
    }

    /// The query found nothing. That the node does not know a method means that it runs the other version; one that
    /// knows none of them is no Casper node.
    fn not_by_this(&mut self, query: usize, reading: Reading, unknown_method: bool) -> Step {
        if let Reading::NotFound(text) = &reading {
            self.not_found = Some(text.clone());
        } else if !unknown_method {
            return Step::done(reading);
        }
        if query + 1 < QUERIES.len() {
            return self.ask(Question::Transaction(query + 1));
        }
        Step::done(self.not_found.take().map_or(reading, Reading::NotFound))
    }

    /// The answer to the question where the node stands.
    fn status(&mut self, count: StatusCount, unexecuted: Unexecuted, response: &Response) -> Step {
        let status = match call_result(response) {
            Ok(result) => NodeStatus::read(&result),
            Err(busy) if has_to_wait(response) => return Step::done(busy),
            Err(reading) => Err(in_words(reading)),
        };
        let status = match status {
            Ok(status) => status,
            Err(problem) => {
                let why = format!("the node's answer to info_get_status is of no use: {problem}");
                return unproven(unexecuted, &why);
            }
        };
        match (status.judge(&unexecuted.lifetime, self.date), count) {
            (Verdict::NotDue, _) => observed(unexecuted.report),
            (Verdict::Unproven(why), _) => unproven(unexecuted, &why),
            (Verdict::BlocksFrom(_), StatusCount::First) => {
                self.ask(Question::Status(StatusCount::Second, unexecuted))
            }
            // The chain's first block needs no question.
            (Verdict::BlocksFrom(0), StatusCount::Second) => {
                self.ask(Question::TransactionAgain(unexecuted))
            }
            (Verdict::BlocksFrom(low), StatusCount::Second) => {
                self.ask(Question::Block(low, unexecuted))
            }
        }
    }

    fn block(&mut self, low: u64, unexecuted: Unexecuted, response: &Response) -> Step {
        let checked = match call_result(response) {
            Ok(result) => check_lowest(&result, low, &unexecuted.lifetime),
            Err(busy) if has_to_wait(response) => return Step::done(busy),
            Err(reading) => Err(format!(
                "the node does not show its lowest block, {low}: {}",
                in_words(reading)
            )),
        };
        match checked {
            Ok(()) => self.ask(Question::TransactionAgain(unexecuted)),
            Err(why) => unproven(unexecuted, &why),
        }
    }

    fn transaction_again(&self, unexecuted: Unexecuted, response: &Response) -> Step {
        match read(&self.id, response) {
            Ok(Found::Unexecuted(report, lifetime)) if lifetime == unexecuted.lifetime => {
                observed(expired(report))
            }
            Ok(Found::Other(report)) => observed(report),
            Err(busy) if has_to_wait(response) => Step::done(busy),
            Ok(Found::Unexecuted(..)) => {
                unproven(unexecuted, "the node gave it another timestamp or time to live")
            }
            Err(reading) => {
                let why = format!("the node answered differently before: {}", in_words(reading));
                unproven(unexecuted, &why)
            }
        }
    }
}

impl Lookup for NodeLookup {
    /// This machine's clock decides nothing.
    fn next(&mut self, _now: Timestamp) -> Option<Request> {
        Some(match self.question.as_ref()? {
            Question::Transaction(query) => self.query(QUERIES[*query]),
            Question::Status(..) => self.call("info_get_status", &json!([])),
            Question::Block(height, _) => {
                let params = json!({ "block_identifier": { "Height": height } });
                self.call("chain_get_block", &params)
            }
            Question::TransactionAgain(unexecuted) => self.query(QUERIES[unexecuted.query]),
        })
    }

    fn received(&mut self, response: &Response) -> Step {
        self.date = response.date.or(self.date);
        match self.question.take() {
            Some(Question::Transaction(query)) => self.transaction(query, response),
            Some(Question::Status(count, unexecuted)) => self.status(count, unexecuted, response),
            Some(Question::Block(low, unexecuted)) => self.block(low, unexecuted, response),
            Some(Question::TransactionAgain(unexecuted)) => {
                self.transaction_again(unexecuted, response)
            }
            None => Step::done(Reading::Malformed("it answered without a question".to_owned())),
        }
    }
}

fn observed(report: Report) -> Step {
    Step::done(Reading::Observed(Box::new(report)))
}

/// The transaction as it was found, with a warning that says why it does not count as expired.
fn unproven(unexecuted: Unexecuted, why: &str) -> Step {
    let Unexecuted { report, lifetime: Lifetime { end, .. }, .. } = unexecuted;
    let message = format!(
        "it was not executed and its time to live ends at {end:.0}, but whether it has expired cannot be told: {why}; \
         it counts as pending, so do not send it again yet"
    );
    let warning = Some(Warning::new(WarningCode::ExpiryNotProven, message));
    observed(Report { warning, ..report })
}

/// Whether the node wants no requests now, or none with this token. Other errors in answer to a question of the proof
/// leave the transaction as it was found: a proxy may not know the method.
fn has_to_wait(response: &Response) -> bool {
    matches!(response.status, 401 | 408 | 425 | 429 | 503) || response.retry_after.is_some()
}

/// The sentence in a reading that is no report.
fn in_words(reading: Reading) -> String {
    match reading {
        Reading::NotFound(text)
        | Reading::Denied { answer: text, .. }
        | Reading::Busy { answer: text, .. }
        | Reading::Unusable(text)
        | Reading::Malformed(text) => text,
        Reading::Observed(report) => report.provider_status,
    }
}

const IS_THE_URL_RIGHT: &str = "; is the url that of its JSON-RPC (such as http://host:7777/rpc)?";

fn read(id: &Id, response: &Response) -> Result<Found, Reading> {
    read_report(id, call_result(response)?).map_err(|problem| unreadable(&problem))
}

fn unreadable(problem: &str) -> Reading {
    Reading::Malformed(format!("its answer cannot be read: {problem}"))
}

/// The result of a call. An error of JSON-RPC comes with status 200 from a node, and with any from a proxy.
fn call_result(response: &Response) -> Result<Value, Reading> {
    let body = json::object(&response.body, DECIDING);
    let text = match &body {
        Ok(_) => response.status.to_string(),
        Err(problem) => format!("{} without a JSON body: {problem}", response.status),
    };
    let is_json = !matches!(body, Err(json::Unreadable::NotJson(_)));
    let is_refusal = matches!(response.class(), StatusClass::Denied | StatusClass::Busy);
    let rpc = match body {
        Ok(body) => json_rpc::read_response(body),
        Err(json::Unreadable::Ambiguous(problem)) if !is_refusal => {
            return Err(unreadable(&problem));
        }
        Err(_) => RpcResponse::Other(None),
    };
    match (response.class(), rpc) {
        (StatusClass::Success, RpcResponse::Result(result)) => Ok(result),
        (StatusClass::Denied, RpcResponse::Error(error)) => {
            let text = format!("{text} ({})", error.text);
            Err(Reading::from_error(response, text, is_json))
        }
        (_, RpcResponse::Error(error)) => Err(read_error(error, response)),
        (StatusClass::Success, RpcResponse::Ambiguous) => {
            Err(unreadable("it has both a result and an error"))
        }
        (StatusClass::Success, RpcResponse::Other(Some(error))) => {
            Err(Reading::Unusable(format!("it answered {error}{IS_THE_URL_RIGHT}")))
        }
        (StatusClass::Success, RpcResponse::Other(None)) if is_json => {
            let problem = "its answer has neither a result nor an error of JSON-RPC";
            Err(Reading::Unusable(format!("{problem}{IS_THE_URL_RIGHT}")))
        }
        (StatusClass::Denied | StatusClass::Busy, _) => {
            Err(Reading::from_error(response, text, is_json))
        }
        _ => Err(Reading::Unusable(format!("it answered {text}{IS_THE_URL_RIGHT}"))),
    }
}

/// What a node of the other version, or of another chain, says to a method.
const UNKNOWN_METHOD: i64 = -32601;

fn is_unknown_method(response: &Response) -> bool {
    let rpc = json::object(&response.body, DECIDING).map(json_rpc::read_response);
    matches!(rpc, Ok(RpcResponse::Error(RpcError { code: Some(UNKNOWN_METHOD), .. })))
}

/// The codes are those of casper-sidecar (rpc_sidecar/src/rpcs/error_code.rs). -32000 is one for whatever it is with
/// other servers, so it has to be about a deploy, as with every version of a node ("deploy not known", "No such
/// deploy"). Requests that are wrong stay wrong; any other code is that of a node or a proxy in trouble.
fn read_error(error: RpcError, response: &Response) -> Reading {
    let RpcError { code, text } = error;
    let busy = |answer| Reading::Busy { answer, retry_after: response.retry_after };
    match (response.status, code) {
        (408 | 425 | 429 | 503, _) => busy(format!("{} ({text})", response.status)),
        (_, Some(-32014 | -32015)) => Reading::NotFound(text),
        (_, Some(-32000)) if text.to_ascii_lowercase().contains("deploy") => {
            Reading::NotFound(text)
        }
        (_, Some(UNKNOWN_METHOD)) => {
            Reading::Unusable(format!("it answered {text}; is the url that of a Casper node?"))
        }
        (_, Some(-32600 | -32602 | -32700)) => Reading::Malformed(format!("it answered {text}")),
        // The node is in trouble; a proxy limits requests.
        (_, Some(-32018 | -32603 | -32005 | -32007 | -32011 | 429)) => busy(text),
        _ if response.retry_after.is_some() => busy(text),
        _ => Reading::Unusable(format!("it answered {text}")),
    }
}
