//! What can be typed, and how it is carried out.
//!
//! House rules for flags: a short form only for what is typed every day; a long form always, with an
//! environment variable `TXWATCH_…`; durations have units; a secret is never a flag's value; the help
//! says what a thing is for, then its default in brackets, which comes from the table in
//! [`config::options`](crate::config::options).
//!
//! [`definitions`] are what clap parses by, from the types in [`arguments`]. What is typed for `watch`,
//! `poll` and `get` goes through `target_command` to `plan`, where each target finds its profile and the one
//! builder makes the plan, and from there to the driver.

pub mod arguments;
mod candidates;
mod check;
mod configuration;
mod context;
mod definitions;
mod docs;
mod examples;
mod man;
mod output;
mod parsing;
mod plan;
mod providers;
mod resume;
mod roff;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod sandbox_targets;
mod stdin;
mod target_command;

pub use definitions::definitions;
pub use docs::completions;
pub use man::man_pages;
pub use providers::providers_as_markdown;
pub use run::run;
