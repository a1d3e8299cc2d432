//! Where settings come from: flags over environment over profile over defaults.
//!
//! [`Config`] holds the file and the environment; [`Config::profile`] answers what a profile amounts
//! to, and where each of its values came from. The options of a command, and the one table of their
//! defaults, are in [`options`]; [`Config::options`] looks them up.

mod command;
mod environment;
mod file;
mod loading;
pub mod options;
mod origin;
mod paths;
mod profile;
mod registry;
pub mod values;

pub use command::CommandOptions;
pub use environment::Environment;
pub use file::{Entry, File, SANDBOX, Section, parse};
pub use loading::Config;
pub use options::{CommandKind, OPTIONS, OptionSpec, Scope};
pub use origin::{Origin, Sourced};
pub use profile::{Overrides, Resolved};
pub use registry::{Registry, Row};
