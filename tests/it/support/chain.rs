//! What a Casper node and CSPR.cloud say of a transaction.

use serde_json::{Value, json};

use super::script::Reply;
use super::server::Script;

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

const SENT_AT: &str = "2024-11-27T17:24:10.516Z";
/// So short after that, nothing has expired.
const MINUTE_LATER: &str = "Wed, 27 Nov 2024 17:25:10 GMT";

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

/// A transaction of 2.0.
pub fn transaction(hash: &str) -> Value {
    json!({ "Version1": {
        "hash": hash,
        "payload": { "timestamp": SENT_AT, "ttl": "30m", "fields": { "entry_point": "Transfer" } },
    } })
}

/// How an execution went.
pub fn execution(error: Value) -> Value {
    json!({ "Version2": { "error_message": error, "consumed": "100000", "cost": "1234567891" } })
}

/// What a node answers by its own clock, a minute after the transaction was sent.
pub fn answer(body: &Value) -> Reply {
    Reply::json(body).header("Date", MINUTE_LATER)
}

/// What a node knows of a transaction.
pub fn known(hash: &str, info: Value) -> Reply {
    let result = json!({
        "api_version": "2.0.0", "transaction": transaction(hash), "execution_info": info,
    });
    answer(&json!({ "jsonrpc": "2.0", "id": 1, "result": result }))
}

/// A transaction that waits.
pub fn waiting() -> Reply {
    known(HASH, Value::Null)
}

/// A transaction that was executed, perhaps with an error.
pub fn executed(error: Value) -> Reply {
    known(
        HASH,
        json!({ "block_hash": BLOCK, "block_height": 10, "execution_result": execution(error) }),
    )
}

/// An error of JSON-RPC.
pub fn refusal(code: i64, message: &str) -> Reply {
    answer(&json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": code, "message": message } }))
}

/// No node of 2.0 knows it.
pub fn unknown() -> Reply {
    refusal(-32014, "No such transaction")
}

/// The event of an execution.
pub fn processed(hash: &str, error: Value) -> Value {
    json!({ "TransactionProcessed": {
        "transaction_hash": { "Version1": hash }, "timestamp": SENT_AT, "ttl": "30m",
        "block_hash": BLOCK, "execution_result": execution(error), "messages": [],
    } })
}

/// The event of an acceptance.
pub fn accepted(hash: &str) -> Value {
    json!({ "TransactionAccepted": transaction(hash) })
}

/// CSPR.cloud's deploy.
pub fn deploy(hash: &str, status: &str, error: Value) -> Value {
    json!({
        "deploy_hash": hash, "block_hash": BLOCK, "caller_public_key": "020304811a7b142c",
        "cost": "1234567891", "error_message": error, "status": status,
        "timestamp": "2024-11-27T17:24:10Z",
    })
}

/// CSPR.cloud's answer about it.
pub fn record(hash: &str, status: &str, error: Value) -> Reply {
    Reply::json(&json!({ "data": deploy(hash, status, error) }))
}

/// CSPR.cloud's event about it.
pub fn created(hash: &str, error: Value) -> Value {
    json!({
        "action": "created", "data": deploy(hash, "processed", error),
        "timestamp": "2024-11-27T17:24:10.123456789Z",
    })
}
