//! Reading JSON from peers, which may be anything.

mod repeated;

use std::fmt;

use serde_json::{Map, Value};

/// Why a body or message cannot be read. The texts are sentences without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is no JSON object but HTML, empty, cut off and so on, for this reason.
    NotJson(String),
    /// A key that decides something is in the same object twice.
    Ambiguous(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::NotJson(problem) | Unreadable::Ambiguous(problem) => f.write_str(problem),
        }
    }
}

impl From<Unreadable> for String {
    fn from(unreadable: Unreadable) -> Self {
        unreadable.to_string()
    }
}

/// Reads a body that has to be a JSON object. `deciding` are the keys on which an ending depends: none of them may be
/// in the same object twice, at any depth, for parsers differ in which of the two they take.
///
/// # Errors
/// What the body is instead, or which key is repeated.
pub fn object(body: &[u8], deciding: &[&str]) -> Result<Map<String, Value>, Unreadable> {
    let not_json = |problem: &str| Err(Unreadable::NotJson(problem.to_owned()));
    let start = body.trim_ascii_start();
    match start.first() {
        None => return not_json("it is empty"),
        Some(b'<') => return not_json("it is HTML or XML, not JSON"),
        Some(0x1f) => return not_json("it is compressed, which was not asked for"),
        _ => {}
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return not_json("it is not valid UTF-8");
    };
    let object = match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object,
        Ok(other) => return not_json(&format!("it is {}, not a JSON object", type_name(&other))),
        Err(error) => return not_json(&format!("it is not JSON ({error})")),
    };
    match repeated::first(text, deciding) {
        Some(key) => Err(Unreadable::Ambiguous(format!("it has the key {key} twice"))),
        None => Ok(object),
    }
}

/// The type of a value, with an article, for messages.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_an_object_is_named() {
        for (body, needle) in [
            (&b""[..], "empty"),
            (b"  \n", "empty"),
            (b"<!doctype html><p>hi", "HTML"),
            (b"null", "null"),
            (b"[1]", "an array"),
            (b"{\"a\":", "not JSON"),
            (b"{\"a\":\"\xff\"}", "UTF-8"),
            (b"\x1f\x8b\x08", "compressed"),
        ] {
            let error = object(body, &[]).unwrap_err();
            assert!(error.to_string().contains(needle), "{error}");
        }
    }
}
