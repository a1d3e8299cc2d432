//! Where a profile's token comes from, and how it is read again.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::process::Command;
use tokio::time::timeout;

use crate::error::{Failure, config};
use crate::protocol::jwt;
use crate::wire::Token;

/// How long a token command may take; it may ask a person for a passphrase.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(120);
/// No token is longer.
const LONGEST: usize = 64 * 1024;

/// A token's source, and the token if it could be read without running anything.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Where it comes from, for messages.
    pub origin: String,
    /// How to read it.
    pub source: CredentialSource,
    /// The token, unless a command has to be run for it.
    pub token: Option<Token>,
    /// The secret that the provider issues new tokens for.
    pub issuer: Option<Box<Credential>>,
}

/// How to read a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// There is none.
    Nowhere,
    /// It was given as a value, once and for all.
    Fixed,
    /// From a file, which may be rewritten.
    File(PathBuf),
    /// From what a command prints.
    Command(Vec<String>),
}

impl Credential {
    /// No token.
    pub fn none() -> Self {
        let origin = "nowhere".to_owned();
        Credential { origin, source: CredentialSource::Nowhere, token: None, issuer: None }
    }

    /// A token that was given as a value.
    ///
    /// # Errors
    /// It is empty or cannot be in a header.
    pub fn fixed(text: &str, origin: String) -> Result<Self, Failure> {
        let secret = checked(text.as_bytes(), &origin)?;
        let token = Some(token(secret, 0));
        Ok(Credential { origin, source: CredentialSource::Fixed, token, issuer: None })
    }

    /// A token in a file.
    ///
    /// # Errors
    /// The file is missing, empty, or holds something that cannot be in a header.
    pub fn file(path: PathBuf, origin: String) -> Result<Self, Failure> {
        let secret = read_file(&path, &origin)?;
        let token = Some(token(secret, 0));
        Ok(Credential { origin, source: CredentialSource::File(path), token, issuer: None })
    }

    /// A token that a command prints; it is run when the session begins.
    pub fn command(argv: Vec<String>, origin: String) -> Self {
        Credential { origin, source: CredentialSource::Command(argv), token: None, issuer: None }
    }

    /// Whether there is a token, or a way to come by one.
    pub fn is_available(&self) -> bool {
        self.source != CredentialSource::Nowhere || self.issuer.is_some()
    }

    /// Whether something has to be run or asked before there is a token.
    pub fn is_pending(&self) -> bool {
        self.token.is_none() && self.is_available()
    }

    /// Whether there can be another token than this.
    pub fn is_renewable(&self) -> bool {
        self.issuer.is_some()
            || matches!(self.source, CredentialSource::File(_) | CredentialSource::Command(_))
    }

    /// Reads the token from its source, for the first time or again.
    ///
    /// # Errors
    /// The file or command does not give one.
    pub async fn read(&self, generation: u32) -> Result<Token, Failure> {
        let secret = match &self.source {
            CredentialSource::Nowhere | CredentialSource::Fixed => {
                return self.token.clone().ok_or_else(|| config("there is no token"));
            }
            CredentialSource::File(path) => read_file(path, &self.origin)?,
            CredentialSource::Command(argv) => run(argv, &self.origin).await?,
        };
        Ok(token(secret, generation))
    }
}

fn read_file(path: &PathBuf, origin: &str) -> Result<SecretString, Failure> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        config(format!("the token file {shown} cannot be read: {error}"))
            .hint(format!("it is named by {origin}"))
    })?;
    checked(&bytes, &format!("the token file {shown}"))
}

async fn run(argv: &[String], origin: &str) -> Result<SecretString, Failure> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(config(format!("{origin} names no command")));
    };
    let failed = |what: String| config(format!("the token command of {origin} {what}"));
    let unusable = |error| failed(format!("cannot be run: {program}: {error}"));
    // What it says on stderr is for the user; `output` would catch that.
    let running = Command::new(program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .map_err(unusable)?;
    let output = timeout(COMMAND_TIMEOUT, running.wait_with_output())
        .await
        .map_err(|_| failed(format!("did not end within {}s", COMMAND_TIMEOUT.as_secs())))?
        .map_err(unusable)?;
    if !output.status.success() {
        return Err(failed(format!("failed: {program}: {}", output.status)));
    }
    checked(&output.stdout, &format!("the output of the token command of {origin}"))
}

/// The token of this generation that a provider issued.
///
/// # Errors
/// It cannot be in a header.
pub fn issued(secret: &SecretString, generation: u32) -> Result<Token, Failure> {
    let secret = checked(secret.expose_secret().as_bytes(), "the token that was issued")?;
    Ok(token(secret, generation))
}

/// A token; if it is a JWT, it says itself when it expires.
fn token(secret: SecretString, generation: u32) -> Token {
    let expires_at = jwt::expiry(secret.expose_secret());
    let token = Token::new(secret, generation);
    match expires_at {
        Some(at) => token.expiring(at),
        None => token,
    }
}

/// A token's text without the line end that editors add; its value never enters a message.
fn checked(bytes: &[u8], what: &str) -> Result<SecretString, Failure> {
    let text = bytes.trim_ascii();
    if text.is_empty() {
        return Err(config(format!("{what} is empty")));
    }
    if text.len() > LONGEST {
        return Err(config(format!("{what} is too long for a token")));
    }
    match std::str::from_utf8(text) {
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text.to_owned().into()),
        _ => Err(config(format!(
            "{what} holds a character that cannot be in a token (a space, a line break, or beyond ASCII)"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jwt_says_when_it_expires() {
        let claims = serde_json::json!({ "exp": 1_729_775_825 });
        let signed = jwt::sign(&claims, b"issuer").unwrap();
        let credential = Credential::fixed(&signed, "X".into()).unwrap();
        assert_eq!(credential.token.unwrap().expires_at().unwrap().as_second(), 1_729_775_825);
        let credential = Credential::fixed("opaque-token", "X".into()).unwrap();
        assert_eq!(credential.token.unwrap().expires_at(), None);
    }

    #[test]
    fn a_trailing_line_end_is_no_part_of_a_token() {
        let credential = Credential::fixed("tok_1\r\n", "X".into()).unwrap();
        let token = credential.token.unwrap();
        assert_eq!(token.text(), Some("tok_1"));
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_without_showing_it() {
        for (text, needle) in [
            ("", "empty"),
            (" \n", "empty"),
            ("hunter2 x", "character"),
            ("hunter2\nx", "character"),
            ("hünter2", "character"),
        ] {
            let failure = Credential::fixed(text, "TXWATCH_PROOF_TOKEN".into()).unwrap_err();
            let message = failure.to_string();
            assert!(
                message.contains(needle) && message.contains("TXWATCH_PROOF_TOKEN"),
                "{message}"
            );
            assert!(!message.contains("nter2"));
        }
    }
}
