//! The command line: arguments, and the commands.
//!
//! Rules for flags: a short form only for what is typed every day; always a long form and an environment variable
//! `TXWATCH_…`; durations have units; a secret is never the value of a flag; the help of a flag is its purpose and then
//! its default in brackets, which comes from the table in [`config::options`](crate::config::options).
//!
//! [`definitions`] builds the definitions for clap from the types in [`arguments`]. The arguments of `watch`, `poll`
//! and `get` go through `target_command` to `plan`, where targets are resolved to profiles and the plan is built, and
//! from there to the driver.

pub mod arguments;
mod candidates;
mod check;
mod configuration;
mod context;
mod definitions;
mod docs;
mod examples;
mod issued_tokens;
mod man;
mod output;
mod parsing;
mod plan;
mod providers;
mod refused;
mod resume;
mod roff;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod sandbox_targets;
mod session;
mod stdin;
mod suggestions;
mod target_command;
mod target_lines;
mod variables;

pub use definitions::definitions;
pub use docs::completions;
pub use man::man_pages;
pub use providers::providers_as_markdown;
pub use run::run;
