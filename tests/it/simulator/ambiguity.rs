//! Answers and messages that are ambiguous: two parsers would read different things in them, or what decides is missing
//! or of something else. None of them is a reason to believe anything.

use fastrand::Rng;
use serde_json::{Deserializer, Value};

use txwatch::wire::Frame;

/// How a text is made ambiguous, by the last of its keys of this name. Values are JSON.
#[derive(Clone, Debug)]
pub enum Ambiguity {
    /// The key is there twice, with this value too.
    Twice(&'static str, String),
    /// The key is missing.
    Absent(&'static str),
    /// The key has this value, though another was asked for.
    Instead(&'static str, String),
}

/// Where an entry of an object is in a text: where the key begins, the value begins, and the value ends.
fn entry(text: &str, key: &str) -> Option<(usize, usize, usize)> {
    let quoted = format!("\"{key}\":");
    let begin = text.rfind(&quoted)?;
    let value = begin + quoted.len();
    let mut values = Deserializer::from_str(&text[value..]).into_iter::<Value>();
    values.next()?.ok()?;
    Some((begin, value, value + values.byte_offset()))
}

impl Ambiguity {
    /// The text with this ambiguity; none if it has no such key, or has that value anyway.
    fn apply(&self, text: &str, random: &mut Rng) -> Option<String> {
        let (Ambiguity::Twice(key, _) | Ambiguity::Absent(key) | Ambiguity::Instead(key, _)) = self;
        let (begin, value, end) = entry(text, key)?;
        let (before, after) = (&text[..begin], &text[end..]);
        let known = &text[begin..end];
        match self {
            Ambiguity::Twice(_, other) if random.bool() => {
                Some(format!("{before}\"{key}\":{other},{known}{after}"))
            }
            Ambiguity::Twice(_, other) => Some(format!("{before}{known},\"{key}\":{other}{after}")),
            Ambiguity::Instead(_, other) if text[value..end] == *other => None,
            Ambiguity::Instead(_, other) => Some(format!("{before}\"{key}\":{other}{after}")),
            Ambiguity::Absent(_) => Some(match after.strip_prefix(',') {
                Some(after) => format!("{before}{after}"),
                None => format!("{}{after}", before.trim_end_matches(',')),
            }),
        }
    }
}

/// The text made ambiguous in one of these ways, if one of them fits.
pub fn spoil(text: &str, ways: &[Ambiguity], random: &mut Rng) -> Option<String> {
    ways.get(random.usize(..ways.len().max(1)))?.apply(text, random)
}

/// The same for a message, whose data may be JSON in a string.
pub fn spoil_frame(frame: Frame, ways: &[Ambiguity], random: &mut Rng) -> Option<Frame> {
    match frame {
        Frame::Text(text) => {
            let mut message: Value = serde_json::from_str(&text).ok()?;
            match message["data"].as_str() {
                Some(data) => {
                    message["data"] = spoil(data, ways, random)?.into();
                    Some(Frame::Text(message.to_string()))
                }
                None => spoil(&text, ways, random).map(Frame::Text),
            }
        }
        Frame::Event { id, data } => Some(Frame::Event { id, data: spoil(&data, ways, random)? }),
        _ => None,
    }
}

#[test]
fn an_entry_is_repeated_left_out_or_replaced() {
    let mut random = Rng::with_seed(1);
    let text = r#"{"a":{"b":1},"c":"d","e":{"f":null}}"#;
    let mut all = |way: Ambiguity| -> Vec<_> {
        let mut texts: Vec<_> = (0..20).filter_map(|_| way.apply(text, &mut random)).collect();
        texts.sort();
        texts.dedup();
        texts
    };
    let twice = [
        r#"{"a":{"b":1},"c":"d","c":2,"e":{"f":null}}"#,
        r#"{"a":{"b":1},"c":2,"c":"d","e":{"f":null}}"#,
    ];
    assert_eq!(all(Ambiguity::Twice("c", "2".to_owned())), twice);
    assert_eq!(all(Ambiguity::Absent("a")), [r#"{"c":"d","e":{"f":null}}"#]);
    assert_eq!(all(Ambiguity::Absent("e")), [r#"{"a":{"b":1},"c":"d"}"#]);
    assert_eq!(all(Ambiguity::Absent("f")), [r#"{"a":{"b":1},"c":"d","e":{}}"#]);
    let instead = |value: &str| Ambiguity::Instead("f", value.to_owned());
    assert_eq!(all(instead("7")), [r#"{"a":{"b":1},"c":"d","e":{"f":7}}"#]);
    assert!(all(instead("null")).is_empty() && all(Ambiguity::Absent("g")).is_empty());
}
