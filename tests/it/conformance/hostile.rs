//! Text that would take a terminal over, in every place of what a provider sends.

use serde_json::Value;

use super::each;
use super::session::{self, Peer, Shown};
use crate::properties::{Subject, status};
use crate::support::hostile::{HOSTILE, each as each_leaf};
use crate::support::txwatch::is_harmful;

/// The sample with hostile text in each of its leaves in turn, and in those of JSON that is text in it.
fn hostile(sample: &Value) -> Vec<Value> {
    let mut all = each_leaf(sample, &[]);
    let mut inner = Vec::new();
    texts(sample, String::new(), &mut inner);
    for (pointer, text) in inner {
        let Ok(value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(&text) else {
            continue;
        };
        for changed in each_leaf(&value, &[]) {
            let mut whole = sample.clone();
            *whole.pointer_mut(&pointer).unwrap() = changed.to_string().into();
            all.push(whole);
        }
    }
    all
}

fn texts(value: &Value, at: String, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter();
            fields.for_each(|(key, field)| texts(field, format!("{at}/{key}"), found));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, item)| texts(item, format!("{at}/{index}"), found));
        }
        Value::String(text) => found.push((at, text.clone())),
        _ => {}
    }
}

/// No terminal would obey what is shown, and no line of it is forged.
#[track_caller]
fn check(shown: &Shown) -> String {
    let text = shown.all();
    let harmful = text.chars().find(|c| is_harmful(*c));
    assert_eq!(harmful, None, "a terminal would obey this: {text:?}");
    assert!(!text.lines().any(|line| line.trim_start().starts_with("FAKE")), "{text}");
    text
}

#[test]
fn an_answer_is_harmless_in_every_field_and_look() {
    each(|subject| {
        let mut seen = 0;
        for (digit, body) in subject.answers() {
            let sample: Value = serde_json::from_slice(&body).unwrap();
            for answer in hostile(&sample) {
                let peer = Peer::answering(status(digit), answer.to_string());
                let shown = check(&session::get(subject, peer, true));
                seen += usize::from(shown.contains("owned"));
            }
        }
        assert!(seen > 5, "hardly anything hostile was shown");
    });
}

#[test]
fn an_error_is_harmless_whatever_its_status() {
    each(|subject| {
        let error = serde_json::json!({ "error": HOSTILE, "code": HOSTILE, "message": HOSTILE });
        let inner = serde_json::json!({ "code": HOSTILE, "name": HOSTILE, "message": HOSTILE });
        let nested = serde_json::json!({ "error": inner, "result": null });
        for body in [error.to_string(), nested.to_string(), HOSTILE.to_owned(), String::new()] {
            for status in [200, 302, 400, 401, 404, 418, 429, 503] {
                let shown = session::get(subject, Peer::answering(status, body.clone()), true);
                assert!(!check(&shown).is_empty(), "{status} {body}");
            }
        }
    });
}

#[test]
fn a_push_is_harmless_in_every_field_and_look() {
    each(|subject| {
        for story in subject.stories() {
            let lines: Vec<String> =
                String::from_utf8(story).unwrap().lines().map(str::to_owned).collect();
            let mut seen = 0;
            for (number, line) in lines.iter().enumerate() {
                for said in hostile_lines(line) {
                    let mut lines = lines.clone();
                    lines.insert(number, said);
                    seen += usize::from(watched(subject, lines).contains("owned"));
                }
            }
            assert!(seen > 5, "hardly anything hostile was shown");
        }
    });
}

/// A line of a story with hostile text in each place of its JSON, or behind it.
fn hostile_lines(line: &str) -> Vec<String> {
    let start = line.find('{').unwrap_or(line.len());
    let (id, data) = line.split_at(start);
    match serde_json::from_str(data) {
        Ok(sample) => hostile(&sample).iter().map(|data| format!("{id}{data}")).collect(),
        Err(_) => vec![format!("{line}{HOSTILE}"), HOSTILE.to_owned()],
    }
}

/// What is shown of a connection on which these lines come, while nobody answers a request.
fn watched(subject: &Subject, lines: Vec<String>) -> String {
    let peer = Peer::answering(503, HOSTILE.to_owned()).saying(lines);
    check(&session::watch(subject, peer))
}
