//! What must hold whatever arrives from outside, each property once: `cargo test` tries it briefly on
//! samples that were changed at random, and `fuzz/` for as long as one likes.
//!
//! A property takes bytes and panics where it does not hold.

mod answers;
mod events;
mod feeds;
mod files;
mod judge;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

use crate::provider::{self, Id, Provider, Settings};

pub use answers::answer;
pub use events::events;
pub use feeds::{account, pusher, story};
pub use files::file;
pub use text::{sanitised, token, traffic};

/// Everything that a provider may say: an answer behind the digit of its HTTP status, or else a story of
/// its feed.
pub fn said(provider: &str, bytes: &[u8]) {
    match bytes.split_first() {
        Some((first, body)) if first.is_ascii_digit() => answer(provider, *first, body),
        _ => story(provider, bytes),
    }
}

/// The ids that the samples are about, and that nothing else may be taken for.
fn ids(provider: &str) -> Vec<Id> {
    let ids: &[&str] = match provider {
        "proof" => &["550e8400-e29b-41d4-a716-446655440000", "second"],
        "transak" => &["aa39d8e1-1111-4222-8333-44444444ce7f", "partner/REF"],
        _ => &[
            "446f9511258112c6e5150ee13d57c421da2bc30e0058db6165855a9d1ba4b868",
            "99483863a391510b8d3447dd5cfc446b42d65e598672d569abc4cdded85b81e6",
        ],
    };
    ids.iter().map(|id| Id::new(id)).collect()
}

/// The API key of Transak's profile.
const API_KEY: &str = "KEY";

fn built(name: &str) -> Arc<dyn Provider> {
    let mut settings = Settings::default();
    let given = match name {
        "proof" => &[("url", "https://proof.example")][..],
        "transak" => &[("api_key", API_KEY)],
        "casper" => {
            &[("url", "http://node.example/rpc"), ("push_url", "http://node.example/events")]
        }
        _ => &[],
    };
    for (key, value) in given {
        settings.set(key, (*value).to_owned());
    }
    let Some(Ok(built)) = provider::find(name).map(|spec| (spec.build)(&settings)) else {
        panic!("there is no provider {name}")
    };
    built
}
