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

pub use answers::answer;
pub use events::events;
pub use feeds::{account, pusher, story};
pub use files::file;
pub use subject::{ANY_TEXT, Subject};
pub use text::{sanitised, token, traffic};

/// Everything that a provider may say: an answer behind the digit of its HTTP status, or else a story of
/// its feed.
pub fn said(provider: &str, bytes: &[u8]) {
    let subject = Subject::built_in(provider);
    match bytes.split_first() {
        Some((first, body)) if first.is_ascii_digit() => answer(subject, *first, body),
        _ => story(subject, bytes),
    }
}
