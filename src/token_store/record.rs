//! The contents of a token's file: `{"token": "…", "issued_at": "…Z", "expires_at": "…Z" or null}`.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::credential::issued_token;
use crate::wire::Token;

/// How long before its expiry an issued token is renewed.
pub const RENEWAL_MARGIN: Duration = Duration::from_secs(10 * 60);
/// How long an issued token is used at least, in case the provider's clock and this machine's differ.
pub const MIN_USE: Duration = Duration::from_secs(5 * 60);

/// An issued token as it is kept. `Debug` does not show its text.
#[derive(Clone)]
pub struct KeptToken {
    secret: SecretString,
    /// By the clock of the machine that it was issued on.
    issued_at: Timestamp,
    /// When it expires, if that is known.
    pub expires_at: Option<Timestamp>,
}

impl KeptToken {
    /// A token that was issued just now.
    pub fn new(token: &Token, issued_at: Timestamp) -> Self {
        let secret = token.text().unwrap_or_default().to_owned().into();
        KeptToken { secret, issued_at, expires_at: token.expires_at() }
    }

    /// Reads the contents of a file.
    ///
    /// # Errors
    /// What is wrong with them. Their text is not repeated.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let damaged = || "its contents are damaged".to_owned();
        let value: Value = serde_json::from_slice(bytes).map_err(|_| damaged())?;
        let time = |text: &Value| text.as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let secret = value["token"].as_str().ok_or_else(damaged)?.to_owned().into();
        issued_token(&secret, 0).map_err(|_| damaged())?;
        let issued_at = time(&value["issued_at"]).ok_or_else(damaged)?;
        let expires_at = match &value["expires_at"] {
            Value::Null => None,
            text => Some(time(text).ok_or_else(damaged)?),
        };
        Ok(KeptToken { secret, issued_at, expires_at })
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        let expires_at = self.expires_at.map(|at| at.to_string());
        let value = json!({
            "token": self.secret.expose_secret(),
            "issued_at": self.issued_at.to_string(),
            "expires_at": expires_at,
        });
        format!("{value}\n").into_bytes()
    }

    /// The token, as that of this generation.
    pub fn token(&self, generation: u32) -> Token {
        let token = Token::new(self.secret.clone(), generation);
        match self.expires_at {
            Some(at) => token.expiring(at),
            None => token,
        }
    }

    /// Whether it is this token.
    pub fn is(&self, token: &Token) -> bool {
        token.text() == Some(self.secret.expose_secret())
    }

    /// Whether it can be used without being renewed first. One whose expiry is unknown is used until it is refused.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let Some(expires_at) = self.expires_at else {
            return true;
        };
        // If the clock was set back, nothing is known about its age.
        let is_young =
            self.issued_at <= now && now.duration_since(self.issued_at).unsigned_abs() < MIN_USE;
        is_young || now < expires_at.checked_sub(RENEWAL_MARGIN).unwrap_or(Timestamp::MIN)
    }
}

impl fmt::Debug for KeptToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
