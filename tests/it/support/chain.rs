//! What a Casper node and CSPR.cloud say of a transaction.

use serde_json::{Value, json};
use txwatch::sandbox::casper::format::{self as node, Block, Execution, Transaction, Variant};
use txwatch::sandbox::cspr::format::{self as cloud, Deploy};

use super::script::Reply;
use super::server::{Script, Server};
use super::txwatch::{Txwatch, command_for};

/// The hash of the tests that need only one.
pub const HASH: &str = "446f9511258112c6e5150ee13d57c421da2bc30e0058db6165855a9d1ba4b868";
/// The hash of another transaction.
pub const OTHER: &str = "99483863a391510b8d3447dd5cfc446b42d65e598672d569abc4cdded85b81e6";
/// The block of those that are in one.
pub const BLOCK: &str = "351064b9e22c96e4ead65cdc4c8bef816cc8039f65ea0b1a1e0c7860c7152366";
/// Where a node is asked.
pub const RPC: &str = "/rpc";
/// Where it tells of events.
pub const EVENTS: &str = "/events";

/// The public key of who sent it.
const SENDER: &str = "020304811a7b142c";
const SENT_AT: &str = "2024-11-27T17:24:10.516Z";
/// So short after that, nothing has expired.
const MINUTE_LATER: &str = "Wed, 27 Nov 2024 17:25:10 GMT";

/// A command about the transaction [`HASH`] of a Casper node.
pub fn casper_command(name: &str, server: &Server, arguments: &[&str]) -> Txwatch {
    command_for(name, &format!("casper:{HASH}"), arguments).casper(&server.url())
}

/// A command about the deploy [`HASH`] of CSPR.cloud.
pub fn cspr_command(name: &str, server: &Server, arguments: &[&str]) -> Txwatch {
    command_for(name, &format!("cspr:{HASH}"), arguments).cspr(&server.url())
}

impl Script {
    /// What a node's JSON-RPC answers, one question after the other.
    pub fn rpc(self, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(RPC, replies)
    }

    /// What a node's event streams do, one after the other.
    pub fn events(self, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(EVENTS, replies)
    }

    /// What CSPR.cloud's REST answers for a hash.
    pub fn deploy(self, hash: &str, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(&format!("/deploys/{hash}"), replies)
    }

    /// What CSPR.cloud's streams for these hashes do, one after the other.
    pub fn stream(self, hashes: &str, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(&format!("/deploys?deploy_hash={hashes}"), replies)
    }
}

const fn sent(hash: &str) -> Transaction<'_> {
    Transaction {
        hash,
        variant: Variant::Version1,
        sender: SENDER,
        entry_point: None,
        timestamp: SENT_AT,
        ttl: "30m",
    }
}

const IN_BLOCK: Block<'_> = Block { hash: BLOCK, height: 10 };

fn how(error: &Value) -> Execution<'_> {
    let error = error.as_str();
    Execution { error, cost: "1234567891", consumed: "100000", ..Execution::default() }
}

/// What a node answers by its own clock, a minute after the transaction was sent.
pub fn answer(body: &Value) -> Reply {
    Reply::json(body).header("Date", MINUTE_LATER)
}

/// A result of JSON-RPC.
pub fn result(result: Value) -> Reply {
    answer(&node::response(&json!(1), result))
}

/// What a node knows of a transaction.
pub fn known(hash: &str, info: Value) -> Reply {
    result(node::transaction_result(&sent(hash), info))
}

/// A transaction that waits.
pub fn waiting() -> Reply {
    known(HASH, Value::Null)
}

/// A transaction in a block, not executed yet.
pub fn included() -> Reply {
    known(HASH, node::execution_info(&IN_BLOCK, None))
}

/// The result of a transaction that was executed, perhaps with an error.
pub fn executed_result(hash: &str, error: Value) -> Value {
    let info = node::execution_info(&IN_BLOCK, Some(&how(&error)));
    node::transaction_result(&sent(hash), info)
}

/// The answer about it.
pub fn executed(error: Value) -> Reply {
    result(executed_result(HASH, error))
}

/// A transaction that was sent at this time and waits.
pub fn waiting_since(timestamp: &str) -> Reply {
    result(node::transaction_result(&Transaction { timestamp, ..sent(HASH) }, Value::Null))
}

/// A deploy that was executed with an error, as nodes of 1.x answer.
pub fn executed_by_1_x(error: &Value) -> Reply {
    let deploy = Transaction { variant: Variant::Deploy, ..sent(HASH) };
    result(node::first_deploy_result(&deploy, Some((&IN_BLOCK, &how(error)))))
}

/// An error of JSON-RPC.
pub fn refusal(code: i64, message: &str) -> Reply {
    answer(&node::error(&json!(1), code, message))
}

/// No node of 2.0 knows it.
pub fn unknown() -> Reply {
    refusal(-32014, "No such transaction")
}

/// The event of an execution.
pub fn processed(hash: &str, error: Value) -> Value {
    node::processed(&sent(hash), &IN_BLOCK, &how(&error))
}

/// The event of an acceptance.
pub fn accepted(hash: &str) -> Value {
    node::accepted(&sent(hash))
}

/// The event of a deploy's expiry.
pub fn deploy_expired(hash: &str) -> Value {
    node::expired(&Transaction { variant: Variant::Deploy, ..sent(hash) })
}

/// CSPR.cloud's deploy.
pub fn deploy(hash: &str, status: &str, error: Value) -> Value {
    cloud::deploy(&Deploy {
        hash,
        status,
        error: error.as_str(),
        block: Some((BLOCK, 10)),
        caller: SENDER,
        cost: "1234567891",
        timestamp: "2024-11-27T17:24:10Z",
        ..Deploy::default()
    })
}

/// CSPR.cloud's answer about it.
pub fn record(hash: &str, status: &str, error: Value) -> Reply {
    Reply::json(&cloud::found(deploy(hash, status, error)))
}

/// CSPR.cloud's event about it.
pub fn created(hash: &str, error: Value) -> Value {
    cloud::created(deploy(hash, "processed", error), "2024-11-27T17:24:10.123456789Z".into())
}

/// An error of CSPR.cloud's REST.
pub fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::status(status, cloud::error(code, message).to_string())
}
