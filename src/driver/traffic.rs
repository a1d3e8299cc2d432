//! Messages as `-vv` logs them: without personal data, and shortened.

use serde_json::Value;

use crate::protocol::jwt;
use crate::provider::remove_personal_data;

/// How much of a message is logged, in characters.
const MAX_LENGTH: usize = 400;

/// A message for the log, without these fields. Of a message that is not JSON only the length is logged, for it cannot
/// be redacted.
pub fn redacted(text: &str, personal: &[impl AsRef<str>]) -> String {
    let Ok(mut value) = serde_json::from_str(text) else {
        return format!("{} characters that are not JSON", text.chars().count());
    };
    decode_nested(&mut value);
    remove_personal_data(&mut value, personal);
    let text = value.to_string();
    match text.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

/// Decodes JSON in strings, so that it can be redacted. Strings that only begin like JSON, and signed messages, whose
/// claims are not encrypted, are replaced by their length.
fn decode_nested(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(decode_nested),
        Value::Array(items) => items.iter_mut().for_each(decode_nested),
        Value::String(text) if jwt::is_jwt(text) => {
            *text = format!("[signed, {} bytes]", text.len());
        }
        Value::String(text) => match serde_json::from_str(text) {
            Ok(mut inner @ (Value::Object(_) | Value::Array(_) | Value::String(_))) => {
                decode_nested(&mut inner);
                *value = inner;
            }
            Err(_) if text.trim_start().starts_with(['{', '[', '"']) => {
                *text = format!("[broken JSON, {} bytes]", text.len());
            }
            _ => {}
        },
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: &[&str] = &[];

    #[test]
    fn personal_data_in_text_is_redacted_too() {
        let inner = r#"{\"id\":\"x\",\"ipAddress\":\"14.142.0.1\",\"walletAddress\":\"0xD902\"}"#;
        let text = format!(r#"{{"event":"ORDER_CREATED","channel":"x","data":"{inner}"}}"#);
        assert_eq!(
            redacted(&text, &["walletaddress"]),
            r#"{"event":"ORDER_CREATED","channel":"x","data":{"id":"x"}}"#
        );
    }

    #[test]
    fn broken_json_in_text_is_only_measured() {
        let text = r#"{"event":"X","data":"{\"ipAddress\":\"14.142.0.1\""}"#;
        assert_eq!(redacted(text, NONE), r#"{"event":"X","data":"[broken JSON, 25 bytes]"}"#);
        let text = r#"{"event":"X","data":"hello {"}"#;
        assert_eq!(redacted(text, NONE), text);
    }

    #[test]
    fn a_signed_message_is_only_measured() {
        let text = r#"{"data":"eyJhbGciOiJIUzI1NiJ9.eyJpcCI6IjE0LjE0MiJ9.c2ln"}"#;
        assert_eq!(redacted(text, NONE), r#"{"data":"[signed, 46 bytes]"}"#);
        assert_eq!(
            redacted("eyJhbGciOiJIUzI1NiJ9.e30.c2ln", NONE),
            "29 characters that are not JSON"
        );
    }
}
