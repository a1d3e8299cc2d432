//! Proof: a record by REST, the same with an event's name by WebSocket.

use serde_json::{Value, json};

use super::{Snapshot, exact};

pub fn record(snapshot: &Snapshot<'_>) -> Value {
    let mut record = fields(snapshot);
    if snapshot.is_timed {
        record["updated_at"] = snapshot.rounded(snapshot.changed_at).into();
    }
    record
}

pub fn not_found() -> Value {
    json!({ "error": "not_found", "code": "transaction_not_found" })
}

pub fn update(snapshot: &Snapshot<'_>) -> Value {
    let mut record = fields(snapshot);
    record["event"] = "tx.update".into();
    if snapshot.is_timed {
        record["occurred_at"] = exact(snapshot.changed_at).into();
    }
    record
}

fn fields(snapshot: &Snapshot<'_>) -> Value {
    json!({
        "merchant_transaction_id": snapshot.id,
        "status": snapshot.word,
        "type": "buy",
        "fiat_amount": "100.00",
        "created_at": snapshot.rounded(snapshot.created_at),
    })
}
