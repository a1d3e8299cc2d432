//! A transaction as it was sent, which is part of a node's responses and events.

use jiff::Timestamp;
use serde_json::Value;

use super::execution::Execution;
use super::expiry::Lifetime;
use super::status::{self, MOTES};
use crate::provider::{Amount, Id, Kind, Report, Status, Transaction};

/// `{hash, payload}` of Casper 2.0, a deploy's `{hash, header, session}`, or an event with some of these fields.
pub(super) struct TransactionBody<'a>(&'a Value);

impl<'a> TransactionBody<'a> {
    /// The object under the tag `Version1` or `Deploy`, or the value itself.
    ///
    /// # Errors
    /// It has both tags.
    pub(super) fn of(value: &'a Value) -> Result<Self, String> {
        match (value.get("Version1"), value.get("Deploy")) {
            (Some(_), Some(_)) => Err("it is both a transaction and a deploy".to_owned()),
            (Some(inner), None) | (None, Some(inner)) => Ok(TransactionBody(inner)),
            (None, None) => Ok(TransactionBody(value)),
        }
    }

    /// Every hash in a transaction: under its tag, and beside the tag if there is one as well.
    pub(super) fn hashes(value: &'a Value) -> impl Iterator<Item = &'a str> {
        let places = [Some(value), value.get("Version1"), value.get("Deploy")];
        places.into_iter().flatten().filter_map(|place| place.get("hash")?.as_str())
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        let header = self.0.get("payload").or_else(|| self.0.get("header")).unwrap_or(self.0);
        header.get(key).and_then(Value::as_str)
    }

    /// From its timestamp to the end of its time to live.
    pub(super) fn lifetime(&self) -> Option<Lifetime> {
        let begin: Timestamp = self.text("timestamp")?.parse().ok()?;
        let ttl = humantime::parse_duration(self.text("ttl")?).ok()?;
        Some(Lifetime { begin, end: begin.checked_add(ttl).ok()? })
    }

    /// A native transfer, or else a contract call.
    fn kind(&self) -> Option<Kind> {
        let session = self.0.get("session").map(|session| session.get("Transfer").is_some());
        let entry_point = self.0.pointer("/payload/fields/entry_point");
        let is_transfer = session.or_else(|| entry_point.map(|name| name == "Transfer"))?;
        Some(if is_transfer { Kind::Transfer } else { Kind::Call })
    }

    /// A report about it, with the status in the vocabulary of CSPR.cloud and CSPR.click; a node has none.
    pub(super) fn report(
        &self,
        id: &Id,
        provider_status: &str,
        execution: Execution,
        block: Option<String>,
    ) -> Report {
        let Execution { error, cost } = execution;
        Report {
            status: status::from_provider(provider_status, error.as_deref()),
            detail: status::description(provider_status, error.as_deref()),
            transaction: Transaction {
                kind: self.kind(),
                cost: cost.map(|motes| Amount::new(motes, MOTES)),
                hash: Some(id.to_string()),
                block,
                created_at: self.text("timestamp").map(str::to_owned),
                error,
                ..Transaction::default()
            },
            ..Report::new(Status::Unknown, provider_status)
        }
    }
}
