//! txwatch waits for a transaction the way `wait` waits for a process.
//!
//! # The house
//!
//! Data flows one way, and a module imports only from those below it:
//!
//! | room | what it does |
//! | --- | --- |
//! | [`cli`] | what was typed becomes a [`engine::plan::Plan`] |
//! | [`config`] | flags over environment over profile over defaults; the registry of providers |
//! | [`driver`] | the only loop: tokio tasks that execute the engine's effects, and feed it what happened |
//! | [`engine`] | the pure machine of a command: inputs with their time in, effects and events out |
//! | [`render`] | events become human, plain or JSON output |
//! | [`exit`] | outcomes and failures become exit codes, in one table |
//! | [`event`] | what the engine tells, as values |
//! | [`lifecycle`] | observations become changes and an ending; pure |
//! | [`provider`] | ids become lookups and feeds, bytes become reports; sans-IO |
//! | [`credential`] | where tokens come from |
//! | [`protocol`] | what several providers speak: Pusher Channels, JSON-RPC, JSON Web Tokens |
//! | [`transport`] | bytes in and out: requests, WebSockets, backoff; knows no provider |
//! | [`wire`] | requests, responses, frames, tokens and base addresses as values |
//! | [`error`], [`warning`] | failures and warnings as the user meets them |
//!
//! [`sandbox`] stands beside it: a server that plays the providers.

pub mod cli;
pub mod config;
pub mod credential;
pub mod driver;
pub mod engine;
pub mod error;
pub mod event;
pub mod exit;
pub mod lifecycle;
pub mod panic;
pub mod protocol;
pub mod provider;
pub mod render;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod transport;
pub mod warning;
pub mod wire;

use std::ffi::OsString;

/// Runs the program with these arguments; answers the code that the process is to exit with.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: config::Environment) -> u8 {
    cli::run(arguments, environment).number()
}
