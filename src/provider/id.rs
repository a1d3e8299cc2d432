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

/// The lengths of the groups of a UUID.
const UUID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
/// The length of a transaction's hash on most chains, in hexadecimal digits.
const HASH_DIGITS: usize = 64;
/// How many characters may be wrong, missing or too many in a text that is nearly an id of a known form.
const NEAR: usize = 2;

/// What is wrong with a text that is nearly a UUID or a hash, or that ends like a part of a list. For ids of free
/// form, which such a text may be: nobody would wait for it, though.
pub fn near_miss(text: &str) -> Option<String> {
    let text = text.rsplit('/').next().unwrap_or(text);
    if is_uuid(text) || is_uuid_and_more(text) {
        return None;
    }
    if let Some(last) = text.chars().last().filter(|last| ",;.".contains(*last)) {
        return Some(format!("it ends with '{last}'"));
    }
    let separator = text.find([',', ';']).filter(|_| text.split([',', ';']).any(is_uuid));
    if let Some(separator) = separator.and_then(|at| text[at..].chars().next()) {
        return Some(format!("it has '{separator}' in it; are these several ids?"));
    }
    near_uuid(text).or_else(|| near_hash(text))
}

/// A UUID in an id that has more in it, such as the number of an attempt.
fn is_uuid_and_more(text: &str) -> bool {
    let is_separator = |c: char| "-_.~@".contains(c);
    let length = UUID_GROUPS.iter().sum::<usize>() + UUID_GROUPS.len() - 1;
    let after = text.get(..length).is_some_and(is_uuid)
        && text[length..].starts_with(is_separator)
        && text.ends_with(|c: char| c.is_ascii_alphanumeric());
    let before = text.len().checked_sub(length).filter(|at| text.is_char_boundary(*at));
    let before =
        before.is_some_and(|at| is_uuid(&text[at..]) && text[..at].ends_with(is_separator));
    after || before
}

fn near_uuid(text: &str) -> Option<String> {
    let length = UUID_GROUPS.iter().sum::<usize>() + UUID_GROUPS.len() - 1;
    if text.chars().count().abs_diff(length) > NEAR {
        return None;
    }
    let shape: String = text.chars().map(shape_of).collect();
    let hyphens = UUID_GROUPS.map(|digits| "0".repeat(digits)).join("-");
    if strsim::levenshtein(&shape, &hyphens) > NEAR {
        return None;
    }
    if let Some(problem) = wrong_character(text, |c| c == '-') {
        return Some(format!("it is nearly a UUID, but {problem}"));
    }
    let groups: Vec<_> = text.split('-').map(str::len).collect();
    let wrong = groups.iter().zip(UUID_GROUPS).position(|(found, expected)| *found != expected);
    Some(match wrong {
        _ if groups.len() != UUID_GROUPS.len() => {
            format!("it is nearly a UUID, but has {} hyphens, not 4", groups.len() - 1)
        }
        Some(group) => format!(
            "it is nearly a UUID, but has {} characters, not 36: group {} has {}, not {}",
            text.len(),
            group + 1,
            groups[group],
            UUID_GROUPS[group]
        ),
        None => "it is nearly a UUID".to_owned(),
    })
}

fn near_hash(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let length = digits.chars().count();
    let wrong = digits.chars().filter(|c| !c.is_ascii_hexdigit()).count();
    let distance = length.abs_diff(HASH_DIGITS);
    if distance + wrong > NEAR || distance + wrong == 0 {
        return None;
    }
    Some(match wrong_character(digits, |_| false) {
        Some(problem) => format!("it is nearly a transaction's hash, but {problem}"),
        None => {
            format!("it is nearly a transaction's hash, but has {length} digits, not {HASH_DIGITS}")
        }
    })
}

fn shape_of(c: char) -> char {
    match c {
        c if c.is_ascii_hexdigit() => '0',
        '-' => '-',
        _ => 'x',
    }
}

/// The first character that is no hexadecimal digit.
fn wrong_character(text: &str, is_separator: impl Fn(char) -> bool) -> Option<String> {
    let is_wrong = |c: &char| !c.is_ascii_hexdigit() && !is_separator(*c);
    let wrong = text.chars().find(is_wrong)?;
    Some(format!("has '{}' in it{}", wrong.escape_debug(), instead_of_letter(wrong)))
}

/// A question about a letter that looks like a digit.
pub(super) fn instead_of_letter(c: char) -> &'static str {
    match c {
        'O' | 'o' => "; is it the digit 0?",
        'l' | 'I' | 'i' => "; is it the digit 1?",
        'S' | 's' => "; is it the digit 5?",
        'Z' | 'z' => "; is it the digit 2?",
        _ => "",
    }
}

/// Whether a text is a UUID in its usual form: 8, 4, 4, 4 and 12 hexadecimal digits in any case.
pub fn is_uuid(text: &str) -> bool {
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
    fn what_is_nearly_a_uuid_or_a_hash_is_told() {
        let hash = "88461218a5e972fcda1d764d7cc4edb2e0c3a538123b97890d484f43c55935f5";
        for (text, problem) in [
            (&UUID[..35], "nearly a UUID, but has 35 characters, not 36: group 5 has 11, not 12"),
            (&UUID[1..], "nearly a UUID, but has 35 characters, not 36: group 1 has 7, not 8"),
            (&format!("{UUID}0"), "37 characters, not 36: group 5 has 13, not 12"),
            (&UUID.replacen('0', "O", 1), "has 'O' in it; is it the digit 0?"),
            (&UUID.replacen('-', "", 1), "has 3 hyphens, not 4"),
            (&UUID.replacen('-', "--", 1), "has 5 hyphens, not 4"),
            (&format!("{UUID},"), "it ends with ','"),
            (&format!("{UUID};{UUID}"), "it has ';' in it; are these several ids?"),
            (&format!("partner/{}", &UUID[1..]), "nearly a UUID"),
            ("order-1;", "it ends with ';'"),
            (&hash[1..], "nearly a transaction's hash, but has 63 digits, not 64"),
            (&format!("0x{}", &hash[1..]), "has 63 digits, not 64"),
            (&format!("{hash}0"), "has 65 digits, not 64"),
            (&hash.replacen('0', "O", 1), "has 'O' in it; is it the digit 0?"),
        ] {
            let found = near_miss(text).unwrap_or_default();
            assert!(found.contains(problem), "{text}: {found}");
        }
        for text in [
            UUID,
            hash,
            &format!("0x{hash}"),
            &format!("{UUID}-1"),
            &format!("{UUID}@deploy"),
            &format!("a-{UUID}"),
            &UUID.replace('-', ""),
            "order-1",
            "partner/order-1",
            "550e8400",
            "",
            "é",
            "happy",
        ] {
            assert_eq!(near_miss(text), None, "{text}");
        }
    }

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
