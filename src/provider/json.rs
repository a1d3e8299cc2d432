//! Reading the JSON that providers send, with sentences for what is not JSON.

use serde_json::{Map, Value};

use crate::wire::Response;

/// Reads a body that has to be a JSON object.
///
/// # Errors
/// What the body is instead.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, String> {
    let start = body.trim_ascii_start();
    match start.first() {
        None => return Err("it is empty".to_owned()),
        Some(b'<') => return Err("it is HTML or XML, not JSON".to_owned()),
        Some(0x1f) => return Err("it is compressed, which was not asked for".to_owned()),
        _ => {}
    }
    let text = std::str::from_utf8(body).map_err(|_| "it is not valid UTF-8".to_owned())?;
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(format!("it is {}, not a JSON object", kind(&other))),
        Err(error) => Err(format!("it is not JSON ({error})")),
    }
}

/// The text of a field: a string, or the digits of a number as they were written. Empty is absent.
pub fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    match object.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What an error response says.
pub struct ErrorAnswer {
    /// `404 (not_found: no such transaction)`.
    pub text: String,
    /// Whether its body is no JSON object, as that of any other web server.
    pub is_foreign: bool,
}

/// Reads an error response; `words` finds what the provider's own error body says.
pub fn error_answer(
    response: &Response,
    words: impl FnOnce(&Map<String, Value>) -> Vec<String>,
) -> ErrorAnswer {
    let status = response.status;
    let Ok(body) = object(&response.body) else {
        let text = format!("{status} without a JSON body; is the url right?");
        return ErrorAnswer { text, is_foreign: true };
    };
    let words = words(&body);
    let text = if words.is_empty() {
        status.to_string()
    } else {
        format!("{status} ({})", words.join(": "))
    };
    ErrorAnswer { text, is_foreign: false }
}

/// The texts of these fields, as far as they are there.
pub fn texts(object: &Map<String, Value>, keys: &[&str]) -> Vec<String> {
    keys.iter().filter_map(|key| text(object, key)).collect()
}

/// What a value is, in words.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Field names that carry personal data, without case and separators.
const PERSONAL: &[&str] = &[
    "dateofbirth",
    "email",
    "firstname",
    "fullname",
    "ip",
    "ipaddress",
    "lastname",
    "phone",
    "phonenumber",
    "userid",
];

/// A provider's JSON without the fields that carry personal data, at any depth; `more` are those that
/// do in this provider's.
pub fn without_personal_data(value: &mut Value, more: &[impl AsRef<str>]) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !is_personal(key, more));
            fields.values_mut().for_each(|field| without_personal_data(field, more));
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| without_personal_data(item, more));
        }
        _ => {}
    }
}

fn is_personal(key: &str, more: &[impl AsRef<str>]) -> bool {
    /// No name that carries personal data is longer.
    const LONGEST: usize = 32;
    let mut name = [0; LONGEST];
    let mut length = 0;
    for byte in key.bytes().filter(u8::is_ascii_alphanumeric) {
        if length == LONGEST {
            return false;
        }
        name[length] = byte.to_ascii_lowercase();
        length += 1;
    }
    let is_name = |known: &str| known.as_bytes() == &name[..length];
    PERSONAL.iter().any(|known| is_name(known)) || more.iter().any(|known| is_name(known.as_ref()))
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
            let error = object(body).unwrap_err();
            assert!(error.contains(needle), "{error}");
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        let object =
            object(br#"{"a": 0.0006130127560164107, "b": "99.50", "c": "", "d": null}"#).unwrap();
        assert_eq!(text(&object, "a").as_deref(), Some("0.0006130127560164107"));
        assert_eq!(text(&object, "b").as_deref(), Some("99.50"));
        assert_eq!(text(&object, "c"), None);
        assert_eq!(text(&object, "d"), None);
    }

    #[test]
    fn personal_fields_go_at_any_depth() {
        let mut value = serde_json::json!({"a": [{"E-Mail": 1, "b": 2}], "partner_user_id": "u", "ipAddress": "::1"});
        without_personal_data(&mut value, &["partneruserid"]);
        assert_eq!(value, serde_json::json!({"a": [{"b": 2}]}));
    }
}
