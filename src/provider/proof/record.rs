//! Proof's record of a transaction, in the shape that REST, WebSocket and webhooks share.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::provider::{Kind, Report, Status, Transaction, json};

/// The status behind a word of Proof's.
pub(super) type Words = fn(&str) -> Status;

/// Reads a transaction in the shape that REST, WebSocket and webhooks share. Any field but the status
/// may be missing, empty or new.
pub(super) fn report(object: Map<String, Value>, words: Words) -> Result<Report, String> {
    let word = match object.get("status") {
        Some(Value::String(word)) if !word.is_empty() => word.clone(),
        Some(Value::String(_)) => return Err("its status is empty".to_owned()),
        Some(other) => return Err(format!("its status is {}, not a word", json::kind(other))),
        None => return Err("it has no status".to_owned()),
    };
    let text = |key| json::text(&object, key);
    let changed = text("occurred_at").or_else(|| text("updated_at"));
    let status = words(&word);
    Ok(Report {
        status,
        word,
        occurred_at: changed.as_deref().and_then(time),
        detail: meaning(status).map(str::to_owned),
        attempt: None,
        history: Vec::new(),
        transaction: Transaction {
            kind: match text("type").as_deref() {
                Some("buy") => Some(Kind::Buy),
                Some("sell") => Some(Kind::Sell),
                _ => None,
            },
            fiat_amount: text("fiat_amount"),
            fiat_currency: text("fiat_currency"),
            crypto_amount: text("crypto_amount"),
            crypto_currency: text("currency"),
            network: text("network"),
            created_at: text("created_at"),
            updated_at: changed,
            ..Transaction::default()
        },
        data: Some(Value::Object(object)),
    })
}

/// The id that a record is about. It may be missing, but not be something else.
pub(super) fn echoed_id(object: &Map<String, Value>) -> Result<Option<String>, String> {
    const KEY: &str = "merchant_transaction_id";
    match object.get(KEY) {
        Some(other @ (Value::Array(_) | Value::Object(_) | Value::Bool(_))) => {
            Err(format!("its {KEY} is {}", json::kind(other)))
        }
        _ => Ok(json::text(object, KEY)),
    }
}

/// The five documented words, and the widget's.
pub(super) fn status(word: &str) -> Status {
    match word {
        "pending" | "new" => Status::Pending,
        "processing" | "paid" => Status::Processing,
        "completed" => Status::Completed,
        "failed" | "order_failed" => Status::Failed,
        "cancelled" => Status::Cancelled,
        _ => Status::Unknown,
    }
}

fn meaning(status: Status) -> Option<&'static str> {
    match status {
        Status::Pending => Some("waiting for the card processor"),
        Status::Processing => Some("paid, being delivered"),
        Status::Completed => Some("delivered"),
        Status::Failed => Some("the payment or its processing failed"),
        Status::Cancelled => Some("cancelled by the user in the widget"),
        _ => None,
    }
}

/// ISO 8601; a time without an offset is UTC, as all of Proof's are documented to be.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}
