//! A Casper node: answers by JSON-RPC, and events.

use serde_json::{Value, json};

use super::{Snapshot, exact};

/// Under which tag a node knows a hash: the last digit decides.
pub fn tag(id: &str) -> &'static str {
    if id.ends_with(['1', '3', '5']) { "Deploy" } else { "Version1" }
}

pub fn error(code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": code, "message": message } })
}

pub fn answer(snapshot: &Snapshot<'_>) -> Value {
    let result = if snapshot.is_older {
        json!({ "deploy": body(snapshot), "execution_results": execution_results(snapshot) })
    } else {
        json!({
            "transaction": { (tag(snapshot.id)): body(snapshot) },
            "execution_info": execution_info(snapshot),
        })
    };
    json!({ "jsonrpc": "2.0", "id": 1, "result": result })
}

/// What was sent to the chain.
fn body(snapshot: &Snapshot<'_>) -> Value {
    let payload = json!({
        "timestamp": exact(snapshot.created_at),
        "ttl": format!("{}s", snapshot.ttl / 1_000),
    });
    json!({ "hash": snapshot.id, "payload": payload })
}

fn execution_result(snapshot: &Snapshot<'_>) -> Value {
    json!({ "Version2": { "error_message": snapshot.error, "cost": "100000000" } })
}

/// What nodes of 2.0 say of an execution.
fn execution_info(snapshot: &Snapshot<'_>) -> Value {
    match snapshot.word {
        Some("processed") => {
            json!({ "block_hash": "00", "execution_result": execution_result(snapshot) })
        }
        Some("included") => json!({ "block_hash": "00", "execution_result": null }),
        _ => Value::Null,
    }
}

/// What nodes of 1.x say of it.
fn execution_results(snapshot: &Snapshot<'_>) -> Value {
    let result = match snapshot.error {
        None => json!({ "Success": { "cost": "100000000" } }),
        Some(error) => json!({ "Failure": { "cost": "100000000", "error_message": error } }),
    };
    match snapshot.word {
        Some("processed") => json!([{ "block_hash": "00", "result": result }]),
        _ => json!([]),
    }
}

pub fn update(snapshot: &Snapshot<'_>) -> Value {
    let tag = tag(snapshot.id);
    let tagged = json!({ (tag): snapshot.id });
    match snapshot.word {
        Some("accepted") => json!({ "TransactionAccepted": { (tag): body(snapshot) } }),
        Some("expired") => json!({ "TransactionExpired": { "transaction_hash": tagged } }),
        _ => json!({ "TransactionProcessed": {
            "transaction_hash": tagged,
            "block_hash": "00",
            "execution_result": execution_result(snapshot),
        }}),
    }
}

/// An event that is about no transaction.
pub fn block() -> Value {
    json!({ "BlockAdded": { "block_hash": "00" } })
}
