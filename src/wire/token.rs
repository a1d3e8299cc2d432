//! The secret of a profile on its way into requests.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

/// A token, or none yet. Cheap to clone; cannot be displayed.
#[derive(Clone, Default)]
pub struct Token {
    held: Option<Arc<Held>>,
    /// Counts the renewals, so that a refusal of an older token is told from one of this.
    pub generation: u32,
}

struct Held {
    secret: SecretString,
    expires_at: Option<Timestamp>,
}

impl Token {
    /// The token of this generation, of which it is not known when it expires.
    pub fn new(secret: SecretString, generation: u32) -> Self {
        Token { held: Some(Arc::new(Held { secret, expires_at: None })), generation }
    }

    /// The same token, known to expire then.
    #[must_use]
    pub fn expiring(self, at: Timestamp) -> Self {
        let secret = self.text().unwrap_or_default().to_owned();
        let held = Held { secret: secret.into(), expires_at: Some(at) };
        Token { held: Some(Arc::new(held)), ..self }
    }

    /// Whether there is one.
    pub fn is_present(&self) -> bool {
        self.held.is_some()
    }

    /// When it expires, if that is known.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.held.as_ref()?.expires_at
    }

    /// The bare text, for where it has to go.
    pub fn text(&self) -> Option<&str> {
        self.held.as_ref().map(|held| held.secret.expose_secret())
    }

    /// Text from outside, in which a peer may have repeated the token, without it: as it is, and as a
    /// URL, a host or JSON writes it.
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        /// Below this length a secret is no secret, and removing it would only mangle text.
        const SHORTEST: usize = 6;
        let secret = self.text().unwrap_or_default().as_bytes();
        if secret.len() < SHORTEST {
            return Cow::Borrowed(text);
        }
        let (mut scrubbed, mut kept, mut at) = (String::new(), 0, 0);
        while at < text.len() {
            match spelt(&text.as_bytes()[at..], secret) {
                Some(length) => {
                    scrubbed.push_str(&text[kept..at]);
                    scrubbed.push_str("[redacted]");
                    at += length;
                    kept = at;
                }
                None => at += 1,
            }
        }
        match kept {
            0 => Cow::Borrowed(text),
            _ => Cow::Owned(scrubbed + &text[kept..]),
        }
    }
}

/// How much of the text, from its start, spells the secret; of a very long one the beginning is enough,
/// or a peer could keep us comparing.
fn spelt(text: &[u8], secret: &[u8]) -> Option<usize> {
    const ENOUGH: usize = 128;
    if text.starts_with(&secret[..secret.len().min(ENOUGH)]) {
        return Some(text.iter().zip(secret).take_while(|(one, other)| one == other).count());
    }
    let mut length = 0;
    let mut before = 0;
    for (index, byte) in secret.iter().enumerate() {
        // However many backslashes there are in a row, the first has taken them all.
        if (before, *byte) != (b'\\', b'\\') {
            match letter(&text[length..], *byte) {
                Some(more) => length += more,
                None if index >= ENOUGH => break,
                None => return None,
            }
        }
        before = *byte;
    }
    Some(length)
}

/// The length of one letter in any case: itself, `%2F`, or behind the backslashes of JSON, which may be in
/// JSON again, `\/` or `\u002f`.
fn letter(text: &[u8], letter: u8) -> Option<usize> {
    /// JSON in JSON in JSON. A peer that sends nothing else must not keep us counting.
    const DEEPEST: usize = 7;
    let escapes = text.iter().take(DEEPEST).take_while(|byte| **byte == b'\\').count();
    if letter == b'\\' && escapes > 0 {
        return Some(escapes);
    }
    let rest = &text[escapes..];
    let is_code = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        u8::from_str_radix(digits, 16).is_ok_and(|code| code.eq_ignore_ascii_case(&letter))
    };
    match rest {
        [first, ..] if first.eq_ignore_ascii_case(&letter) => Some(escapes + 1),
        [b'%', high, low, ..] if is_code(&[*high, *low]) => Some(escapes + 3),
        [b'u', b'0', b'0', high, low, ..] if is_code(&[*high, *low]) => Some(escapes + 5),
        _ => None,
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held.as_ref().map(|_| "[redacted]");
        f.debug_struct("Token").field("held", &held).field("generation", &self.generation).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_nowhere() {
        let token = Token::new("hunter2-hunter2".to_owned().into(), 0);
        assert!(!format!("{token:?}").contains("hunter2"));
        assert_eq!(token.scrub("bad token hunter2-hunter2!"), "bad token [redacted]!");
    }

    #[test]
    fn of_a_very_long_token_the_beginning_is_enough() {
        let token = Token::new(format!("{}b", "a".repeat(60_000)).into(), 0);
        // Compared in full, at every place, this would take minutes.
        let text = "a".repeat(1_000_000);
        assert!(!token.scrub(&text).contains(&"a".repeat(128)));
        let other = "a".repeat(127);
        assert_eq!(token.scrub(&other), other);
        let short = Token::new(format!("{}b", "a".repeat(100)).into(), 0);
        assert_eq!(short.scrub(&text), text, "of a shorter one all of it");
    }

    #[test]
    fn a_token_is_found_in_a_url_and_in_json() {
        let token = Token::new("hunter2+/=".to_owned().into(), 0);
        let text = r#"{"url": "/ws?token=hunter2%2B%2F%3D", "token": "hunter2+\/="}"#;
        assert_eq!(token.scrub(text), r#"{"url": "/ws?token=[redacted]", "token": "[redacted]"}"#);
        // Escaped more than JSON needs, in JSON that is text of JSON, and in the case of a host.
        for text in
            [r"hunter2\u002b\u002F\u003d", r"hunter2+\\/\\u003D", "hunter2%2b%2f%3d", "HUNTER2+/="]
        {
            assert_eq!(token.scrub(&format!("\"{text}\" größer")), "\"[redacted]\" größer");
        }
        let other = "hunter2+/ hunter2%2 größe \\ \\u %";
        assert_eq!(token.scrub(other), other);
    }

    #[test]
    fn a_token_of_backslashes_is_found() {
        let token = Token::new(r"hunter\\\2\/".to_owned().into(), 0);
        for text in [r"hunter\\\2\/", r"hunter\\\\\\2\\/", r"hunter\\\\\\2\\\u002f"] {
            assert_eq!(token.scrub(text), "[redacted]");
        }
    }
}
