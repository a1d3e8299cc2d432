//! The secret of a profile on its way into requests.

use std::borrow::Cow;
use std::sync::Arc;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded::byte_serialize;

/// A token, or none yet. Cheap to clone; cannot be displayed.
#[derive(Clone, Debug, Default)]
pub struct Token {
    secret: Option<Arc<SecretString>>,
    /// Counts the renewals, so that a refusal of an older token is told from one of this.
    pub generation: u32,
}

impl Token {
    /// The token of this generation.
    pub fn new(secret: SecretString, generation: u32) -> Self {
        Token { secret: Some(Arc::new(secret)), generation }
    }

    /// `Bearer <token>`, marked so that no log shows it.
    pub(super) fn bearer(&self) -> Option<HeaderValue> {
        let secret = self.secret.as_ref()?;
        let mut value = HeaderValue::try_from(format!("Bearer {}", secret.expose_secret())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The bare text, for a query parameter.
    pub(super) fn text(&self) -> Option<&str> {
        self.secret.as_ref().map(|secret| secret.expose_secret())
    }

    /// Text from outside, in which a peer may have repeated the token, without it: neither as it is, nor
    /// as a URL or JSON has it.
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        /// Below this length a secret is no secret, and removing it would only mangle text.
        const SHORTEST: usize = 6;
        let mut text = Cow::Borrowed(text);
        let Some(secret) = self.text().filter(|secret| secret.len() >= SHORTEST) else {
            return text;
        };
        let encoded = byte_serialize(secret.as_bytes()).collect::<String>();
        let escaped = secret.replace('/', "\\/");
        for form in [secret, &encoded, &escaped] {
            if text.contains(form) {
                text = Cow::Owned(text.replace(form, "[redacted]"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_nowhere() {
        let token = Token::new("hunter2-hunter2".to_owned().into(), 0);
        assert!(!format!("{token:?} {:?}", token.bearer()).contains("hunter2"));
        assert_eq!(token.scrub("bad token hunter2-hunter2!"), "bad token [redacted]!");
    }

    #[test]
    fn a_token_is_found_in_a_url_and_in_json() {
        let token = Token::new("hunter2+/=".to_owned().into(), 0);
        let text = r#"{"url": "/ws?token=hunter2%2B%2F%3D", "token": "hunter2+\/="}"#;
        assert_eq!(token.scrub(text), r#"{"url": "/ws?token=[redacted]", "token": "[redacted]"}"#);
    }
}
