//! Casper's ids, which are hashes: here the bytes of a scenario's id, and zeros behind them.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

/// The bytes of a hash.
type Bytes = [u8; 32];

/// The hash that stands for an id, if it is short enough.
pub(super) fn of(id: &str) -> Option<String> {
    let mut bytes = Bytes::default();
    bytes.get_mut(..id.len())?.copy_from_slice(id.as_bytes());
    Some(HEXLOWER.encode(&bytes))
}

fn bytes(hash: &str) -> Option<Bytes> {
    HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).ok()?.try_into().ok()
}

/// Whether it is a hash at all.
pub(super) fn is_hash(text: &str) -> bool {
    bytes(text).is_some()
}

/// The id that a hash stands for, if it is text.
pub(super) fn read(hash: &str) -> Option<String> {
    let text = String::from_utf8(bytes(hash)?.to_vec()).ok()?;
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
