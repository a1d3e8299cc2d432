//! For programs: NDJSON, one schema for all commands. `schema/txwatch.v1.json` describes it.

use std::io;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use serde_json::{Map, Value, json};

use super::RecordSink;
use super::event::{Change, Connection, Event, Outcome, Stamped, Summary};
use super::sanitize::is_harmful;
use crate::exit::Code;

/// The published JSON Schema.
pub const SCHEMA: &str = include_str!("../../schema/txwatch.v1.json");

/// The version of the output.
const VERSION: u8 = 1;

/// Numbers the records.
#[derive(Default)]
pub(super) struct Lines {
    seq: u64,
}

impl RecordSink for Lines {
    fn event(&mut self, event: &Stamped) -> Option<String> {
        let (kind, fields) = match &event.event {
            Event::Status(change) => ("status", status(change)),
            Event::Connection(connection) => ("connection", self::connection(connection)),
            Event::Heartbeat(rows) => ("heartbeat", json!({ "unsettled": rows.len() })),
            Event::Warning { target, code, message } => (
                "warning",
                json!({ "target": target.as_deref(), "code": code, "message": message }),
            ),
            Event::Result(outcome) => ("result", result(outcome)),
            Event::Summary(summary) => ("summary", self::summary(summary)),
        };
        Some(self.line(event.at, kind, fields))
    }
}

impl Lines {
    fn line(&mut self, at: Timestamp, kind: &str, fields: Value) -> String {
        self.seq += 1;
        let mut record = Map::new();
        record.insert("v".to_owned(), VERSION.into());
        record.insert("seq".to_owned(), self.seq.into());
        record.insert("at".to_owned(), format!("{at:.3}").into());
        record.insert("type".to_owned(), kind.into());
        if let Value::Object(fields) = fields {
            record.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
        }
        one_line(&Value::Object(record))
    }
}

fn status(change: &Change) -> Value {
    json!({
        "target": &*change.name.target,
        "provider": change.name.provider,
        "id": &*change.name.id,
        "status": change.status,
        "provider_status": change.word,
        "final": change.status.is_final(),
        "source": change.source,
        "occurred_at": change.occurred_at.map(|time| time.to_string()),
        "elapsed_ms": change.elapsed.as_millis() as u64,
        "detail": change.detail,
        "transaction": change.record,
        "data": change.data,
    })
}

fn connection(connection: &Connection) -> Value {
    json!({
        "profile": &*connection.profile,
        "target": connection.target.as_deref(),
        "state": connection.state.name(),
        "transport": connection.transport,
        "attempt": connection.attempt,
        "retry_in_ms": connection.retry_in.map(|wait| wait.as_millis() as u64),
        "reason": connection.reason,
    })
}

fn result(outcome: &Outcome) -> Value {
    json!({
        "target": &*outcome.name.target,
        "outcome": outcome.code.name(),
        "status": outcome.status,
        "exit": outcome.code.number(),
        "elapsed_ms": outcome.elapsed.as_millis() as u64,
        "reconnects": outcome.reconnects,
        "reason": outcome.reason,
    })
}

fn summary(summary: &Summary) -> Value {
    json!({ "exit": summary.exit, "targets": summary.targets, "outcomes": summary.outcomes })
}

/// The records of a command that could not begin: a result for each target, and the summary.
pub fn abort(at: Timestamp, targets: &[String], code: Code, reason: &str) -> String {
    let mut lines = Lines::default();
    let mut text = String::new();
    for target in targets {
        let fields = json!({
            "target": target,
            "outcome": code.name(),
            "exit": code.number(),
            "elapsed_ms": 0,
            "reconnects": 0,
            "reason": reason,
        });
        text.push_str(&lines.line(at, "result", fields));
    }
    let outcomes = match targets.len() {
        0 => json!({}),
        count => json!({ code.name(): count }),
    };
    let fields = json!({ "exit": code.number(), "targets": targets.len(), "outcomes": outcomes });
    text.push_str(&lines.line(at, "summary", fields));
    text
}

fn one_line(record: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Escaping(CompactFormatter));
    // Neither a Vec nor a Value can fail to be written.
    let _ = record.serialize(&mut serializer);
    bytes.push(b'\n');
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The provider's text stays what it is, but what could harm a terminal is written as `\u…`.
struct Escaping(CompactFormatter);

impl Formatter for Escaping {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_harmful) {
            let (safe, from) = rest.split_at(at);
            self.0.write_string_fragment(writer, safe)?;
            let mut characters = from.chars();
            if let Some(harmful) = characters.next() {
                for unit in harmful.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = characters.as_str();
        }
        self.0.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn harmful_text_is_escaped_and_survives() {
        let line = one_line(&json!({ "a": "x\u{1b}[31m\u{202e}y\u{e0001}" }));
        assert_eq!(line, "{\"a\":\"x\\u001b[31m\\u202ey\\udb40\\udc01\"}\n");
    }

    #[test]
    fn numbers_keep_their_digits() {
        let value: Value = serde_json::from_str("{\"n\":0.0006130127560164107000}").unwrap();
        assert_eq!(one_line(&value), "{\"n\":0.0006130127560164107000}\n");
    }

    proptest! {
        #[test]
        fn any_text_survives_the_escaping(text in any::<String>()) {
            let line = one_line(&Value::String(text.clone()));
            prop_assert!(!line.trim_end().contains(is_harmful));
            prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
        }
    }
}
