//! Transaction ids.

use std::fmt;
use std::sync::Arc;

/// The id of a transaction in the provider's form. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(Arc<str>);

impl Id {
    /// An id that [`Definition::parse_id`](super::Definition::parse_id) has accepted.
    pub fn new(text: &str) -> Self {
        Id(text.into())
    }

    /// An id that may be a UUID, which is written in lower case (RFC 9562, section 4). Any other text stays as it is.
    pub fn of_uuid_or(text: &str) -> Self {
        if is_uuid(text) { Id::new(&text.to_ascii_lowercase()) } else { Id::new(text) }
    }

    /// Whether a provider's text is this id. UUIDs are compared without regard to case.
    pub fn is(&self, text: &str) -> bool {
        self.as_str() == text || (is_uuid(text) && self.0.eq_ignore_ascii_case(text))
    }

    /// The text of the id, shared.
    pub fn text(&self) -> Arc<str> {
        self.0.clone()
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text is a UUID in its usual form: 8, 4, 4, 4 and 12 hexadecimal digits in any case.
fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_valid = |(index, byte): (usize, &u8)| match index {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    bytes.len() == 36 && bytes.iter().enumerate().all(is_valid)
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "550e8400-e29b-41d4-a716-446655440000";

    #[test]
    fn only_uuids_are_compared_without_regard_to_case() {
        let upper = UUID.to_ascii_uppercase();
        assert_eq!(Id::of_uuid_or(&upper), Id::new(UUID));
        assert!(Id::new(UUID).is(&upper) && Id::new(&upper).is(UUID));
        for other in [
            "550E8400-E29B-41D4-A716-446655440001",
            "550E8400E29B41D4A716446655440000",
            "{550E8400-E29B-41D4-A716-446655440000}",
            "550E8400-E29B-41D4-A716-44665544000",
            "",
        ] {
            assert!(!Id::new(UUID).is(other), "{other}");
        }
        for other in
            ["Order-1", "550E8400E29B41D4A716446655440000", "550E8400-E29B-41D4-A716-44665544000G"]
        {
            assert_eq!(Id::of_uuid_or(other), Id::new(other));
            assert!(!Id::new(other).is(&other.to_ascii_lowercase()) && Id::new(other).is(other));
        }
    }
}
