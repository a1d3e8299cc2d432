//! Proof's records and events.

use serde_json::Value;
use txwatch::sandbox::proof::format::{self, Transaction};

/// The id of the tests that need only one.
pub const ID: &str = "550e8400-e29b-41d4-a716-446655440000";

/// What REST answers: a status since so many seconds past ten.
pub fn record(id: &str, status: &str, second: u32) -> Value {
    told(id, status, second, format::record)
}

/// What the WebSocket sends.
pub fn update(id: &str, status: &str, second: u32) -> Value {
    told(id, status, second, format::update)
}

fn told(id: &str, status: &str, second: u32, write: fn(&Transaction<'_>) -> Value) -> Value {
    let time = format!("2026-04-01T10:{:02}:{:02}Z", second / 60, second % 60);
    write(&Transaction {
        id,
        status,
        user_id: "user-123",
        crypto_amount: "99.50",
        fiat_amount: "100.00",
        created_at: "2026-04-01T10:00:00Z",
        changed_at: Some(&time),
    })
}

/// An error in the form of today.
pub fn error(slug: &str, code: &str) -> String {
    format::error(slug, code, &format!("the message of {code}")).to_string()
}
