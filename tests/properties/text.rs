//! Text on its way to people and into logs.

use serde_json::Value;
use txwatch::driver::traffic::redacted;
use txwatch::protocol::jwt;
use txwatch::render::clean;
use txwatch::wire::Token;

/// Nothing is left that a terminal would obey or that hides; harmless text is left alone.
pub fn sanitised(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let cleaned = clean(&text);
    assert!(!cleaned.contains(is_dangerous), "{cleaned:?}");
    assert_eq!(clean(&cleaned), cleaned, "cleaned twice");
    assert!(cleaned.chars().count() <= 501, "{} characters", cleaned.chars().count());
    let short = text.chars().count() <= 500;
    let kept = |c: &char| !c.is_ascii() && c.is_alphanumeric() || (' '..='~').contains(c);
    if short {
        let words: String = text.chars().filter(kept).collect();
        let still: String = cleaned.chars().filter(kept).collect();
        let spaces = text.chars().filter(|c| matches!(c, '\n' | '\r' | '\t')).count();
        assert_eq!(still.len(), words.len() + spaces, "{text:?}");
    }
    if short && text.chars().all(|c| kept(&c)) {
        assert_eq!(cleaned, text);
    }
}

/// Control, bidi, zero-width and tag characters, and separators of lines and paragraphs.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Fields that no log shows.
const PERSONAL: &[&str] = &["email", "ipaddress", "walletaddress"];
const CANARY: &str = "jane-7f3a9c";

/// Wire traffic is shown on one line of bounded length and without personal data, however deep that is.
pub fn traffic(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let line = redacted(&text, PERSONAL);
    assert!(!line.contains('\n') && line.chars().count() <= 450, "{line}");
    let Ok(message) = serde_json::from_str::<Value>(&text) else { return };
    if text.contains(CANARY) {
        return;
    }
    for is_cut in [false, true] {
        let mut message = message.clone();
        mark(&mut message, is_cut);
        // Written into text once more, as Pusher does; and the same, broken off.
        let message = message.to_string();
        let wrapped = Value::from(message.as_str()).to_string();
        let broken = Value::from(cut(&message)).to_string();
        for text in [message, wrapped, broken] {
            let line = redacted(&text, PERSONAL);
            assert!(!line.contains(CANARY), "{line}");
        }
    }
}

/// Puts somebody's name into every personal field, in JSON inside of text too, which may be broken off.
fn mark(value: &mut Value, is_cut: bool) {
    let name = |key: &str| {
        let letters = key.chars().filter(char::is_ascii_alphanumeric);
        letters.collect::<String>().to_ascii_lowercase()
    };
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                if PERSONAL.contains(&name(key).as_str()) {
                    *field = Value::from(CANARY);
                } else {
                    mark(field, is_cut);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, is_cut)),
        Value::String(text) => {
            if let Ok(mut inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
            {
                mark(&mut inner, is_cut);
                let inner = inner.to_string();
                *text = if is_cut { cut(&inner).to_owned() } else { inner };
            }
        }
        _ => {}
    }
}

/// All but the last character.
fn cut(text: &str) -> &str {
    text.char_indices().next_back().map_or("", |(end, _)| &text[..end])
}

/// No text passes for signed by a secret that did not sign it, and none keeps a token that is taken out.
pub fn token(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert!(jwt::verify(&text, &[b"a secret"]).is_err(), "{text} was believed");
    let (secret, rest) = text.split_once('\n').unwrap_or(("hunter2/+=", &text));
    // What is put in the place of a token could make it up anew only with its own brackets.
    let is_token = |byte: u8| byte.is_ascii_graphic() && !b"[]".contains(&byte);
    if secret.len() < 6 || "[redacted]".contains(secret) || !secret.bytes().all(is_token) {
        return;
    }
    let token = Token::new(secret.to_owned().into(), 0);
    let around = format!("{rest}{secret}{rest}");
    let redacted = token.redact(&around);
    assert!(!redacted.contains(secret), "{redacted}");
    let debug = "Token { value: Some(\"[redacted]\"), generation: 0 }";
    assert_eq!(format!("{token:?}"), debug);
}
