//! Proof's record of a transaction, which is the same object in REST, WebSocket and webhooks.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::provider::{Kind, Report, Status, Transaction, json};

/// The keys on which an ending depends.
pub(super) const DECIDING: &[&str] = &["event", "merchant_transaction_id", "status", "error"];

/// Maps a status of Proof's to ours.
pub(super) type StatusMapping = fn(&str) -> Status;

/// Reads a transaction. Any field except the status may be missing, empty or unknown.
///
/// # Errors
/// One sentence on what is wrong with the status, or contradicts it.
pub(super) fn read_report(
    object: Map<String, Value>,
    status_mapping: StatusMapping,
) -> Result<Report, String> {
    let provider_status = json::required_text(&object, "status")?;
    let text = |key| json::text(&object, key);
    let updated_at = text("occurred_at").or_else(|| text("updated_at"));
    let status = status_mapping(&provider_status);
    if status == Status::Completed && json::has_error(&object) {
        return Err(format!("it has the status {provider_status} beside an error"));
    }
    let kind = match text("type").as_deref() {
        Some("buy") => Some(Kind::Buy),
        Some("sell") => Some(Kind::Sell),
        _ => None,
    };
    Ok(Report {
        status,
        provider_status,
        occurred_at: updated_at.as_deref().and_then(parse_time),
        detail: description(status, kind).map(str::to_owned),
        transaction: Transaction {
            kind,
            fiat_amount: text("fiat_amount"),
            fiat_currency: text("fiat_currency"),
            crypto_amount: text("crypto_amount"),
            crypto_currency: text("currency"),
            network: text("network"),
            created_at: text("created_at"),
            updated_at,
            ..Transaction::default()
        },
        data: Some(Value::Object(object)),
        ..Report::new(status, "")
    })
}

/// The id of a record, which may be missing.
///
/// # Errors
/// It is not a string or a number.
pub(super) fn transaction_id(object: &Map<String, Value>) -> Result<Option<String>, String> {
    const KEY: &str = "merchant_transaction_id";
    match object.get(KEY) {
        Some(other @ (Value::Array(_) | Value::Object(_) | Value::Bool(_))) => {
            Err(format!("its {KEY} is {}", json::type_name(other)))
        }
        _ => Ok(json::text(object, KEY)),
    }
}

/// The five documented statuses, and those of the widget's callbacks.
pub(super) fn map_status(provider_status: &str) -> Status {
    match provider_status {
        "pending" | "new" => Status::Pending,
        "processing" | "paid" => Status::Processing,
        "completed" => Status::Completed,
        "failed" | "order_failed" => Status::Failed,
        "cancelled" => Status::Cancelled,
        _ => Status::Unknown,
    }
}

/// What a status means: a sell waits for the user's deposit, a buy for the payment (transaction-status and off-ramp
/// pages).
fn description(status: Status, kind: Option<Kind>) -> Option<&'static str> {
    Some(match (status, kind) {
        (Status::Pending, Some(Kind::Buy)) => "the payment is not captured yet",
        (Status::Pending, Some(Kind::Sell)) => {
            "waiting for the user's deposit, which may take hours"
        }
        (Status::Pending, _) => "waiting for the payment or the deposit",
        (Status::Processing, Some(Kind::Buy)) => "paid, being delivered",
        (Status::Processing, Some(Kind::Sell)) => "deposited, being paid out",
        (Status::Processing, _) => "received, being delivered",
        (Status::Completed, Some(Kind::Sell)) => "paid out",
        (Status::Completed, _) => "delivered",
        (Status::Failed, Some(Kind::Buy)) => "nobody paid, or the payment or delivery failed",
        (Status::Failed, Some(Kind::Sell)) => "nobody deposited in time, or the payout failed",
        (Status::Failed, _) => "nobody paid or deposited, or the delivery failed",
        (Status::Cancelled, _) => "cancelled by the user in the widget",
        _ => return None,
    })
}

/// ISO 8601; without an offset it is UTC, as all of Proof's times are according to its documentation.
pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}
