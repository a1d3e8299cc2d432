//! Proof: a record by REST, the same with an event's name by WebSocket.

use serde_json::{Value, json};

use super::{Answer, Snapshot};

pub(super) fn answer(snapshot: Snapshot<'_>) -> Answer {
    if snapshot.step.is_none() {
        return (404, json!({ "error": "not_found", "code": "transaction_not_found" }));
    }
    let mut record = record(snapshot);
    if snapshot.scene.is_timed {
        record["updated_at"] = snapshot.told(snapshot.changed()).into();
    }
    (200, record)
}

pub(super) fn message(snapshot: Snapshot<'_>) -> Value {
    let mut record = record(snapshot);
    record["event"] = "tx.update".into();
    if snapshot.scene.is_timed {
        record["occurred_at"] = snapshot.exact(snapshot.changed()).into();
    }
    record
}

fn record(snapshot: Snapshot<'_>) -> Value {
    json!({
        "merchant_transaction_id": snapshot.target.id,
        "status": snapshot.word(),
        "type": "buy",
        "fiat_amount": "100.00",
        "created_at": snapshot.told(snapshot.created()),
    })
}
