//! Hashes of deploys and transactions.

use std::collections::BTreeMap;

use crate::provider::{FeedAction, FeedSignal, Id};

/// The length of a hash in hex digits.
const DIGITS: usize = 64;

/// The form of an id, for messages.
pub(in crate::provider) const ID_SHAPE: &str = "the hash of a deploy or transaction: 64 hex digits";

/// The hash of no transaction.
pub(in crate::provider) fn probe_id() -> Id {
    Id::new(&"0".repeat(DIGITS))
}

/// Normalises a hash to lower case without a prefix.
///
/// # Errors
/// One sentence on why it is not a hash.
pub(in crate::provider) fn parse(text: &str) -> Result<Id, String> {
    let digits = without_prefix(text);
    if digits.is_empty() {
        return Err("it is empty".to_owned());
    }
    if let Some(invalid) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(format!("it has '{}' in it", invalid.escape_debug()));
    }
    match digits.len() {
        DIGITS => Ok(Id::new(&digits.to_ascii_lowercase())),
        length => Err(format!("it has {length} digits, not {DIGITS}")),
    }
}

/// Removes one of the prefixes that some tools write; with two of them it is not a hash.
fn without_prefix(text: &str) -> &str {
    let prefixes = ["deploy-", "transaction-", "0x", "0X"];
    prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text)
}

/// The actions for a message that cannot be understood: a warning, and a look at the ids in it, about which it may be.
/// `ids` are those of the feed by their hash in lower case.
pub(in crate::provider) fn not_understood(
    noun: &str,
    problem: &str,
    text: &str,
    ids: &BTreeMap<String, Id>,
) -> Vec<FeedAction> {
    let mut actions = vec![FeedAction::malformed(noun, problem)];
    let words = text.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == DIGITS);
    let mut followed: Vec<_> =
        words.filter_map(|word| ids.get(&word.to_ascii_lowercase()).cloned()).collect();
    followed.sort_unstable();
    followed.dedup();
    if !followed.is_empty() {
        actions.push(FeedAction::Signal(FeedSignal::Changed(Some(followed))));
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "88461218a5e972fcda1d764d7cc4edb2e0c3a538123b97890d484f43c55935f5";

    #[test]
    fn a_hash_is_64_hex_digits_after_one_prefix_at_most() {
        let upper = HASH.to_ascii_uppercase();
        for text in [
            HASH,
            &upper,
            &format!("deploy-{HASH}"),
            &format!("transaction-{HASH}"),
            &format!("0x{upper}"),
        ] {
            assert_eq!(parse(text), Ok(Id::new(HASH)), "{text}");
        }
        for text in [
            "",
            "0x",
            &HASH[1..],
            &format!("{HASH}0"),
            &format!("0x0x{HASH}"),
            &format!("deploy-deploy-{HASH}"),
            &format!("hash-{HASH}"),
            &HASH.replace('8', "g"),
            &format!("{}/..", &HASH[3..]),
            "../etc/passwd",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
