//! Wire traffic as `-vv` shows it: without personal data, and not without end.

use crate::provider::without_personal_data;

/// As much of a message as a log needs; a whole line of it is not much longer.
const LONGEST: usize = 400;

/// A message for the log. What is not JSON is only measured, for it cannot be redacted.
pub(super) fn shown(text: &str) -> String {
    let Ok(mut value) = serde_json::from_str(text) else {
        return format!("{} characters that are not JSON", text.chars().count());
    };
    without_personal_data(&mut value);
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}
