//! Finds keys that are in the same JSON object twice.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How deep objects are searched; serde_json reads no deeper than 128.
const MAX_DEPTH: usize = 100;

/// The first of these keys that is in the same object twice, at any depth.
pub(super) fn first<'k>(text: &str, keys: &[&'k str]) -> Option<&'k str> {
    let mut found = None;
    if !keys.is_empty() {
        let scan = Scan { keys, found: &mut found, depth: 0 };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        // The text was parsed before.
        let _ = scan.deserialize(&mut deserializer);
    }
    found
}

struct Scan<'s, 'k> {
    keys: &'s [&'k str],
    found: &'s mut Option<&'k str>,
    depth: usize,
}

impl<'k> Scan<'_, 'k> {
    fn inner(&mut self) -> Scan<'_, 'k> {
        Scan { keys: self.keys, found: self.found, depth: self.depth + 1 }
    }
}

impl<'de> DeserializeSeed<'de> for Scan<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth >= MAX_DEPTH {
            deserializer.deserialize_ignored_any(IgnoredAny).map(drop)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de> Visitor<'de> for Scan<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut seen = Vec::new();
        while let Some(known) = map.next_key_seed(Key(self.keys))? {
            if let Some(known) = known {
                if seen.contains(&known) {
                    self.found.get_or_insert(self.keys[known]);
                }
                seen.push(known);
            }
            map.next_value_seed(self.inner())?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self.inner())?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The place of a key among these, if it is one of them. It is compared where it stands, without a copy.
struct Key<'s, 'k>(&'s [&'k str]);

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|known| *known == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_repeated_only_within_the_same_object() {
        let keys = ["status", "error"];
        for (text, repeated) in [
            (r#"{"status":1,"status":1}"#, Some("status")),
            (r#"{"status":1,"sta\u0074us":null}"#, Some("status")),
            (r#"{"a":[{"b":{"error":null,"c":1e5,"error":"x"}}]}"#, Some("error")),
            (r#"{"status":{"status":1},"error":[{"error":1},{"error":2}]}"#, None),
            (r#"{"a":1,"a":2,"Status":1,"status":"error","error":true}"#, None),
        ] {
            assert_eq!(first(text, &keys), repeated, "{text}");
            assert_eq!(first(text, &[]), None, "{text}");
        }
    }
}
