//! The same answers and messages in another spelling, and with keys that are there twice.

use serde_json::Value;
use txwatch::provider::{FeedAction, FeedSignal, Id, Reading, Report, Status};
use txwatch::wire::{Frame, Response};

use super::lookups::read_all;
use super::{each, feeds};
use crate::properties::{Subject, status};

/// Values of a field that nobody reads.
fn unread() -> Vec<Vec<u8>> {
    let deep = |depth| [vec![b'['; depth], vec![b']'; depth]].concat();
    vec![
        br#""\ud800""#.to_vec(),
        br#"{"\udfff":["\ud800\ud800"]}"#.to_vec(),
        b"\"caf\xe9\"".to_vec(),
        b"{\"\xff\xfe\":1}".to_vec(),
        deep(129),
        deep(3_000),
        b"-1E-400".to_vec(),
    ]
}

/// The text with one more field in the innermost of the objects that stand alone in the one around them, such as an
/// event's. None if it is no object.
fn with_field(text: &str, value: &[u8]) -> Option<Vec<u8>> {
    const MARK: &str = "\"no such value\"";
    let mut json: Value = serde_json::from_str(text).ok()?;
    // A key that is twice in it would be lost.
    let quotes = |text: &str| text.matches('"').count();
    if quotes(&json.to_string()) != quotes(text) {
        return None;
    }
    let mut object = json.as_object_mut()?;
    while object.len() == 1 && object.values().all(Value::is_object) {
        object = object.values_mut().next()?.as_object_mut()?;
    }
    object.insert("unread_by_anybody".to_owned(), MARK.trim_matches('"').into());
    let text = json.to_string();
    let (before, after) = text.split_once(MARK)?;
    Some([before.as_bytes(), value, after.as_bytes()].concat())
}

/// Other spellings of a text, which mean the same.
fn respelt(text: &str) -> Vec<Vec<u8>> {
    let with_bom = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    unread().iter().filter_map(|value| with_field(text, value)).chain([with_bom]).collect()
}

/// What a report says, but for the provider's JSON.
fn said(report: &Report) -> String {
    let Report { status, provider_status, occurred_at, transaction, .. } = report;
    format!("{status} {provider_status} {occurred_at:?} {transaction:?}")
}

fn read(subject: &Subject, digit: u8, body: &[u8]) -> Vec<(Id, Option<Report>)> {
    let readings = read_all(subject, &Response::new(status(digit), body)).into_iter();
    let report = |reading| match reading {
        Reading::Observed(report) => Some(*report),
        _ => None,
    };
    readings.map(|(id, reading)| (id, report(reading))).collect()
}

fn all_said(reports: &[(Id, Option<Report>)]) -> Vec<Option<String>> {
    reports.iter().map(|(_, report)| report.as_ref().map(said)).collect()
}

#[test]
fn an_answer_in_another_spelling_says_the_same() {
    each(|subject| {
        let mut tried = 0;
        for (digit, body) in subject.answers() {
            let expected = all_said(&read(subject, digit, &body));
            for other in respelt(&String::from_utf8(body).unwrap()) {
                tried += usize::from(expected.iter().any(Option::is_some));
                assert_eq!(all_said(&read(subject, digit, &other)), expected);
            }
        }
        assert!(tried > 5, "there are hardly any answers");
    });
}

/// A UUID is compared without regard to case (RFC 9562), in answers, messages and on the command line.
#[test]
fn a_uuid_in_another_case_is_the_same_id() {
    each(|subject| {
        for id in subject.ids.iter().filter(|id| id.as_str().len() == 36) {
            let upper = id.as_str().to_ascii_uppercase();
            assert_eq!(subject.definition.parse_id(&upper).as_ref(), Ok(id));
            let mut tried = 0;
            for (digit, body) in subject.answers() {
                let text = String::from_utf8(body).unwrap();
                let other = text.replace(id.as_str(), &upper);
                let find = |text: &str| {
                    let reports = read(subject, digit, text.as_bytes());
                    reports.into_iter().find(|it| it.0 == *id).unwrap().1
                };
                if let Some(report) = find(&text).filter(|_| other != text) {
                    tried += 1;
                    let other = find(&other).expect("the same transaction");
                    assert_eq!(other.status, report.status);
                }
            }
            assert!(tried > 0, "no sample names {id}");
        }
    });
}

/// The reports that a feed makes of a message, after the messages before it.
fn pushed(subject: &Subject, before: &[String], message: &[u8]) -> Vec<Option<String>> {
    let mut all = Vec::new();
    for (feed, _) in &mut feeds::feeds(&*subject.provider, &subject.ids) {
        feeds::play(feed.as_mut(), before);
        let line = String::from_utf8_lossy(message);
        let frames = match feeds::on(feed.as_ref(), &line) {
            Frame::Text(_) if std::str::from_utf8(message).is_err() => {
                vec![Frame::Binary(message.to_vec())]
            }
            Frame::Text(text) => vec![Frame::Text(text), Frame::Binary(message.to_vec())],
            event => vec![event],
        };
        let said: Vec<_> =
            frames.into_iter().map(|frame| reported(&feed.received(frame))).collect();
        assert!(said.windows(2).all(|two| two[0] == two[1]), "{line}: {said:?}");
        all.extend(said.into_iter().next());
    }
    all
}

fn reported(actions: &[FeedAction]) -> Option<String> {
    actions.iter().find_map(|action| match action {
        FeedAction::Signal(FeedSignal::Observed(id, report)) => {
            Some(format!("{id} {}", said(report)))
        }
        _ => None,
    })
}

#[test]
fn a_message_in_another_spelling_says_the_same() {
    each(|subject| {
        for lines in subject.stories().iter().map(|story| feeds::lines(story)) {
            for (number, line) in lines.iter().enumerate() {
                let before = &lines[..number];
                let expected = pushed(subject, before, line.as_bytes());
                let (event_id, text) = match line.split_once(' ') {
                    Some((id, rest)) if id.bytes().all(|byte| byte.is_ascii_digit()) => {
                        (format!("{id} "), rest)
                    }
                    _ => (String::new(), line.as_str()),
                };
                for other in respelt(text) {
                    let other = [event_id.as_bytes(), &other].concat();
                    assert_eq!(pushed(subject, before, &other), expected, "{line}");
                }
            }
        }
    });
}

/// Writes a value with one key twice: the key with this number, with another value before or after its own.
struct Repeat<'a> {
    number: usize,
    other: &'a str,
    is_first: bool,
    keys: usize,
}

impl Repeat<'_> {
    fn write(&mut self, value: &Value, text: &mut String) {
        match value {
            Value::Object(fields) => {
                let mut separator = '{';
                for (key, field) in fields {
                    let key = Value::from(key.as_str());
                    let is_repeated = self.keys == self.number;
                    self.keys += 1;
                    if is_repeated && self.is_first {
                        text.push_str(&format!("{separator}{key}:{}", self.other));
                        separator = ',';
                    }
                    text.push_str(&format!("{separator}{key}:"));
                    separator = ',';
                    self.write(field, text);
                    if is_repeated && !self.is_first {
                        text.push_str(&format!(",{key}:{}", self.other));
                    }
                }
                text.push_str(if separator == '{' { "{}" } else { "}" });
            }
            Value::Array(items) => {
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    text.push_str(if index == 0 { "" } else { "," });
                    self.write(item, text);
                }
                text.push(']');
            }
            other => text.push_str(&other.to_string()),
        }
    }
}

/// The text with its key of this number twice; none if it has no such key.
fn repeated(json: &Value, number: usize, other: &str, is_first: bool) -> Option<String> {
    let mut repeat = Repeat { number, other, is_first, keys: 0 };
    let mut text = String::new();
    repeat.write(json, &mut text);
    (repeat.keys > number).then_some(text)
}

/// Parsers differ in which of two values they take, so a key that decides must not be there twice: whichever comes
/// first, nothing ends otherwise than it would without the other.
#[test]
fn a_key_that_is_there_twice_decides_nothing() {
    each(|subject| {
        let mut refused = 0;
        for (digit, body) in subject.answers() {
            let json: Value = serde_json::from_slice(&body).unwrap();
            let endings = |text: &str| -> Vec<Option<Status>> {
                let reports = read(subject, digit, text.as_bytes()).into_iter();
                reports.map(|(_, report)| report.map(|report| report.status)).collect()
            };
            let expected = endings(&json.to_string());
            for number in 0.. {
                for other in ["null", "\"x\"", "{}"] {
                    let [Some(before), Some(after)] =
                        [true, false].map(|is_first| repeated(&json, number, other, is_first))
                    else {
                        break;
                    };
                    let (before, after) = (endings(&before), endings(&after));
                    for ((expected, before), after) in expected.iter().zip(before).zip(after) {
                        let is_same = before == *expected && after == *expected;
                        let is_refused =
                            |status: Option<Status>| status.is_none_or(|status| !status.is_final());
                        refused += usize::from(!is_same);
                        assert!(
                            is_same || (is_refused(before) && is_refused(after)),
                            "{expected:?} becomes {before:?} or {after:?}: key {number} and {other} in {json}"
                        );
                    }
                }
                if repeated(&json, number, "null", true).is_none() {
                    break;
                }
            }
        }
        assert!(refused > 0, "no key decides");
    });
}
