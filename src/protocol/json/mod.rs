//! Reading JSON from peers, which may be anything.

mod lenient;
mod repeated;
mod unreadable;

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::wire::compression;
pub use crate::wire::without_bom;
pub use unreadable::Unreadable;

/// Reads a body or message that has to be a JSON object. `deciding` are the keys on which an ending depends: none of
/// them may be in the same object twice, at any depth, for parsers differ in which of the two they take.
///
/// A byte order mark is skipped. Bytes that are not UTF-8 and unpaired surrogates become U+FFFD, so a text with them is
/// no word that anything is compared with. What is nested too deep is replaced. Numbers keep their spelling.
///
/// # Errors
/// What the body is instead, or which key is repeated.
pub fn object(body: &[u8], deciding: &[&str]) -> Result<Map<String, Value>, Unreadable> {
    if let Some(encoding) = foreign_encoding(body) {
        return Err(Unreadable::NotJson(encoding));
    }
    // The lossy conversion reads byte by byte.
    let text = match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(body),
    };
    match value(&text, deciding)? {
        Value::Object(object) => Ok(object),
        other => {
            let problem = format!("it is {}, not a JSON object", type_name(&other));
            Err(Unreadable::NotJson(problem))
        }
    }
}

/// Reads a text that has to be JSON, as [`object`] does.
///
/// # Errors
/// What the text is instead, or which key is repeated.
pub fn value(text: &str, deciding: &[&str]) -> Result<Value, Unreadable> {
    let text = without_bom(text);
    match text.trim_ascii_start().as_bytes().first() {
        None => return Err(Unreadable::NotJson("it is empty".to_owned())),
        Some(b'<') => {
            return Err(Unreadable::NotJson("it is HTML or XML, not JSON".to_owned()));
        }
        _ => {}
    }
    match serde_json::from_str(text) {
        Ok(value) if !has_exponent(&value) => match repeated::first(text, deciding) {
            Some(key) => Err(Unreadable::repeated(key)),
            None => Ok(value),
        },
        Ok(_) | Err(_) => lenient::value(text, deciding),
    }
}

/// What a body is encoded with, if it is neither UTF-8 nor similar.
fn foreign_encoding(body: &[u8]) -> Option<String> {
    if let Some(encoding) = compression(body) {
        return Some(encoding.to_string());
    }
    match body {
        // With a byte order mark, or one of the two bytes of an ASCII character is zero.
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..] => {
            Some("it is UTF-16 or UTF-32, not UTF-8".to_owned())
        }
        _ => None,
    }
}

/// Whether a number in it has an exponent, which the parser does not keep as it was written.
fn has_exponent(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_str().contains('e'),
        Value::Array(items) => items.iter().any(has_exponent),
        Value::Object(fields) => fields.values().any(has_exponent),
        _ => false,
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
mod tests;
