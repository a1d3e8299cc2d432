//! CSPR.cloud: a deploy, by REST and in its stream.

use serde_json::{Value, json};

use super::{Snapshot, exact};

pub fn answer(snapshot: &Snapshot<'_>) -> Value {
    json!({ "data": deploy(snapshot) })
}

pub fn not_found() -> Value {
    json!({ "error": { "code": "not_found", "message": "deploy not found" } })
}

pub fn update(snapshot: &Snapshot<'_>) -> Value {
    let at = exact(snapshot.changed_at);
    json!({ "action": "created", "data": deploy(snapshot), "extra": null, "timestamp": at })
}

fn deploy(snapshot: &Snapshot<'_>) -> Value {
    json!({
        "deploy_hash": snapshot.id,
        "status": snapshot.word,
        "error_message": snapshot.error,
        "timestamp": exact(snapshot.created_at),
        "cost": "100000000",
    })
}
