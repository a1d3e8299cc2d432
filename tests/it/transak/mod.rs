//! Transak's orders over Pusher Channels and REST, against a scripted server.

mod account;
mod connection;
mod headers;
mod kept_tokens;
mod orders;
mod references;
mod tokens;

use crate::support::transak::PERSONAL;
use crate::support::txwatch::{CommandOutput, Txwatch};

/// The API secret of the tests.
const SECRET: &str = "issuer-secret-77";

/// An expiry long after these tests, in seconds since 1970.
const FAR: i64 = 4_000_000_000;

fn with_secret(command: Txwatch) -> Txwatch {
    command.env("TXWATCH_TRANSAK_API_SECRET", SECRET)
}

fn nothing_personal(output: &CommandOutput) {
    for personal in PERSONAL {
        assert!(!output.stdout.contains(personal), "{personal}: {output:#?}");
        assert!(!output.stderr.contains(personal), "{personal}: {output:#?}");
    }
}
