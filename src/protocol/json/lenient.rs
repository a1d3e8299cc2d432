//! Reads JSON that serde_json's own values do not hold: unpaired surrogates in strings, deep nesting, and numbers whose
//! exponent keeps its spelling. Slower than the plain parser, and only used where that does not do.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::unreadable::Unreadable;

/// How deep values are read, so that nothing that walks them later runs out of stack.
pub(super) const MAX_DEPTH: usize = 64;

/// In place of objects and arrays that are nested deeper.
pub(super) const TOO_DEEP: &str = "[nested too deep]";

/// Reads one value. An unpaired surrogate becomes U+FFFD. What is nested deeper than [`MAX_DEPTH`] is checked, but replaced
/// by [`TOO_DEEP`].
///
/// # Errors
/// It is not JSON, or a key of `deciding` is in the same object twice.
pub(super) fn value(text: &str, deciding: &[&str]) -> Result<Value, Unreadable> {
    let not_json = |error| Unreadable::NotJson(format!("it is not JSON ({error})"));
    let raw: &RawValue = serde_json::from_str(text).map_err(not_json)?;
    let mut reader = Reader { deciding, repeated: None };
    let value = reader.read(raw.get(), 0).map_err(not_json)?;
    match reader.repeated {
        Some(key) => Err(Unreadable::repeated(key)),
        None => Ok(value),
    }
}

struct Reader<'k> {
    deciding: &'k [&'k str],
    /// The first deciding key that is repeated.
    repeated: Option<&'k str>,
}

impl<'k> Reader<'k> {
    /// Each level is parsed on its own: the raw text of the values in it is found without recursion.
    fn read(&mut self, text: &str, depth: usize) -> serde_json::Result<Value> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        match text.as_bytes().first() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => Ok(TOO_DEEP.into()),
            Some(b'{') => deserializer.deserialize_map(Level { reader: self, depth }),
            Some(b'[') => deserializer.deserialize_seq(Level { reader: self, depth }),
            Some(b'"') => Text.deserialize(&mut deserializer).map(Value::String),
            // `Number`'s own parser writes `1E5` as `1e+5`. The text was checked to be a number of JSON.
            Some(b'-' | b'0'..=b'9') => {
                Ok(Value::Number(Number::from_string_unchecked(text.to_owned())))
            }
            _ => Value::deserialize(&mut deserializer),
        }
    }

    fn check_repeated(&mut self, object: &Map<String, Value>, key: &str) {
        if self.repeated.is_none() && object.contains_key(key) {
            self.repeated = self.deciding.iter().find(|known| **known == key).copied();
        }
    }
}

/// An object or an array at this depth.
struct Level<'r, 'k> {
    reader: &'r mut Reader<'k>,
    depth: usize,
}

impl<'de> Visitor<'de> for Level<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key_seed(Text)? {
            let raw: &RawValue = map.next_value()?;
            self.reader.check_repeated(&object, &key);
            object.insert(key, self.reader.read(raw.get(), self.depth + 1).map_err(custom)?);
        }
        Ok(Value::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(raw) = items.next_element::<&RawValue>()? {
            array.push(self.reader.read(raw.get(), self.depth + 1).map_err(custom)?);
        }
        Ok(Value::Array(array))
    }
}

fn custom<E: serde::de::Error>(error: serde_json::Error) -> E {
    E::custom(error)
}

/// A string. Asked for bytes, serde_json gives those of unpaired surrogates, which are not valid UTF-8.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}
