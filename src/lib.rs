//! txwatch waits for a transaction the way `wait` waits for a process.
//!
//! # The house
//!
//! Data flows one way, and a module imports only from those below it:
//!
//! | room | what it does |
//! | --- | --- |
//! | [`cli`] | what was typed becomes a [`session::plan::Plan`] |
//! | [`config`] | flags over environment over profile over defaults |
//! | [`session`] | the only loop; `watch`, `poll` and `get` differ by what they feed it |
//! | [`render`] | events become human, plain or JSON output |
//! | [`transport`] | bytes in and out: requests, WebSockets, backoff; knows no provider |
//! | [`provider`] | ids become requests and feeds, bytes become reports; sans-IO |
//! | [`lifecycle`] | observations become changes and an ending; pure |
//! | [`wire`] | requests and answers as values; base addresses |
//! | [`exit`], [`error`] | the table of codes; failures as the user meets them |
//!
//! [`sandbox`] stands beside it: a server that plays the providers. So does `properties`, which only tests
//! and `fuzz/` have: what must hold whatever arrives.

pub mod cli;
pub mod config;
pub mod error;
pub mod exit;
pub mod lifecycle;
pub mod panic;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod properties;
pub mod provider;
pub mod render;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod session;
pub mod transport;
pub mod wire;

use std::ffi::OsString;

/// Runs the program with these arguments; answers the code that the process is to exit with.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: config::Environment) -> u8 {
    cli::run(arguments, environment).number()
}
