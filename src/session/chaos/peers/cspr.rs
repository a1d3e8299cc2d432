//! CSPR.cloud: a deploy by REST, and by its stream once it is executed.

use serde_json::{Value, json};

use super::{Answer, Sight};

pub(super) fn answer(sight: Sight<'_>) -> Answer {
    match sight.step {
        None => (404, json!({ "error": { "code": "not_found", "message": "deploy not found" } })),
        Some(_) => (200, json!({ "data": deploy(sight) })),
    }
}

pub(super) fn message(sight: Sight<'_>) -> Value {
    let at = sight.exact(sight.changed());
    json!({ "action": "created", "data": deploy(sight), "extra": null, "timestamp": at })
}

fn deploy(sight: Sight<'_>) -> Value {
    json!({
        "deploy_hash": sight.target.id,
        "status": sight.word(),
        "error_message": sight.error(),
        "timestamp": sight.exact(sight.created()),
        "cost": "100000000",
    })
}
