//! Values with the place that they came from.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag, or its environment variable.
    Flag(&'static str),
    /// An environment variable of a profile.
    Environment(String),
    /// A line of the configuration file.
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

/// A value as it can be shown, and where it came from.
#[derive(Clone, Debug)]
pub struct Sourced {
    /// The value; of a secret only that it is set.
    pub value: String,
    /// Its source.
    pub origin: Origin,
}
