//! Reads JSON that serde_json's own values do not hold: unpaired surrogates in strings, deep nesting, and numbers whose
//! exponent keeps its spelling. Slower than the plain parser, and only used where that does not do.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::Unreadable;

/// How deep values are read, so that nothing that walks them later runs out of stack.
const MAX_DEPTH: usize = 64;

/// In place of objects and arrays that are nested deeper.
const TOO_DEEP: &str = "[nested too deep]";

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

#[cfg(test)]
mod tests {
    use super::super::{object, value};
    use super::*;

    /// JSON that is as deep as this, in the field `deep`.
    fn nested(open: &str, close: &str, depth: usize) -> String {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        format!(r#"{{"status":"completed","deep":{open}1{close}}}"#)
    }

    #[test]
    fn an_unpaired_surrogate_is_no_character() {
        for (text, expected) in [
            (r#""\ud800""#, "\u{fffd}\u{fffd}\u{fffd}"),
            (r#""\uDFFF""#, "\u{fffd}\u{fffd}\u{fffd}"),
            (r#""\udc00\ud800""#, "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            (r#""\ud83d\ude00""#, "\u{1f600}"),
            (r#""a\ud800b\n""#, "a\u{fffd}\u{fffd}\u{fffd}b\n"),
        ] {
            assert_eq!(value(text, &[]), Ok(expected.into()), "{text}");
            let body = format!(r#"{{"a":[{{"b":{text}}}],"status":"completed"}}"#);
            let object = object(body.as_bytes(), &["status"]).unwrap();
            assert_eq!(object["a"][0]["b"], expected);
            assert_eq!(object["status"], "completed");
        }
        let object = object(br#"{"stat\ud800us":"completed"}"#, &[]).unwrap();
        assert!(!object.contains_key("status"));
    }

    #[test]
    fn bytes_that_are_not_utf8_make_no_known_word() {
        for body in [
            &b"{\"note\":\"caf\xe9\",\"status\":\"completed\"}"[..],
            b"{\"\xff\":1,\"status\":\"completed\"}",
        ] {
            assert_eq!(object(body, &["status"]).unwrap()["status"], "completed");
        }
        let object = object(b"{\"status\":\"completed\xff\"}", &["status"]).unwrap();
        assert_eq!(object["status"], "completed\u{fffd}");
    }

    #[test]
    fn deep_nesting_is_cut_off_but_checked() {
        for depth in [MAX_DEPTH, 126, 127, 128, 129, 1_000, 100_000] {
            for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
                // A stack that recursion over all of the levels would overflow.
                let text = nested(open, close, depth);
                let read = move || object(text.as_bytes(), &["status"]).unwrap();
                let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(read).unwrap();
                let object = thread.join().unwrap();
                assert_eq!(object["status"], "completed");
                assert_eq!(Value::Object(object).to_string().contains(TOO_DEEP), depth > 126);
            }
        }
        for broken in [nested("[", "", 1_000), nested("[", "}", 1_000), nested("", "]", 1_000)] {
            assert!(matches!(object(broken.as_bytes(), &[]), Err(Unreadable::NotJson(_))));
        }
    }

    #[test]
    fn numbers_keep_their_spelling() {
        let long = format!("-{}.{}e-{}", "9".repeat(500), "0".repeat(500), "1".repeat(50));
        for text in [
            "1E-7",
            "1e-7",
            "1e+5",
            "1E5",
            "1e05",
            "-0.0",
            "-0",
            "0",
            "1.10",
            "1.0E+007",
            &long,
            "18446744073709551616",
            "1e400",
        ] {
            assert_eq!(value(text, &[]).unwrap().to_string(), text);
            let body = format!(r#"{{"a":[{text},{{"b":{text}}}]}}"#);
            let object = object(body.as_bytes(), &[]).unwrap();
            assert_eq!(Value::Object(object).to_string(), body);
        }
        for text in ["01", "1.", ".5", "+1", "1e", "1_000", "0x10", "NaN", "Infinity", "1E5x"] {
            assert!(value(text, &[]).is_err(), "{text}");
        }
    }

    #[test]
    fn repeated_keys_are_found_in_what_the_plain_parser_does_not_read() {
        let deep = nested("[", "]", 1_000);
        let deep = &deep[1..deep.len() - 1];
        for odd in [r#""x":"\ud800""#, r#""x":1E5"#, deep] {
            for (text, repeated) in [
                (format!(r#"{{"status":1,{odd},"status":null}}"#), true),
                (format!(r#"{{{odd},"a":[{{"status":1,"sta\u0074us":2}}]}}"#), true),
                (format!(r#"{{{odd},"a":{{"status":1}},"b":1,"b":2}}"#), false),
            ] {
                let result = object(text.as_bytes(), &["status"]);
                assert_eq!(matches!(result, Err(Unreadable::Ambiguous(_))), repeated, "{text}");
                assert!(object(text.as_bytes(), &["other"]).is_ok());
            }
        }
    }
}
