//! Why JSON cannot be read.

use std::fmt;

/// Why a body or message cannot be read. The texts are sentences without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is no JSON object but HTML, empty, cut off and so on, for this reason.
    NotJson(String),
    /// A key that decides something is in the same object twice.
    Ambiguous(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::NotJson(problem) | Unreadable::Ambiguous(problem) => f.write_str(problem),
        }
    }
}

impl From<Unreadable> for String {
    fn from(unreadable: Unreadable) -> Self {
        unreadable.to_string()
    }
}

impl Unreadable {
    pub(super) fn repeated(key: &str) -> Self {
        Unreadable::Ambiguous(format!("it has the key {key} twice"))
    }
}
