//! The answers and events of a Casper node and of CSPR.cloud about a transaction.

use serde_json::{Value, json};
use txwatch::sandbox::casper::format::{
    self as node, Block, Execution, NodeState, Transaction, Variant,
};
use txwatch::sandbox::cspr::format::{self as cloud, Deploy};

use super::script::Reply;
use super::server::{Script, Server};
use super::txwatch::{Txwatch, command_for};

/// The hash of the tests that need only one.
pub const HASH: &str = "446f9511258112c6e5150ee13d57c421da2bc30e0058db6165855a9d1ba4b868";
/// The hash of another transaction.
pub const OTHER: &str = "99483863a391510b8d3447dd5cfc446b42d65e598672d569abc4cdded85b81e6";
/// The block of the executed transactions.
pub const BLOCK: &str = "351064b9e22c96e4ead65cdc4c8bef816cc8039f65ea0b1a1e0c7860c7152366";
/// The path of a node's JSON-RPC.
pub const RPC: &str = "/rpc";
/// The path of a node's event stream.
pub const EVENTS: &str = "/events";

/// The public key of the sender.
const SENDER: &str = "020304811a7b142c";
const SENT_AT: &str = "2024-11-27T17:24:10.516Z";
/// A minute later, before any transaction has expired.
const MINUTE_LATER: &str = "Wed, 27 Nov 2024 17:25:10 GMT";

/// An hour after the transaction was sent, when its time to live has run out.
const HOUR_LATER: &str = "Wed, 27 Nov 2024 18:24:10 GMT";
/// The first block that the node has.
const LOW: u64 = 7;

/// A command about the transaction [`HASH`] of a Casper node.
pub fn casper_command(name: &str, server: &Server, arguments: &[&str]) -> Txwatch {
    command_for(name, &format!("casper:{HASH}"), arguments).casper(&server.url())
}

/// A command about the deploy [`HASH`] of CSPR.cloud.
pub fn cspr_command(name: &str, server: &Server, arguments: &[&str]) -> Txwatch {
    command_for(name, &format!("cspr:{HASH}"), arguments).cspr(&server.url())
}

impl Script {
    /// The replies of a node's JSON-RPC, in order.
    pub fn rpc(self, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(RPC, replies)
    }

    /// The replies to requests for a node's event stream, in order.
    pub fn events(self, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(EVENTS, replies)
    }

    /// The replies of CSPR.cloud's REST API about a hash.
    pub fn deploy(self, hash: &str, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(&format!("/deploys/{hash}"), replies)
    }

    /// The replies to upgrades of CSPR.cloud's stream for these hashes, in order.
    pub fn stream(self, hashes: &str, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(&format!("/deploys?deploy_hash={hashes}"), replies)
    }
}

const fn transaction(hash: &str) -> Transaction<'_> {
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

fn execution(error: &Value) -> Execution<'_> {
    let error = error.as_str();
    Execution { error, cost: "1234567891", consumed: "100000", ..Execution::default() }
}

/// An answer of a node whose clock is a minute past the transaction's timestamp.
pub fn answer(body: &Value) -> Reply {
    Reply::json(body).header("Date", MINUTE_LATER)
}

/// A result of JSON-RPC.
pub fn result(result: Value) -> Reply {
    answer(&node::response(&json!(1), result))
}

/// The answer about a transaction, with this execution info.
pub fn known(hash: &str, info: Value) -> Reply {
    result(node::transaction_result(&transaction(hash), info))
}

/// The answer about a transaction that was not executed yet.
pub fn waiting() -> Reply {
    known(HASH, Value::Null)
}

/// The answer about a transaction that is in a block and was not executed yet.
pub fn included() -> Reply {
    known(HASH, node::execution_info(&IN_BLOCK, None))
}

/// The result about a transaction that was executed, with an error unless that is null.
pub fn executed_result(hash: &str, error: Value) -> Value {
    let info = node::execution_info(&IN_BLOCK, Some(&execution(&error)));
    node::transaction_result(&transaction(hash), info)
}

/// The answer with that result.
pub fn executed(error: Value) -> Reply {
    result(executed_result(HASH, error))
}

/// An answer of a node whose clock is past the transaction's time to live.
pub fn late(result: Value) -> Reply {
    Reply::json(&node::response(&json!(1), result)).header("Date", HOUR_LATER)
}

/// The answer about a transaction that was not executed before the end of its time to live.
pub fn overdue() -> Reply {
    late(node::transaction_result(&transaction(HASH), Value::Null))
}

/// The answer to `info_get_status` of a node in this state, whose last block has this timestamp.
pub fn status(reactor_state: &str, timestamp: &str) -> Reply {
    let last_block = Block { height: 1_000, ..IN_BLOCK };
    late(node::status_result(&NodeState { reactor_state, last_block, timestamp, low: LOW }))
}

/// The same if it is in step with the network.
pub fn in_step() -> Reply {
    status("KeepUp", "2024-11-27T18:24:01Z")
}

/// The answer about the first block that the node has, which is older than the transaction.
pub fn lowest_block() -> Reply {
    late(node::block_result(&Block { height: LOW, ..IN_BLOCK }, "2024-11-27T17:24:00Z"))
}

/// The answers with which a node proves that the transaction has expired.
pub fn expiry_proof() -> [Reply; 5] {
    [overdue(), in_step(), in_step(), lowest_block(), overdue()]
}

/// The answer of a node of 1.x about a deploy that was executed with an error.
pub fn executed_by_1_x(error: &Value) -> Reply {
    let deploy = Transaction { variant: Variant::Deploy, ..transaction(HASH) };
    result(node::first_deploy_result(&deploy, Some((&IN_BLOCK, &execution(error)))))
}

/// An error of JSON-RPC.
pub fn rpc_error(code: i64, message: &str) -> Reply {
    answer(&node::error(&json!(1), code, message))
}

/// The error of a node of 2.0 that does not know the transaction.
pub fn unknown() -> Reply {
    rpc_error(-32014, "No such transaction")
}

/// The event of an execution.
pub fn processed(hash: &str, error: Value) -> Value {
    node::processed(&transaction(hash), &IN_BLOCK, &execution(&error))
}

/// The event of an acceptance.
pub fn accepted(hash: &str) -> Value {
    node::accepted(&transaction(hash))
}

/// The event of a deploy's expiry.
pub fn deploy_expired(hash: &str) -> Value {
    node::expired(&Transaction { variant: Variant::Deploy, ..transaction(hash) })
}

/// A deploy of CSPR.cloud.
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

/// The answer of CSPR.cloud about a deploy.
pub fn record(hash: &str, status: &str, error: Value) -> Reply {
    Reply::json(&cloud::found(deploy(hash, status, error)))
}

/// The event of CSPR.cloud about an executed deploy.
pub fn created(hash: &str, error: Value) -> Value {
    cloud::created(deploy(hash, "processed", error), "2024-11-27T17:24:10.123456789Z".into())
}

/// An error of CSPR.cloud's REST API.
pub fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::status(status, cloud::error(code, message).to_string())
}
