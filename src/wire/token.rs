//! The secret of a profile on its way into requests.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

/// How many bytes of a secret have to match before text is redacted.
const MAX_COMPARED: usize = 128;

/// A token, or none yet. Cheap to clone; `Debug` does not show its text.
#[derive(Clone, Default)]
pub struct Token {
    value: Option<Arc<TokenValue>>,
    /// How often the token was renewed before this one; it tells a response to an older token apart.
    pub generation: u32,
}

struct TokenValue {
    secret: SecretString,
    expires_at: Option<Timestamp>,
}

impl Token {
    /// The token of this generation, without a known expiry.
    pub fn new(secret: SecretString, generation: u32) -> Self {
        Token { value: Some(Arc::new(TokenValue { secret, expires_at: None })), generation }
    }

    /// The same token with this expiry.
    #[must_use]
    pub fn expiring(self, at: Timestamp) -> Self {
        let secret = self.text().unwrap_or_default().to_owned();
        let value = TokenValue { secret: secret.into(), expires_at: Some(at) };
        Token { value: Some(Arc::new(value)), ..self }
    }

    /// The same token as that of another generation.
    #[must_use]
    pub fn of_generation(self, generation: u32) -> Self {
        Token { generation, ..self }
    }

    /// Whether there is a token.
    pub fn is_present(&self) -> bool {
        self.value.is_some()
    }

    /// When it expires, if that is known.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.value.as_ref()?.expires_at
    }

    /// The secret itself, to be put into a request.
    pub fn text(&self) -> Option<&str> {
        self.value.as_ref().map(|value| value.secret.expose_secret())
    }

    /// Replaces the token by `[redacted]` in text from a peer: verbatim in any case, percent-encoded, or
    /// escaped as in JSON.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        /// In bytes. Anything shorter is no secret, and removing it would only mangle text.
        const MIN_LENGTH: usize = 6;
        let secret = self.text().unwrap_or_default().as_bytes();
        if secret.len() < MIN_LENGTH {
            return Cow::Borrowed(text);
        }
        let bytes = text.as_bytes();
        let (mut redacted, mut copied, mut at) = (String::new(), 0, 0);
        while at < bytes.len() {
            // The fast path: every message is searched, and most bytes cannot start a match.
            let length = if may_begin(bytes[at], secret[0]) {
                encoded_length(&bytes[at..], secret)
            } else {
                None
            };
            match length {
                Some(length) => {
                    redacted.push_str(&text[copied..at]);
                    redacted.push_str("[redacted]");
                    at += length;
                    copied = at;
                }
                None => at += 1,
            }
        }
        if copied == 0 { Cow::Borrowed(text) } else { Cow::Owned(redacted + &text[copied..]) }
    }
}

/// Whether an encoded secret that begins with `secret` may begin with this byte: see [`encoded_byte_length`].
fn may_begin(byte: u8, secret: u8) -> bool {
    byte.eq_ignore_ascii_case(&secret) || matches!(byte, b'%' | b'\\' | b'u')
}

/// The length in bytes of the encoded secret that `text` starts with, if it starts with one. A match of the
/// first [`MAX_COMPARED`] bytes is enough, so that the work is bounded for a very long secret.
fn encoded_length(text: &[u8], secret: &[u8]) -> Option<usize> {
    if text.starts_with(&secret[..secret.len().min(MAX_COMPARED)]) {
        return Some(text.iter().zip(secret).take_while(|(one, other)| one == other).count());
    }
    let mut length = 0;
    let mut previous = 0;
    for (index, byte) in secret.iter().enumerate() {
        // A run of backslashes was consumed as a whole with its first.
        if (previous, *byte) != (b'\\', b'\\') {
            match encoded_byte_length(&text[length..], *byte) {
                Some(more) => length += more,
                None if index >= MAX_COMPARED => break,
                None => return None,
            }
        }
        previous = *byte;
    }
    Some(length)
}

/// The length of one encoded byte of the secret: itself in any case, `%2F`, or with the backslashes of JSON
/// (which may be nested in JSON) `\/` or `\u002f`.
fn encoded_byte_length(text: &[u8], byte: u8) -> Option<usize> {
    /// Enough for JSON in JSON in JSON, and a bound for text of nothing but backslashes.
    const MAX_ESCAPES: usize = 7;
    let escapes = text.iter().take(MAX_ESCAPES).take_while(|byte| **byte == b'\\').count();
    if byte == b'\\' && escapes > 0 {
        return Some(escapes);
    }
    let rest = &text[escapes..];
    let is_code = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        u8::from_str_radix(digits, 16).is_ok_and(|code| code.eq_ignore_ascii_case(&byte))
    };
    match rest {
        [first, ..] if first.eq_ignore_ascii_case(&byte) => Some(escapes + 1),
        [b'%', high, low, ..] if is_code(&[*high, *low]) => Some(escapes + 3),
        [b'u', b'0', b'0', high, low, ..] if is_code(&[*high, *low]) => Some(escapes + 5),
        _ => None,
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value.as_ref().map(|_| "[redacted]");
        f.debug_struct("Token")
            .field("value", &value)
            .field("generation", &self.generation)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_nowhere() {
        let token = Token::new("hunter2-hunter2".to_owned().into(), 0);
        assert!(!format!("{token:?}").contains("hunter2"));
        assert_eq!(token.redact("bad token hunter2-hunter2!"), "bad token [redacted]!");
    }

    #[test]
    fn of_a_very_long_token_the_beginning_is_enough() {
        let token = Token::new(format!("{}b", "a".repeat(60_000)).into(), 0);
        // Compared in full, at every place, this would take minutes.
        let text = "a".repeat(1_000_000);
        assert!(!token.redact(&text).contains(&"a".repeat(128)));
        let other = "a".repeat(127);
        assert_eq!(token.redact(&other), other);
        let short = Token::new(format!("{}b", "a".repeat(100)).into(), 0);
        assert_eq!(short.redact(&text), text, "of a shorter one all of it");
    }

    #[test]
    fn a_token_is_found_in_a_url_and_in_json() {
        let token = Token::new("hunter2+/=".to_owned().into(), 0);
        let text = r#"{"url": "/ws?token=hunter2%2B%2F%3D", "token": "hunter2+\/="}"#;
        assert_eq!(token.redact(text), r#"{"url": "/ws?token=[redacted]", "token": "[redacted]"}"#);
        // Escaped more than JSON needs, in JSON that is text of JSON, and in the case of a host.
        for text in
            [r"hunter2\u002b\u002F\u003d", r"hunter2+\\/\\u003D", "hunter2%2b%2f%3d", "HUNTER2+/="]
        {
            assert_eq!(token.redact(&format!("\"{text}\" größer")), "\"[redacted]\" größer");
        }
        let other = "hunter2+/ hunter2%2 größe \\ \\u %";
        assert_eq!(token.redact(other), other);
    }

    #[test]
    fn a_token_of_backslashes_is_found() {
        let token = Token::new(r"hunter\\\2\/".to_owned().into(), 0);
        for text in [r"hunter\\\2\/", r"hunter\\\\\\2\\/", r"hunter\\\\\\2\\\u002f"] {
            assert_eq!(token.redact(text), "[redacted]");
        }
    }
}
