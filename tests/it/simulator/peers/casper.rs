//! A Casper node: JSON-RPC, and its stream of events. It knows some hashes as those of transactions, some
//! as those of deploys, and an older one knows nothing else.

use serde_json::{Value, json};

use super::{Answer, Snapshot};
use txwatch::wire::Request;

/// Under which tag the node knows a hash: the last digit decides.
fn tag(id: &str) -> &'static str {
    if id.ends_with(['1', '3', '5']) { "Deploy" } else { "Version1" }
}

/// The hash that is asked for, and under which tag.
fn asked(request: &Request) -> Option<(String, &'static str)> {
    let body: Value = serde_json::from_str(request.body.as_deref()?).ok()?;
    let hash = |pointer| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let version1 = hash("/params/transaction_hash/Version1").map(|hash| (hash, "Version1"));
    let deploy = || hash("/params/transaction_hash/Deploy").map(|hash| (hash, "Deploy"));
    let older = || hash("/params/deploy_hash").map(|hash| (hash, "older"));
    version1.or_else(deploy).or_else(older)
}

pub(super) fn subject(request: &Request) -> Option<(String, bool)> {
    asked(request).map(|(id, tag)| (id, tag == "Version1"))
}

/// There is no other question after that of an older node.
pub(super) fn is_last(request: &Request) -> bool {
    asked(request).is_some_and(|(_, tag)| tag == "older")
}

pub(super) fn answer(snapshot: Snapshot<'_>, request: &Request) -> (Answer, Option<usize>) {
    let asked = asked(request).map(|(_, tag)| tag);
    let error = |code: i64, message: &str| {
        let body =
            json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": code, "message": message } });
        ((200, body), None)
    };
    match (asked, snapshot.scene.older) {
        (Some("older"), true) => {}
        (_, true) => return error(-32601, "Method not found"),
        (asked, false) if asked == Some(tag(&snapshot.target.id)) => {}
        (_, false) => return error(-32014, "No such transaction"),
    }
    let Some(step) = snapshot.step else {
        return error(-32000, "deploy not known");
    };
    let untold = match snapshot.word() {
        "included" => snapshot.scene.older,
        word => word == "expired",
    };
    let result = if snapshot.scene.older {
        json!({ "deploy": sent(snapshot), "execution_results": executed(snapshot) })
    } else {
        json!({
            "transaction": { (tag(&snapshot.target.id)): sent(snapshot) },
            "execution_info": information(snapshot),
        })
    };
    (
        (200, json!({ "jsonrpc": "2.0", "id": 1, "result": result })),
        Some(step - usize::from(untold)),
    )
}

fn sent(snapshot: Snapshot<'_>) -> Value {
    let about = json!({
        "timestamp": snapshot.exact(snapshot.created()),
        "ttl": format!("{}s", snapshot.target.life.ttl / 1_000),
    });
    json!({ "hash": snapshot.target.id, "payload": about })
}

fn result(snapshot: Snapshot<'_>) -> Value {
    json!({ "Version2": { "error_message": snapshot.error(), "cost": "100000000" } })
}

/// What nodes of 2.0 say of an execution; that a transaction expired they never do.
fn information(snapshot: Snapshot<'_>) -> Value {
    match snapshot.word() {
        "processed" => json!({ "block_hash": "00", "execution_result": result(snapshot) }),
        "included" => json!({ "block_hash": "00", "execution_result": null }),
        _ => Value::Null,
    }
}

/// What nodes of 1.x say of it; that it is in a block they never do.
fn executed(snapshot: Snapshot<'_>) -> Value {
    let result = match snapshot.error() {
        None => json!({ "Success": { "cost": "100000000" } }),
        Some(error) => json!({ "Failure": { "cost": "100000000", "error_message": error } }),
    };
    match snapshot.word() {
        "processed" => json!([{ "block_hash": "00", "result": result }]),
        _ => json!([]),
    }
}

pub(super) fn message(snapshot: Snapshot<'_>) -> Value {
    let id = &snapshot.target.id;
    let tagged = json!({ (tag(id)): id });
    match snapshot.word() {
        "accepted" => json!({ "TransactionAccepted": { (tag(id)): sent(snapshot) } }),
        "expired" => json!({ "TransactionExpired": { "transaction_hash": tagged } }),
        _ => json!({ "TransactionProcessed": {
            "transaction_hash": tagged,
            "block_hash": "00",
            "execution_result": result(snapshot),
        }}),
    }
}
