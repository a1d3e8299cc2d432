//! The origin of values.

use std::fmt;
use std::path::PathBuf;

/// The origin of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag, or its environment variable.
    Flag(&'static str),
    /// An environment variable of a profile.
    Environment(String),
    /// The configuration file, and the line in it, counted from 1.
    File(PathBuf, usize),
    /// Built in.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(name) => write!(f, "--{name}"),
            Origin::Environment(name) => f.write_str(name),
            Origin::File(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// A value with its origin.
#[derive(Clone, Debug)]
pub struct Sourced {
    /// The value; for a secret a phrase in its place.
    pub value: String,
    /// Its origin.
    pub origin: Origin,
}
