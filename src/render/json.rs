//! JSON for programs: one record a line, with one schema for all commands (`schema/txwatch.v1.json`).

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use super::RecordSink;
use super::phrases::warning;
use super::sanitize::is_harmful;
use crate::error::Failure;
use crate::event::{Change, Connection, Event, Stamped, Summary, TargetResult};
use crate::exit::Code;
use crate::lifecycle::Source;
use crate::provider::{Status, Transaction};
use crate::warning::WarningCode;

/// The published JSON Schema.
pub const SCHEMA: &str = include_str!("../../schema/txwatch.v1.json");

/// The initial capacity for a record, in bytes; most are shorter.
const RECORD_CAPACITY: usize = 1024;
/// The version of the schema, which is `v` in every record.
const VERSION: u8 = 1;

/// The records of a command, numbered.
#[derive(Default)]
pub struct JsonLines {
    seq: u64,
}

/// A record: the common fields, and those of its type.
#[derive(Serialize)]
struct Record<T> {
    v: u8,
    seq: u64,
    at: String,
    r#type: &'static str,
    #[serde(flatten)]
    fields: T,
}

#[derive(Serialize)]
struct StatusFields<'a> {
    target: &'a str,
    provider: &'a str,
    id: &'a str,
    status: Status,
    provider_status: &'a str,
    r#final: bool,
    source: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at: Option<String>,
    elapsed_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    transaction: &'a Transaction,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

#[derive(Serialize)]
struct ConnectionFields<'a> {
    profile: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    state: &'a str,
    transport: &'a str,
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_in_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct HeartbeatFields {
    unsettled: usize,
}

#[derive(Serialize)]
struct WarningFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    code: WarningCode,
    message: &'a str,
}

#[derive(Serialize)]
struct ResultFields<'a> {
    target: &'a str,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    exit: u8,
    elapsed_ms: u64,
    reconnects: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct SummaryFields {
    exit: u8,
    targets: usize,
    outcomes: BTreeMap<&'static str, usize>,
}

impl RecordSink for JsonLines {
    fn event(&mut self, event: &Stamped) -> Option<String> {
        let at = event.at;
        Some(match &event.event {
            Event::Status(change) => self.line(at, "status", status(change)),
            Event::Connection(change) => self.line(at, "connection", connection(change)),
            Event::Heartbeat(open) => {
                self.line(at, "heartbeat", HeartbeatFields { unsettled: open.total() })
            }
            Event::Result(ended) => self.line(at, "result", result(ended)),
            Event::Summary(ended) => self.line(at, "summary", summary(ended)),
            // A record is about a change; this is told on stderr.
            Event::Standing(_) => return None,
            event @ (Event::Warning { .. } | Event::Held(_)) => {
                let (target, code, message) = warning(event)?;
                self.line(at, "warning", WarningFields { target, code, message: &message })
            }
        })
    }
}

impl JsonLines {
    fn line(&mut self, at: Timestamp, kind: &'static str, fields: impl Serialize) -> String {
        self.seq += 1;
        let at = format!("{at:.3}");
        one_line(&Record { v: VERSION, seq: self.seq, at, r#type: kind, fields })
    }
}

fn status(change: &Change) -> StatusFields<'_> {
    StatusFields {
        target: &change.name.target,
        provider: &change.name.provider,
        id: &change.name.id,
        status: change.status,
        provider_status: &change.provider_status,
        r#final: change.status.is_final(),
        source: change.source,
        occurred_at: change.occurred_at.map(|time| time.to_string()),
        elapsed_ms: milliseconds(change.elapsed),
        detail: change.detail.as_deref(),
        transaction: &change.record,
        data: change.data.as_ref(),
    }
}

fn connection(connection: &Connection) -> ConnectionFields<'_> {
    ConnectionFields {
        profile: &connection.profile,
        target: connection.target.as_deref(),
        state: connection.state.name(),
        transport: connection.transport,
        attempt: connection.attempt,
        retry_in_ms: connection.retry_in.map(milliseconds),
        reason: connection.reason.as_deref(),
    }
}

fn result(result: &TargetResult) -> ResultFields<'_> {
    let code = Code::from(result.outcome);
    ResultFields {
        target: &result.name.target,
        outcome: code.name(),
        status: result.status,
        exit: code.number(),
        elapsed_ms: milliseconds(result.elapsed),
        reconnects: result.reconnects,
        reason: result.reason.as_deref(),
    }
}

fn summary(summary: &Summary) -> SummaryFields {
    let mut outcomes = BTreeMap::new();
    for (outcome, count) in &summary.outcomes {
        *outcomes.entry(Code::from(*outcome).name()).or_default() += count;
    }
    SummaryFields { exit: Code::from(summary).number(), targets: summary.targets, outcomes }
}

/// The records of a command that could not be started: a result for each target, and the summary.
pub fn aborted(at: Timestamp, targets: &[String], failure: &Failure) -> String {
    let code = Code::from(failure.kind());
    let reason = failure.to_string();
    let mut lines = JsonLines::default();
    let mut text = String::new();
    for target in targets {
        let fields = ResultFields {
            target,
            outcome: code.name(),
            status: None,
            exit: code.number(),
            elapsed_ms: 0,
            reconnects: 0,
            reason: Some(&reason),
        };
        text.push_str(&lines.line(at, "result", fields));
    }
    let outcomes = match targets.len() {
        0 => BTreeMap::new(),
        count => BTreeMap::from([(code.name(), count)]),
    };
    let fields = SummaryFields { exit: code.number(), targets: targets.len(), outcomes };
    text.push_str(&lines.line(at, "summary", fields));
    text
}

/// Saturates: a `Retry-After` may be longer than fits.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn one_line(record: &impl Serialize) -> String {
    let mut bytes = Vec::with_capacity(RECORD_CAPACITY);
    let mut serializer = Serializer::with_formatter(&mut bytes, Escaping(CompactFormatter));
    // Cannot fail: records serialize, and a Vec takes any bytes.
    let _ = record.serialize(&mut serializer);
    bytes.push(b'\n');
    String::from_utf8(bytes).unwrap_or_default()
}

/// The only ASCII control character that JSON does not require to be escaped.
const DELETE: u8 = 0x7f;

/// Writes characters that could harm a terminal as `\u…`, which does not change the text.
struct Escaping(CompactFormatter);

impl Formatter for Escaping {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        // The fast path, as for nearly all text: checking each character takes a fifth of the time of an event.
        if fragment.is_ascii() && !fragment.as_bytes().contains(&DELETE) {
            return self.0.write_string_fragment(writer, fragment);
        }
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
    use serde_json::json;

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

        #[test]
        fn ascii_survives_the_escaping(text in "[\\x00-\\x7f]*") {
            let line = one_line(&Value::String(text.clone()));
            prop_assert!(!line.trim_end().contains(is_harmful));
            prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
        }
    }
}
