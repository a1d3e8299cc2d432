//! Text that would control a terminal or forge a line, in every field of what a provider sends.

use serde_json::Value;

use super::txwatch::CommandOutput;

/// Control sequences of every kind in both their 7-bit and 8-bit forms; bidi, zero-width and tag characters; line
/// and paragraph separators; and a line that could pass for a record.
pub const HOSTILE: &str = "owned\u{1b}[13;37H\u{1b}]0;owned\u{7}\u{1b}P1$r\u{1b}\\\u{9b}31m\u{85}\u{7f}\r\u{8}\
    \u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{61c}\u{200b}\u{200c}\u{200d}\
    \u{200e}\u{feff}\u{2060}\u{e0041}\u{e007f}\u{2028}\u{2029}\u{b}\u{c}\nFAKE\tcompleted\r\nFAKE completed";

/// Parts of it that must never reach a terminal unchanged.
const TRACES: [&str; 12] = [
    "\u{1b}[13;37H",
    "\u{1b}]",
    "\u{1b}P",
    "\u{7}",
    "\u{9b}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "\u{e0041}",
    "\u{2028}",
    "\u{8}",
];

/// Copies of the value: for each leaf, one in which that leaf is hostile, and one with a hostile key in every
/// object. Leaves under the keys of `keep` stay as they are.
pub fn each(value: &Value, keep: &[&str]) -> Vec<Value> {
    let mut pointers = Vec::new();
    leaves(value, String::new(), keep, &mut pointers);
    let mut all: Vec<Value> = pointers
        .iter()
        .map(|pointer| {
            let mut hostile = value.clone();
            let leaf = hostile.pointer_mut(pointer).unwrap();
            *leaf = format!("{}{HOSTILE}", leaf.as_str().unwrap_or_default()).into();
            hostile
        })
        .collect();
    let mut keyed = value.clone();
    add_keys(&mut keyed);
    all.push(keyed);
    all
}

fn leaves(value: &Value, at: String, keep: &[&str], found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields.iter().filter(|(key, _)| !keep.contains(&key.as_str())) {
                leaves(field, format!("{at}/{key}"), keep, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(item, format!("{at}/{index}"), keep, found);
            }
        }
        _ => found.push(at),
    }
}

fn add_keys(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(add_keys);
            fields.insert(HOSTILE.to_owned(), HOSTILE.into());
        }
        Value::Array(items) => items.iter_mut().for_each(add_keys),
        _ => {}
    }
}

/// Checks that no line is forged. Harmful characters are looked for in the output of every command.
#[track_caller]
pub fn check(output: &CommandOutput, what: &str) {
    for line in output.stdout.lines().chain(output.stderr.lines()) {
        assert!(!line.starts_with("FAKE"), "{what}: {output:#?}");
    }
}

/// The same for the bytes written to a terminal; returns them as text.
#[track_caller]
pub fn check_bytes(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    for trace in TRACES {
        assert!(!text.contains(trace), "{trace:?} in {text:?}");
    }
    assert!(!text.split(['\r', '\n']).any(|line| line.starts_with("FAKE")), "{text:?}");
    text.into_owned()
}
