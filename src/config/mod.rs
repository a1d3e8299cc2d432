//! Configuration, in order of precedence: flags, environment, profile, defaults.
//!
//! [`Config`] holds the file and the environment; [`Config::profile`] resolves a profile from them. The table of
//! options and their defaults is in [`options`]; [`Config::options`] resolves the options of a command.

mod command;
mod environment;
mod file;
mod file_parser;
mod loading;
pub mod options;
mod origin;
mod paths;
mod profile;
mod proxies;
mod quota;
mod registry;
mod rehearsal;
mod secrets;
mod trust;
pub mod values;
mod variables;

pub use command::CommandOptions;
pub use environment::{Environment, without_carriage_return};
pub use file::{Entry, File, SANDBOX, Section};
pub use file_parser::parse;
pub use loading::{Config, Reading};
pub use options::{CommandKind, OPTIONS, OptionSpec, Scope};
pub use origin::{Origin, Sourced};
pub use profile::{Overrides, ResolvedProfile};
pub use proxies::ProxyRow;
pub use registry::{Registry, Row};
pub use rehearsal::Intervals;
