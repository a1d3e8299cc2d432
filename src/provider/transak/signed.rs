//! Signed messages: every order of an account comes as a JSON Web Token.

use super::order::Order;
use crate::protocol::jwt::{self, JwtError};
use crate::wire::Token;

/// Why an event is ignored.
pub(super) enum Ignored {
    /// It was signed with another token than ours.
    BadSignature(String),
    /// It cannot be understood.
    Malformed(String),
}

impl From<String> for Ignored {
    fn from(problem: String) -> Self {
        Ignored::Malformed(problem)
    }
}

impl From<&str> for Ignored {
    fn from(problem: &str) -> Self {
        Ignored::Malformed(problem.to_owned())
    }
}

/// What signed messages are checked with: the access token, and the one before it.
#[derive(Default)]
pub(super) struct Keys {
    current: Token,
    previous: Token,
}

impl Keys {
    pub(super) fn renew(&mut self, token: &Token) {
        if token.text() != self.current.text() {
            self.previous = std::mem::replace(&mut self.current, token.clone());
        }
    }

    /// The order in a signed message.
    pub(super) fn open(&self, text: &str) -> Result<Order, Ignored> {
        let secrets: Vec<&[u8]> = [&self.current, &self.previous]
            .into_iter()
            .filter_map(Token::text)
            .map(str::as_bytes)
            .collect();
        if secrets.is_empty() {
            return Err("it is signed, and there is no access token to check it with".into());
        }
        match jwt::verify(text, &secrets) {
            Ok(claims) => Ok(Order::of(claims)?),
            Err(JwtError::WrongSignature) => Err(Ignored::BadSignature(
                "its signature is wrong: it was made with another access token".to_owned(),
            )),
            Err(error) => Err(error.to_string().into()),
        }
    }
}
