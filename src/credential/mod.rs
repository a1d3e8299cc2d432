//! The sources of a profile's token: a value, a file, or a command.

mod helper;
mod processes;

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::error::{Failure, config};
use crate::named_file::{self, ReadError, TimeLimit};
use crate::protocol::jwt;
use crate::wire::Token;

/// How long a token command may run. It is long because the command may prompt for a passphrase.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(120);
/// How long before its own expiry a token that was given counts as expired, since clocks differ.
pub const EXPIRY_LEEWAY: Duration = Duration::from_secs(60);
/// The longest token, in bytes.
const MAX_LENGTH: usize = 64 * 1024;

/// A token's source, and the token if it is known already.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The setting or variable that the source comes from, for messages.
    pub origin: String,
    /// The source.
    pub source: CredentialSource,
    /// The token; none if a command or a request has to be made for it.
    pub token: Option<Token>,
    /// The secret that authenticates requests for new tokens.
    pub issuer: Option<Box<Credential>>,
}

/// The source of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// None.
    None,
    /// A value, which cannot be read again.
    Value,
    /// A file, which may be rewritten.
    File(PathBuf),
    /// The stdout of a command: the program and its arguments.
    Command(Vec<String>),
}

impl Credential {
    /// No token, and no source.
    pub fn none() -> Self {
        let origin = "nowhere".to_owned();
        Credential { origin, source: CredentialSource::None, token: None, issuer: None }
    }

    /// A token that is given as a value.
    ///
    /// # Errors
    /// It is empty, too long, or not valid in a header.
    pub fn value(text: &str, origin: String) -> Result<Self, Failure> {
        let secret = check_token(text.as_bytes(), &origin)?;
        let token = Some(token(secret, 0));
        Ok(Credential { origin, source: CredentialSource::Value, token, issuer: None })
    }

    /// A token in a file, which is read now.
    ///
    /// # Errors
    /// The file cannot be read in time, or its content is empty, too long, or not valid in a header.
    pub fn file(path: PathBuf, origin: String, limit: TimeLimit) -> Result<Self, Failure> {
        let secret = content(&path, &origin, named_file::read(&path, limit))?;
        let token = Some(token(secret, 0));
        Ok(Credential { origin, source: CredentialSource::File(path), token, issuer: None })
    }

    /// A token that a command prints. The command is not run yet.
    pub fn command(argv: Vec<String>, origin: String) -> Self {
        Credential { origin, source: CredentialSource::Command(argv), token: None, issuer: None }
    }

    /// Whether there is a token or a source of one.
    pub fn is_available(&self) -> bool {
        self.source != CredentialSource::None || self.issuer.is_some()
    }

    /// Whether a command or a request has to be made before there is a token.
    pub fn is_pending(&self) -> bool {
        self.token.is_none() && self.is_available()
    }

    /// Reads the token from its source.
    ///
    /// # Errors
    /// The file cannot be read, the command fails, or the token is not valid.
    pub async fn read(&self, generation: u32) -> Result<Token, Failure> {
        let secret = match &self.source {
            CredentialSource::None | CredentialSource::Value => {
                let token = self.token.clone().ok_or_else(|| config("there is no token"))?;
                return Ok(token.of_generation(generation));
            }
            CredentialSource::File(path) => {
                let read = named_file::read_async(path, TimeLimit::MAX).await;
                content(path, &self.origin, read)?
            }
            CredentialSource::Command(argv) => run(argv, &self.origin).await?,
        };
        Ok(token(secret, generation))
    }
}

/// The token in a file.
fn content(
    path: &Path,
    origin: &str,
    read: Result<Vec<u8>, ReadError>,
) -> Result<SecretString, Failure> {
    let name = format!("the token file {}", path.display());
    let named_by = |failure: Failure| failure.hint(format!("it is named by {origin}"));
    let bytes = read.map_err(|error| named_by(error.into_failure(&name)))?;
    check_token(&bytes, &name).map_err(named_by)
}

async fn run(argv: &[String], origin: &str) -> Result<SecretString, Failure> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(config(format!("{origin} names no command")));
    };
    let output = helper::output(program, arguments, COMMAND_TIMEOUT)
        .await
        .map_err(|error| config(format!("the token command of {origin} {error}")))?;
    check_token(&output, &format!("the output of the token command of {origin}"))
}

/// A token that a provider issued, as that of this generation.
///
/// # Errors
/// It is empty, too long, or not valid in a header.
pub fn issued_token(secret: &SecretString, generation: u32) -> Result<Token, Failure> {
    let secret = check_token(secret.expose_secret().as_bytes(), "the token that was issued")?;
    Ok(token(secret, generation))
}

/// A token, with its expiry if it is a JWT.
fn token(secret: SecretString, generation: u32) -> Token {
    let expires_at = jwt::expiry(secret.expose_secret());
    let token = Token::new(secret, generation);
    match expires_at {
        Some(at) => token.expiring(at),
        None => token,
    }
}

/// Trims and checks a token. No error repeats its text; `what` names it.
fn check_token(bytes: &[u8], what: &str) -> Result<SecretString, Failure> {
    // Editors of Windows write a byte order mark.
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii();
    if text.is_empty() {
        return Err(config(format!("{what} is empty")));
    }
    if text.len() > MAX_LENGTH {
        return Err(config(format!("{what} is too long for a token")));
    }
    if let [b'"', .., b'"'] | [b'\'', .., b'\''] = text {
        return Err(config(format!("{what} has quotes around it; leave them out")));
    }
    match std::str::from_utf8(text) {
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text.to_owned().into()),
        _ => Err(config(format!(
            "{what} holds a character that cannot be in a token (a space, a line break, or beyond ASCII)"
        ))
        .hint("give the token alone: no word like Bearer before it, and no second line")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jwt_says_when_it_expires() {
        let claims = serde_json::json!({ "exp": 1_729_775_825 });
        let signed = jwt::sign(&claims, b"issuer").unwrap();
        let credential = Credential::value(&signed, "X".into()).unwrap();
        assert_eq!(credential.token.unwrap().expires_at().unwrap().as_second(), 1_729_775_825);
        let credential = Credential::value("opaque-token", "X".into()).unwrap();
        assert_eq!(credential.token.unwrap().expires_at(), None);
    }

    #[test]
    fn a_line_end_or_a_byte_order_mark_is_no_part_of_a_token() {
        let credential = Credential::value("tok_1\r\n", "X".into()).unwrap();
        let token = credential.token.unwrap();
        assert_eq!(token.text(), Some("tok_1"));
        let credential = Credential::value("\u{feff}tok_1\n", "X".into()).unwrap();
        assert_eq!(credential.token.unwrap().text(), Some("tok_1"));
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_without_showing_it() {
        for (text, needle) in [
            ("", "empty"),
            (" \n", "empty"),
            ("hunter2 x", "character"),
            ("hunter2\nx", "character"),
            ("hünter2", "character"),
            ("\"hunter2\"", "quotes around it"),
            ("'hunter2'\n", "quotes around it"),
        ] {
            let failure = Credential::value(text, "TXWATCH_PROOF_TOKEN".into()).unwrap_err();
            let message = failure.to_string();
            assert!(
                message.contains(needle) && message.contains("TXWATCH_PROOF_TOKEN"),
                "{message}"
            );
            assert!(!message.contains("nter2"));
        }
    }
}
