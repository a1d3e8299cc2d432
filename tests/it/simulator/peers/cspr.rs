//! CSPR.cloud: a deploy by REST, and by its stream once it is executed.

use serde_json::{Value, json};

use super::{Answer, Snapshot};

pub(super) fn answer(snapshot: Snapshot<'_>) -> Answer {
    match snapshot.step {
        None => (404, json!({ "error": { "code": "not_found", "message": "deploy not found" } })),
        Some(_) => (200, json!({ "data": deploy(snapshot) })),
    }
}

pub(super) fn message(snapshot: Snapshot<'_>) -> Value {
    let at = snapshot.exact(snapshot.changed());
    json!({ "action": "created", "data": deploy(snapshot), "extra": null, "timestamp": at })
}

fn deploy(snapshot: Snapshot<'_>) -> Value {
    json!({
        "deploy_hash": snapshot.target.id,
        "status": snapshot.word(),
        "error_message": snapshot.error(),
        "timestamp": snapshot.exact(snapshot.created()),
        "cost": "100000000",
    })
}
