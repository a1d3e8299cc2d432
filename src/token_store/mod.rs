//! Issued tokens, kept in the state directory from one command to the next.
//!
//! Issuing a token may put the one before it out of force, so all processes of a user share one, and only one of them
//! has another issued. There is one file for each key that tokens are issued for, whichever profile has it, since two
//! files for the same key would put each other's token out of force. Next to it is the file of its lock, which the
//! operating system releases when its process ends.

mod files;
mod record;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use crate::warning::{Warning, WarningCode};
use crate::wire::Request;

pub use record::{KeptToken, MIN_USE, RENEWAL_MARGIN};

/// How many bytes of a hash are in the name of a file.
const NAMED_BYTES: usize = 8;

/// Why nothing is kept without a state directory.
const NO_HOME: &str = "there is no home directory; set XDG_STATE_HOME, or HOME";

/// The place of the token that is issued for a profile's key.
#[derive(Clone, Debug)]
pub struct TokenStore {
    /// None if there is no state directory.
    path: Option<PathBuf>,
}

/// What is known about the token that is kept.
#[derive(Debug, Default)]
pub struct Reading {
    /// The token, if there is one that can be used.
    pub kept: Option<KeptToken>,
    /// Why there is none, or what was wrong with its file.
    pub warning: Option<Warning>,
}

/// Held by the process that has a token issued.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "closing it releases the lock")] File);

/// The outcome of [`TokenStore::try_lock`].
#[derive(Debug)]
pub enum Locking {
    /// This process has the lock.
    Locked(Lock),
    /// Another process has it.
    Busy,
    /// There is no lock to be had.
    Unavailable(Warning),
}

impl TokenStore {
    /// The store for the tokens that this request of a provider is answered with. The request tells keys apart: its URL
    /// and the API key in its body.
    pub fn new(folder: Option<&Path>, provider: &str, request: &Request) -> Self {
        let mut context = Context::new(&SHA256);
        for part in [provider, request.url.as_str(), request.body.as_deref().unwrap_or_default()] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let hash = context.finish();
        let hash = hash.as_ref().iter().take(NAMED_BYTES).map(|byte| format!("{byte:02x}"));
        let name = format!("{provider}-{}.json", hash.collect::<String>());
        TokenStore { path: folder.map(|folder| folder.join(name)) }
    }

    /// The file; none if there is no state directory.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Reads the token. A file that others can read is made private.
    pub fn read(&self) -> Reading {
        let Some(path) = &self.path else {
            return Reading::default();
        };
        let files::Contents { bytes, exposure } = match files::read(path) {
            Ok(Some(found)) => found,
            Ok(None) => return Reading::default(),
            Err(problem) => return Reading { kept: None, warning: Some(unusable(path, &problem)) },
        };
        match KeptToken::parse(&bytes) {
            Ok(kept) => Reading { kept: Some(kept), warning: exposure.map(exposed) },
            Err(problem) => Reading { kept: None, warning: Some(unusable(path, &problem)) },
        }
    }

    /// Keeps a token, in place of the one before.
    ///
    /// # Errors
    /// It cannot be written; the one before is not kept any more either.
    pub fn write(&self, kept: &KeptToken) -> Result<(), Warning> {
        let Some(path) = &self.path else {
            return Err(not_kept(NO_HOME));
        };
        files::write(path, &kept.to_json()).map_err(|problem| {
            // It is out of force. Whether it can be removed is told by the same warning.
            let _ = files::remove(path);
            not_kept(&problem)
        })
    }

    /// Drops the token. Returns whether there was a file.
    ///
    /// # Errors
    /// Why its file cannot be removed.
    pub fn forget(&self) -> Result<bool, String> {
        self.path.as_deref().map_or(Ok(false), files::remove)
    }

    /// Takes the lock, if no other process has it.
    pub fn try_lock(&self) -> Locking {
        let Some(path) = &self.path else {
            return Locking::Unavailable(unlocked(NO_HOME));
        };
        let file = match files::open_lock(&path.with_extension("lock")) {
            Ok(file) => file,
            Err(problem) => return Locking::Unavailable(unlocked(&problem)),
        };
        match file.try_lock() {
            Ok(()) => Locking::Locked(Lock(file)),
            Err(TryLockError::WouldBlock) => Locking::Busy,
            Err(TryLockError::Error(error)) => {
                let path = path.display();
                Locking::Unavailable(unlocked(&format!("{path}: {error}")))
            }
        }
    }
}

fn unusable(path: &Path, problem: &str) -> Warning {
    let message = format!("the issued token in {} is not used: {problem}", path.display());
    Warning::new(WarningCode::TokenNotKept, message)
}

fn not_kept(problem: &str) -> Warning {
    let message = format!(
        "issued tokens cannot be kept: {problem}; this one is used now, and the next command has another issued, which \
         puts it out of force"
    );
    Warning::new(WarningCode::TokenNotKept, message)
}

fn unlocked(problem: &str) -> Warning {
    let message = format!(
        "there is no lock for issued tokens: {problem}; another txwatch may have one issued at the same time, and only \
         the last is in force"
    );
    Warning::new(WarningCode::TokenNotKept, message)
}

fn exposed(message: String) -> Warning {
    Warning::new(WarningCode::Credential, message)
}

#[cfg(test)]
mod tests;
