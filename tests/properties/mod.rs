//! What must hold whatever arrives from outside, each property once: `cargo test` tries it briefly on
//! samples that were changed at random, and `fuzz/` for as long as one likes.
//!
//! A property takes bytes and panics where it does not hold. Only the public API of the library is used.

mod answers;
mod events;
mod feeds;
mod files;
mod judge;
mod subject;
#[cfg(test)]
mod tests;
mod text;

use std::sync::LazyLock;

pub use answers::{answer, status};
pub use events::events;
pub use feeds::{account, frame, pusher, story};
pub use files::file;
pub use judge::holds;
pub use subject::{ANY_TEXT, Subject};
pub use text::{sanitised, token, traffic};

/// Whatever anybody says, no provider misunderstands it. For one of them alone, its name is in
/// `TXWATCH_FUZZ_PROVIDER`.
pub fn providers(bytes: &[u8]) {
    static ONLY: LazyLock<Option<String>> =
        LazyLock::new(|| std::env::var("TXWATCH_FUZZ_PROVIDER").ok());
    match &*ONLY {
        Some(name) => said(Subject::named(name), bytes),
        None => Subject::built_in().iter().for_each(|subject| said(subject, bytes)),
    }
}

/// Everything that a provider may say: an answer behind the digit of its HTTP status, or else a story of
/// its feed.
fn said(subject: &'static Subject, bytes: &[u8]) {
    match bytes.split_first() {
        Some((first, body)) if first.is_ascii_digit() => answer(subject, *first, body),
        _ => story(subject, bytes),
    }
}
