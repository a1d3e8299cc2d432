//! A transaction as it was sent, which nodes repeat in answers and events alike.

use jiff::Timestamp;
use serde_json::Value;

use super::execution::Execution;
use super::words::{self, MOTES};
use crate::provider::{Amount, Id, Kind, Report, Status, Transaction};

/// `{hash, payload}` of 2.0, a deploy's `{hash, header, session}`, or an event that repeats a part.
pub(super) struct TransactionBody<'a>(&'a Value);

impl<'a> TransactionBody<'a> {
    /// Under the tag of its kind, or bare.
    pub(super) fn of(value: &'a Value) -> Self {
        TransactionBody(value.get("Version1").or_else(|| value.get("Deploy")).unwrap_or(value))
    }

    /// Every hash that a transaction says it has: there may be one beside the tag as well.
    pub(super) fn hashes(value: &'a Value) -> impl Iterator<Item = &'a str> {
        let places = [Some(value), value.get("Version1"), value.get("Deploy")];
        places.into_iter().flatten().filter_map(|place| place.get("hash")?.as_str())
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        let about = self.0.get("payload").or_else(|| self.0.get("header")).unwrap_or(self.0);
        about.get(key).and_then(Value::as_str)
    }

    /// When its time to live is over.
    pub(super) fn ends_at(&self) -> Option<Timestamp> {
        let begins: Timestamp = self.text("timestamp")?.parse().ok()?;
        let lasts = humantime::parse_duration(self.text("ttl")?).ok()?;
        begins.checked_add(lasts).ok()
    }

    /// A native transfer, or else a call.
    fn kind(&self) -> Option<Kind> {
        let session = self.0.get("session").map(|session| session.get("Transfer").is_some());
        let entry_point = self.0.pointer("/payload/fields/entry_point");
        let transfers = session.or_else(|| entry_point.map(|word| word == "Transfer"))?;
        Some(if transfers { Kind::Transfer } else { Kind::Call })
    }

    /// A report about it in the words of CSPR.cloud and CSPR.click; a node has hardly any of its own.
    pub(super) fn report(
        &self,
        id: &Id,
        word: &str,
        execution: Execution,
        block: Option<String>,
    ) -> Report {
        let Execution { error, cost } = execution;
        Report {
            status: words::status(word, error.as_deref()),
            detail: words::meaning(word, error.as_deref()),
            transaction: Transaction {
                kind: self.kind(),
                cost: cost.map(|motes| Amount::new(motes, MOTES)),
                hash: Some(id.to_string()),
                block,
                created_at: self.text("timestamp").map(str::to_owned),
                error,
                ..Transaction::default()
            },
            ..Report::new(Status::Unknown, word)
        }
    }
}
