//! The secret of a profile on its way into requests.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded::byte_serialize;

use super::jwt;

/// A token, or none yet. Cheap to clone; cannot be displayed.
#[derive(Clone, Default)]
pub struct Token {
    held: Option<Arc<Held>>,
    /// Counts the renewals, so that a refusal of an older token is told from one of this.
    pub generation: u32,
}

struct Held {
    secret: SecretString,
    /// The forms in which a peer may repeat it: as it is, and as a URL or JSON has it.
    forms: Vec<SecretString>,
    expires_at: Option<Timestamp>,
}

impl Token {
    /// The token of this generation. If it is a JWT, it says itself when it expires.
    pub fn new(secret: SecretString, generation: u32) -> Self {
        let expires_at = jwt::expiry(secret.expose_secret());
        let forms = forms(secret.expose_secret());
        Token { held: Some(Arc::new(Held { secret, forms, expires_at })), generation }
    }

    /// The same token, whose issuer said when it expires.
    #[must_use]
    pub fn expiring(self, at: Timestamp) -> Self {
        let secret = self.text().unwrap_or_default().to_owned();
        let held = Held { forms: forms(&secret), secret: secret.into(), expires_at: Some(at) };
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

    /// Text from outside, in which a peer may have repeated the token, without it.
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for form in self.held.iter().flat_map(|held| &held.forms) {
            if text.contains(form.expose_secret()) {
                text = Cow::Owned(text.replace(form.expose_secret(), "[redacted]"));
            }
        }
        text
    }
}

fn forms(secret: &str) -> Vec<SecretString> {
    /// Below this length a secret is no secret, and removing it would only mangle text.
    const SHORTEST: usize = 6;
    if secret.len() < SHORTEST {
        return Vec::new();
    }
    let mut forms = vec![secret.to_owned()];
    for other in [byte_serialize(secret.as_bytes()).collect(), secret.replace('/', "\\/")] {
        if !forms.contains(&other) {
            forms.push(other);
        }
    }
    forms.into_iter().map(SecretString::from).collect()
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
    fn a_token_is_found_in_a_url_and_in_json() {
        let token = Token::new("hunter2+/=".to_owned().into(), 0);
        let text = r#"{"url": "/ws?token=hunter2%2B%2F%3D", "token": "hunter2+\/="}"#;
        assert_eq!(token.scrub(text), r#"{"url": "/ws?token=[redacted]", "token": "[redacted]"}"#);
    }

    #[test]
    fn a_jwt_says_when_it_expires() {
        let claims = serde_json::json!({ "exp": 1_729_775_825 });
        let token = Token::new(jwt::sign(&claims, b"issuer").unwrap().into(), 0);
        assert_eq!(token.expires_at().unwrap().as_second(), 1_729_775_825);
        assert_eq!(Token::new("opaque-token".to_owned().into(), 0).expires_at(), None);
    }
}
