//! The `data` of messages: published JSON or text, and errors.

use serde_json::{Value, json};

use crate::protocol::json::value as read_json;

/// What was published.
#[derive(Debug, PartialEq)]
pub(crate) enum Data {
    /// JSON, once all levels of encoding are undone.
    Json(Value),
    /// Text that is not JSON.
    Text(String),
}

/// A client message; its data is an object, not a string of JSON.
pub(super) fn message(event: &str, data: Value) -> String {
    json!({ "event": event, "data": data }).to_string()
}

/// The data of a server message. It is a string, usually of JSON; some servers encode that once more.
pub(super) fn decode(data: Value) -> Data {
    const MAX_DEPTH: usize = 3;
    let mut data = data;
    for _ in 0..MAX_DEPTH {
        let Value::String(text) = data else {
            return Data::Json(data);
        };
        match read_json(&text, &[]) {
            Ok(inner) => data = inner,
            Err(_) => return Data::Text(text),
        }
    }
    match data {
        Value::String(text) => Data::Text(text),
        data => Data::Json(data),
    }
}

/// The data of an error message: an object or a string, with or without a code.
pub(super) struct ErrorPayload {
    pub(super) code: Option<u16>,
    message: Option<String>,
}

impl ErrorPayload {
    pub(super) fn of(data: Value) -> Self {
        match decode(data) {
            Data::Text(text) => ErrorPayload { code: None, message: Some(text) },
            Data::Json(data) => {
                let number = |key| match data.get(key)? {
                    Value::String(text) => text.parse().ok(),
                    value => value.as_u64(),
                };
                let code = number("code").or_else(|| number("status"));
                let text = |key| data.get(key).and_then(Value::as_str).map(str::to_owned);
                ErrorPayload {
                    code: code.and_then(|code| u16::try_from(code).ok()),
                    message: text("message").or_else(|| text("error")),
                }
            }
        }
    }

    /// `message (code)`, for people.
    pub(super) fn text(&self) -> String {
        match (&self.message, self.code) {
            (Some(message), Some(code)) => format!("{} ({code})", message.trim_end_matches('.')),
            (Some(message), None) => message.clone(),
            (None, Some(code)) => format!("error {code}"),
            (None, None) => "no reason was given".to_owned(),
        }
    }
}
