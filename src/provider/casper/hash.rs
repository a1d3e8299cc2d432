//! Hashes of deploys and transactions.

use std::collections::BTreeMap;

use crate::provider::id::instead_of_letter;
use crate::provider::{Explorer, FeedAction, FeedSignal, Id};

/// The length of a hash in hex digits.
const DIGITS: usize = 64;

/// The form of an id, for messages.
pub(in crate::provider) const ID_SHAPE: &str = "the hash of a deploy or transaction: 64 hex digits";

/// Block explorers of Casper's networks, and the hosts of CSPR.cloud.
pub(in crate::provider) const EXPLORERS: [Explorer; 6] = [
    Explorer { host: "cspr.live", network: "mainnet" },
    Explorer { host: "testnet.cspr.live", network: "testnet" },
    Explorer { host: "api.cspr.cloud", network: "mainnet" },
    Explorer { host: "api.testnet.cspr.cloud", network: "testnet" },
    Explorer { host: "node.cspr.cloud", network: "mainnet" },
    Explorer { host: "node.testnet.cspr.cloud", network: "testnet" },
];

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
    let length = digits.chars().count();
    if let Some((at, invalid)) = digits.chars().enumerate().find(|(_, c)| !c.is_ascii_hexdigit()) {
        return Err(format!(
            "it has '{}' in it, as character {} of {length}{}",
            invalid.escape_debug(),
            at + 1,
            instead_of_letter(invalid)
        ));
    }
    match length {
        DIGITS => Ok(Id::new(&digits.to_ascii_lowercase())),
        length if length < DIGITS => {
            Err(format!("it has {length} digits, not {DIGITS}: {} missing", are(DIGITS - length)))
        }
        length => {
            Err(format!("it has {length} digits, not {DIGITS}: {} too many", are(length - DIGITS)))
        }
    }
}

fn are(count: usize) -> String {
    if count == 1 { "1 is".to_owned() } else { format!("{count} are") }
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

    #[test]
    fn what_is_wrong_with_a_hash_is_counted_and_located() {
        for (text, problem) in [
            (HASH[1..].to_owned(), "it has 63 digits, not 64: 1 is missing"),
            (HASH[4..].to_owned(), "it has 60 digits, not 64: 4 are missing"),
            (format!("{HASH}0"), "it has 65 digits, not 64: 1 is too many"),
            (
                format!("{}O", &HASH[1..]),
                "it has 'O' in it, as character 64 of 64; is it the digit 0?",
            ),
            (
                HASH.replacen("1", "l", 1),
                "it has 'l' in it, as character 5 of 64; is it the digit 1?",
            ),
            (format!("{HASH},"), "it has ',' in it, as character 65 of 65"),
            (format!("é{}", &HASH[1..]), "it has 'é' in it, as character 1 of 64"),
        ] {
            assert_eq!(parse(&text), Err(problem.to_owned()), "{text}");
        }
    }
}
