//! txwatch waits for a transaction the way `wait` waits for a process.
//!
//! # Modules
//!
//! Data flows one way, and a module imports only from those below it:
//!
//! | module | responsibility |
//! | --- | --- |
//! | [`cli`] | arguments to a [`engine::plan::Plan`], commands, help, man pages, completions |
//! | [`config`] | precedence of flags, environment, profile and defaults; the registry of providers |
//! | [`driver`] | the event loop: executes the engine's effects in tokio tasks, and returns its inputs |
//! | [`engine`] | the state machine of a command: inputs with their time in, effects and events out; pure |
//! | [`render`] | events to human, plain or JSON output |
//! | [`exit`] | outcomes and failures to exit codes |
//! | [`event`] | the events of the engine, as values |
//! | [`lifecycle`] | observations to changes of status and an ending; pure |
//! | [`provider`] | ids to lookups and feeds, responses and messages to reports; sans-IO |
//! | [`token_store`] | issued tokens, kept from one command to the next |
//! | [`credential`] | the sources of tokens |
//! | [`protocol`] | protocols of several providers: Pusher Channels, JSON-RPC, JSON Web Tokens |
//! | [`transport`] | HTTP, WebSockets, event streams, backoff; knows no provider |
//! | [`wire`] | requests, responses, frames, tokens and base URLs, as values |
//! | [`named_file`] | reads the files that a user names, within limits |
//! | [`error`], [`warning`] | failures and warnings for the user |
//!
//! [`sandbox`] is a server with a test double of each provider.

#[cfg(test)]
mod architecture_tests;
pub mod cli;
pub mod config;
pub mod credential;
pub mod driver;
pub mod engine;
pub mod error;
pub mod event;
pub mod exit;
pub mod lifecycle;
pub mod named_file;
pub mod panic;
pub mod protocol;
pub mod provider;
pub mod render;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod token_store;
pub mod transport;
pub mod warning;
pub mod wire;

use std::ffi::OsString;

/// Runs the program with these arguments, and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: config::Environment) -> u8 {
    cli::run(arguments, environment).number()
}
