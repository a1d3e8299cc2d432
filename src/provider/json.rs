//! Reading the JSON that providers send.

use serde_json::{Map, Value};

use super::Reading;
pub use crate::protocol::json::{Unreadable, object, type_name, without_bom};
use crate::wire::{Response, StatusClass};

impl From<Unreadable> for Reading {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::NotJson(problem) => {
                Reading::Unusable(format!("its answer cannot be read: {problem}"))
            }
            Unreadable::Ambiguous(problem) => {
                Reading::Malformed(format!("its answer cannot be read: {problem}"))
            }
        }
    }
}

/// The text of a field: a string, or the digits of a number as they were written. None if it is absent or empty.
pub fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    match object.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The text of a field that has to be a string and must not be empty.
///
/// # Errors
/// One sentence on what is wrong with it.
pub fn required_text(object: &Map<String, Value>, key: &str) -> Result<String, String> {
    match object.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::String(_)) => Err(format!("its {key} is empty")),
        Some(other) => Err(format!("its {key} is {}, not a word", type_name(other))),
        None => Err(format!("it has no {key}")),
    }
}

/// An error response.
pub struct ErrorBody {
    /// The status code and the provider's texts: `404 (not_found: no such transaction)`.
    pub text: String,
    /// Whether the body is a JSON object, as the provider's own errors are.
    pub is_json: bool,
}

/// Reads an error response; `texts` finds the provider's texts in its body.
pub fn error_body(
    response: &Response,
    texts: impl FnOnce(&Map<String, Value>) -> Vec<String>,
) -> ErrorBody {
    let status = response.status;
    let Ok(body) = object(&response.body, &[]) else {
        let text = format!("{status} without a JSON body; is the url right?");
        return ErrorBody { text, is_json: false };
    };
    let texts = texts(&body);
    let text = if texts.is_empty() {
        status.to_string()
    } else {
        format!("{status} ({})", texts.join(": "))
    };
    ErrorBody { text, is_json: true }
}

/// What an error response says; `texts` finds the provider's texts in its body. A 404 means that an id is unknown only if
/// `says_unknown` finds in its body that it is the provider's own.
pub fn error_reading(
    response: &Response,
    says_unknown: impl FnOnce(&Map<String, Value>) -> bool,
    texts: impl FnOnce(&Map<String, Value>) -> Vec<String>,
) -> Reading {
    let mut is_unknown = false;
    let error = error_body(response, |body| {
        is_unknown = says_unknown(body);
        texts(body)
    });
    if response.class() == StatusClass::NotFound && is_unknown {
        return Reading::NotFound(error.text);
    }
    Reading::from_error(response, error.text, error.is_json)
}

/// Whether a message of an error is about an address, as any web server writes it about a path that it does not serve.
pub fn is_about_path(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let mut words = message.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| matches!(word, "path" | "route" | "page" | "url" | "uri" | "endpoint"))
        || message.contains("cannot get")
}

/// Whether an object has an `error` that is one: not null, false or empty.
pub fn has_error(object: &Map<String, Value>) -> bool {
    match object.get("error") {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}

/// What a provider says in place of a record: the texts of the `error` in a success response, which a record does not
/// have. `texts` finds them in the body. None if there is no error or a record beside it, of which `record` is a field.
pub fn error_in_success(
    response: &Response,
    body: &Map<String, Value>,
    record: &str,
    texts: impl FnOnce(&Map<String, Value>) -> Vec<String>,
) -> Option<Reading> {
    let absent = |key| body.get(key).is_none_or(Value::is_null);
    if absent("error") || !absent(record) {
        return None;
    }
    let texts = texts(body);
    let words = if texts.is_empty() { "an error".to_owned() } else { texts.join(": ") };
    Some(Reading::Unusable(format!("it answered {} with an error: {words}", response.status)))
}

/// The texts of these fields, without those that are absent or empty.
pub fn texts(object: &Map<String, Value>, keys: &[&str]) -> Vec<String> {
    keys.iter().filter_map(|key| text(object, key)).collect()
}

/// Fields with personal data; in lower case and without separators.
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

/// Removes the fields with personal data at any depth of a provider's JSON. `more` are the names of such fields of
/// this provider, beside those of every provider; in lower case and without separators.
pub fn remove_personal_data(value: &mut Value, more: &[impl AsRef<str>]) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !is_personal(key, more));
            fields.values_mut().for_each(|field| remove_personal_data(field, more));
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| remove_personal_data(item, more));
        }
        _ => {}
    }
}

fn is_personal(key: &str, more: &[impl AsRef<str>]) -> bool {
    /// No name of a field with personal data is longer.
    const MAX_LENGTH: usize = 32;
    let mut name = [0; MAX_LENGTH];
    let mut length = 0;
    for byte in key.bytes().filter(u8::is_ascii_alphanumeric) {
        if length == MAX_LENGTH {
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
    fn numbers_keep_their_digits() {
        let object =
            object(br#"{"a": 0.0006130127560164107, "b": "99.50", "c": "", "d": null}"#, &[])
                .unwrap();
        assert_eq!(text(&object, "a").as_deref(), Some("0.0006130127560164107"));
        assert_eq!(text(&object, "b").as_deref(), Some("99.50"));
        assert_eq!(text(&object, "c"), None);
        assert_eq!(text(&object, "d"), None);
    }

    #[test]
    fn personal_fields_go_at_any_depth() {
        let mut value = serde_json::json!({"a": [{"E-Mail": 1, "b": 2}], "partner_user_id": "u", "ipAddress": "::1"});
        remove_personal_data(&mut value, &["partneruserid"]);
        assert_eq!(value, serde_json::json!({"a": [{"b": 2}]}));
    }
}
