//! Reading JSON from peers, which may be anything.

mod lenient;
mod repeated;

use std::fmt;

use serde_json::{Map, Value};

use crate::wire::compression;
pub use crate::wire::without_bom;

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

impl Unreadable {
    fn repeated(key: &str) -> Self {
        Unreadable::Ambiguous(format!("it has the key {key} twice"))
    }
}

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
    match value(&String::from_utf8_lossy(body), deciding)? {
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
pub(super) fn has_exponent(value: &Value) -> bool {
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
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_skipped() {
        for body in [&b"\xef\xbb\xbf{\"a\":1}"[..], b"\xef\xbb\xbf \r\n{\"a\":1}\n"] {
            assert_eq!(object(body, &["a"]).unwrap()["a"], 1);
        }
        let twice = b"\xef\xbb\xbf{\"a\":1,\"a\":2}";
        assert!(matches!(object(twice, &["a"]), Err(Unreadable::Ambiguous(_))));
        assert!(object(b"{\"a\":\"\xef\xbb\xbf\"}", &[]).unwrap()["a"] == "\u{feff}");
    }

    #[test]
    fn what_is_not_an_object_is_named() {
        for (body, needle) in [
            (&b""[..], "empty"),
            (b"  \n", "empty"),
            (b"<!doctype html><p>hi", "HTML"),
            (b"null", "null"),
            (b"[1]", "an array"),
            (b"{\"a\":", "not JSON"),
            (b"\x1f\x8b\x08", "compressed (gzip)"),
            (b"\x78\x9c\xab\x56", "compressed (deflate)"),
            (b"\xff\xfe{\0}\0", "UTF-16"),
            (b"\xfe\xff\0{\0}", "UTF-16"),
            (b"{\0}\0", "UTF-16"),
            (b"\0{\0}", "UTF-16"),
            (b"\xff\xff", "not JSON"),
            (b"\xef\xbb\xbf", "empty"),
            (b"\xef\xbb\xbf<p>", "HTML"),
        ] {
            let error = object(body, &[]).unwrap_err();
            assert!(error.to_string().contains(needle), "{error}");
        }
    }
}
