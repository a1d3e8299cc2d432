//! Everything from outside: the binary, on loopback.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub
)]

mod completions;
mod docs;
mod help;
#[cfg(unix)]
mod readme;
mod sandbox;
mod support;
#[cfg(unix)]
mod terminal;
