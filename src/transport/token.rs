//! The secret of a profile on its way into requests.

use std::borrow::Cow;
use std::sync::Arc;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

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

    /// Text from outside, in which a peer may have repeated the token, without it.
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        /// Below this length a secret is no secret, and removing it would only mangle text.
        const SHORTEST: usize = 6;
        match self.text() {
            Some(secret) if secret.len() >= SHORTEST && text.contains(secret) => {
                Cow::Owned(text.replace(secret, "[redacted]"))
            }
            _ => Cow::Borrowed(text),
        }
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
}
