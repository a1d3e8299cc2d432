//! Signed messages: on the channel of an account orders come as JSON Web Tokens.

use super::order::{DECIDING, Order};
use crate::protocol::jwt::{self, JwtError};
use crate::provider::json;
use crate::wire::Token;

/// Why an event is ignored.
pub(super) enum IgnoreReason {
    /// It was signed with another access token, for this reason.
    BadSignature(String),
    /// It cannot be understood, for this reason.
    Malformed(String),
}

impl From<String> for IgnoreReason {
    fn from(problem: String) -> Self {
        IgnoreReason::Malformed(problem)
    }
}

impl From<&str> for IgnoreReason {
    fn from(problem: &str) -> Self {
        IgnoreReason::Malformed(problem.to_owned())
    }
}

/// The keys that signed messages are verified with: the current access token, and the previous one.
#[derive(Default)]
pub(super) struct SigningKeys {
    current: Token,
    previous: Token,
}

impl SigningKeys {
    pub(super) fn set_current(&mut self, token: &Token) {
        if token.text() != self.current.text() {
            self.previous = std::mem::replace(&mut self.current, token.clone());
        }
    }

    /// Verifies a signed message and reads its order.
    ///
    /// # Errors
    /// The signature is wrong, or there is no order in it.
    pub(super) fn verify(&self, text: &str) -> Result<Order, IgnoreReason> {
        let secrets: Vec<&[u8]> = [&self.current, &self.previous]
            .into_iter()
            .filter_map(Token::text)
            .map(str::as_bytes)
            .collect();
        if secrets.is_empty() {
            return Err("it is signed, and there is no access token to check it with".into());
        }
        match jwt::verify(text, &secrets) {
            Ok(claims) => Ok(read_order(&claims)?),
            Err(JwtError::WrongSignature) => Err(IgnoreReason::BadSignature(
                "its signature is wrong: it was made with another access token".to_owned(),
            )),
            Err(error) => Err(error.to_string().into()),
        }
    }
}

/// Reads an order that was published.
///
/// # Errors
/// One sentence on why it is not understood.
pub(super) fn read_order(text: &str) -> Result<Order, String> {
    Order::of(json::object(text.as_bytes(), DECIDING)?.into())
}
