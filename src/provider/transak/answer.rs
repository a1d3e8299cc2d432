//! Responses of Transak's REST API: one order, and errors.

use serde_json::{Map, Value};

use super::order::{DECIDING, Order};
use crate::provider::{Id, Reading, json};
use crate::wire::{Response, StatusClass};

/// Reads the response about one order: `{"meta": {"orderId"}, "data": order}`.
pub(super) fn read_order(id: &Id, response: &Response) -> Reading {
    let report = read(response, |mut body| {
        let order = Order::of(data(&mut body)?)?;
        let echoed = || json::text(body.get("meta")?.as_object()?, "orderId");
        let mut ids = [order.id(), echoed()].into_iter().flatten().peekable();
        ids.peek().ok_or("it does not say which order it is about")?;
        if ids.any(|other| !id.is(&other)) {
            return Err("it is about another order".to_owned());
        }
        order.report()
    });
    report.map_or_else(|reading| reading, |report| Reading::Observed(Box::new(report)))
}

/// The field in which answers have what was asked for. A status word beside it that is an order's, and not the one
/// in it, makes the answer ambiguous.
///
/// # Errors
/// There is no such field, or it is ambiguous.
pub(super) fn data(body: &mut Map<String, Value>) -> Result<Value, String> {
    let data = body.remove("data").ok_or("it has no data")?;
    let word = body.get("status").and_then(Value::as_str);
    let is_other = |word: &str| data.get("status").is_some_and(|inner| inner != word);
    if word.is_some_and(|word| super::order::STATUSES.contains(&word) && is_other(word)) {
        return Err("it has two statuses that differ".to_owned());
    }
    Ok(data)
}

/// Reads a response; `success` reads the body of a 2xx.
///
/// # Errors
/// What the response says instead. An unknown order or reference is a 400 with a message that says so; behind some
/// gateways it is a 200 or a 404 with that error. Any other 404 is another web server's.
pub(super) fn read<T>(
    response: &Response,
    success: impl FnOnce(Map<String, Value>) -> Result<T, String>,
) -> Result<T, Reading> {
    let malformed = |problem| Reading::Malformed(format!("its answer cannot be read: {problem}"));
    if response.class() == StatusClass::Success {
        let body = json::object(&response.body, DECIDING)?;
        return match error_in_success(response, &body) {
            Some(reading) => Err(reading),
            None => success(body).map_err(malformed),
        };
    }
    let error = json::error_body(response, error_texts);
    if matches!(response.status, 400 | 404) && says_unknown(&error.text) {
        return Err(Reading::NotFound(error.text));
    }
    Err(Reading::from_error(response, error.text, error.is_json))
}

/// The reading of a 2xx whose body is an error.
fn error_in_success(response: &Response, body: &Map<String, Value>) -> Option<Reading> {
    let has_error = json::has_error(body);
    let has_data = body.get("data").is_some_and(|data| !data.is_null());
    if !has_error && (has_data || !body.contains_key("message")) {
        return None;
    }
    let answer = json::error_body(response, error_texts).text;
    Some(if has_data {
        Reading::Malformed(format!("it answered {answer} beside data"))
    } else if says_unknown(&answer) {
        Reading::NotFound(answer)
    } else {
        Reading::Unusable(format!("it answered {answer}"))
    })
}

/// `Order not found`, or `Invalid partnerOrderId or order not found`.
fn says_unknown(answer: &str) -> bool {
    answer.to_ascii_lowercase().contains("order not found")
}

/// The texts of an error body: `{"error": {name, message}}`, `{"error": text}` or `{"message": text}`.
pub(super) fn error_texts(body: &Map<String, Value>) -> Vec<String> {
    match body.get("error") {
        Some(Value::Object(error)) => json::texts(error, &["name", "message"]),
        Some(Value::String(error)) if !error.is_empty() => vec![error.clone()],
        _ => json::texts(body, &["message"]),
    }
}
