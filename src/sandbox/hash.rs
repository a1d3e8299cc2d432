//! Casper's ids, which are hashes: here the bytes of a scenario's id, and zeros behind them.

use std::fmt::Write;

/// How many bytes a hash has.
const LENGTH: usize = 32;

/// The hash that stands for an id, if it is short enough.
pub(super) fn of(id: &str) -> Option<String> {
    let zeros = LENGTH.checked_sub(id.len())?;
    let mut hash = String::with_capacity(2 * LENGTH);
    for byte in id.bytes().chain(std::iter::repeat_n(0, zeros)) {
        // Nothing is short of room in a string.
        let _ = write!(hash, "{byte:02x}");
    }
    Some(hash)
}

/// Whether it is a hash at all.
pub(super) fn is_hash(text: &str) -> bool {
    text.len() == 2 * LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The id that a hash stands for, if it is text.
pub(super) fn read(hash: &str) -> Option<String> {
    if !is_hash(hash) {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(hash.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..LENGTH).map(byte).collect::<Option<_>>()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.trim_end_matches('\0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_id_and_zeros() {
        let hash = of("happy@ci-7").unwrap();
        assert_eq!(hash, format!("686170707940{}{}", "63692d37", "0".repeat(44)));
        assert_eq!(read(&hash).unwrap(), "happy@ci-7");
        assert_eq!(read(&hash.to_ascii_uppercase()).unwrap(), "happy@ci-7");
    }

    #[test]
    fn an_id_fits_into_a_hash_or_has_none() {
        let longest = format!("happy@{}", "x".repeat(26));
        assert_eq!(read(&of(&longest).unwrap()).unwrap(), longest);
        assert_eq!(of(&format!("{longest}x")), None);
    }

    #[test]
    fn what_is_no_text_stands_for_nothing() {
        let bytes = "ff".repeat(32);
        assert!(is_hash(&bytes));
        for text in ["", "happy", &bytes, &bytes[1..], &"g0".repeat(32), &"é".repeat(32)] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
