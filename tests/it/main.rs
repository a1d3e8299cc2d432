//! The integration tests, in one binary; they need nothing but loopback.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub
)]

#[cfg(target_os = "linux")]
mod blocked_output;
mod casper;
mod completions;
mod conformance;
mod credentials;
mod cspr;
mod dialect;
mod docs;
mod escapes;
mod events;
mod exit_codes;
mod faults;
mod goals;
mod help;
mod hostile;
mod invalid_input;
mod lists;
mod malformed_answers;
mod malformed_frames;
#[cfg(unix)]
mod missing_streams;
#[cfg(unix)]
mod named_files;
mod odd_encodings;
mod one_target;
mod peer_protocols;
mod peers;
#[path = "../properties/mod.rs"]
mod properties;
mod proxy;
mod quotas;
#[cfg(unix)]
mod readme;
mod reconnecting;
mod sandbox;
mod sandbox_casper;
mod sandbox_casper_watched;
mod sandbox_served;
mod sandbox_transak;
mod sandbox_transak_watched;
mod sandbox_weather;
mod scale;
mod secrets;
#[cfg(target_os = "linux")]
mod signals;
mod simulator;
mod support;
#[cfg(target_os = "linux")]
mod surroundings;
mod targets;
#[cfg(unix)]
mod terminal;
#[cfg(unix)]
mod terminal_lines;
#[cfg(unix)]
mod terminal_sharing;
#[cfg(unix)]
mod terminal_size;
mod tls;
#[cfg(unix)]
mod token_commands;
mod transak;
mod typed;
mod variables;
mod watching;
mod wrong_address;
