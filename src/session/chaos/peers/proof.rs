//! Proof: a record by REST, the same with an event's name by WebSocket.

use serde_json::{Value, json};

use super::{Answer, Sight};

pub(super) fn answer(sight: Sight<'_>) -> Answer {
    if sight.step.is_none() {
        return (404, json!({ "error": "not_found", "code": "transaction_not_found" }));
    }
    let mut record = record(sight);
    if sight.scene.is_timed {
        record["updated_at"] = sight.told(sight.changed()).into();
    }
    (200, record)
}

pub(super) fn message(sight: Sight<'_>) -> Value {
    let mut record = record(sight);
    record["event"] = "tx.update".into();
    if sight.scene.is_timed {
        record["occurred_at"] = sight.exact(sight.changed()).into();
    }
    record
}

fn record(sight: Sight<'_>) -> Value {
    json!({
        "merchant_transaction_id": sight.target.id,
        "status": sight.word(),
        "type": "buy",
        "fiat_amount": "100.00",
        "created_at": sight.told(sight.created()),
    })
}
