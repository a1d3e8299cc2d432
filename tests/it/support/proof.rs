//! Proof's records and events.

use serde_json::{Value, json};

/// The id of the tests that need only one.
pub const ID: &str = "550e8400-e29b-41d4-a716-446655440000";

/// What REST answers: a status since so many seconds past ten.
pub fn record(id: &str, status: &str, second: u32) -> Value {
    json!({
        "merchant_transaction_id": id, "partner_user_id": "user-123", "type": "buy", "status": status,
        "currency": "USDT", "network": "TRC20", "crypto_amount": "99.50", "fiat_currency": "EUR",
        "fiat_amount": "100.00", "created_at": "2026-04-01T10:00:00Z", "updated_at": time(second),
    })
}

/// What the WebSocket sends.
pub fn update(id: &str, status: &str, second: u32) -> Value {
    json!({
        "event": "tx.update", "merchant_transaction_id": id, "type": "buy", "status": status,
        "payment_method": "card", "currency": "USDT", "fiat_currency": "EUR", "fiat_amount": "100.00",
        "crypto_amount": "99.50", "occurred_at": time(second),
    })
}

/// An error in the form of today.
pub fn error(slug: &str, code: &str) -> String {
    json!({"error": slug, "code": code, "message": format!("the message of {code}")}).to_string()
}

fn time(second: u32) -> String {
    format!("2026-04-01T10:{:02}:{:02}Z", second / 60, second % 60)
}
