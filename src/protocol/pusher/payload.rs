//! The `data` of messages: what was published, and errors.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::protocol::json as lenient_json;

/// A client message; its data is an object, not a string of JSON.
pub(super) fn message(event: &str, data: Value) -> String {
    json!({ "event": event, "data": data }).to_string()
}

/// The data of a server message: text, usually of JSON. It comes as a string of JSON, some servers encode that once
/// more, and some do not encode it at all. All levels of encoding are undone; what is inside is not parsed.
pub(super) fn decode(data: &str) -> Cow<'_, str> {
    const MAX_DEPTH: usize = 4;
    let mut text = Cow::Borrowed(data);
    for _ in 0..MAX_DEPTH {
        if !text.trim_start().starts_with('"') {
            break;
        }
        match lenient_json::value(&text, &[]) {
            Ok(Value::String(inner)) => text = Cow::Owned(inner),
            Ok(_) | Err(_) => break,
        }
    }
    text
}

/// The data of an error message: an object or a string, with or without a code.
pub(super) struct ErrorPayload {
    pub(super) code: Option<u16>,
    message: Option<String>,
}

impl ErrorPayload {
    pub(super) fn of(data: &str) -> Self {
        let text = decode(data);
        match serde_json::from_str::<Value>(&text) {
            Err(_) => ErrorPayload { code: None, message: Some(text.into_owned()) },
            Ok(data) => {
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
