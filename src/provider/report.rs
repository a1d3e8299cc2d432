//! A provider's report about a transaction, in one form for all providers.

use jiff::Timestamp;
use serde_json::Value;

use super::{Status, Transaction};
use crate::warning::Warning;

/// A provider's report about a transaction.
#[derive(Clone, Debug)]
pub struct Report {
    /// The status in txwatch's vocabulary.
    pub status: Status,
    /// The status as the provider writes it.
    pub provider_status: String,
    /// When the status was reached, by the provider's clock.
    pub occurred_at: Option<Timestamp>,
    /// A phrase that explains the status.
    pub detail: Option<String>,
    /// The attempt that the report is about, where one id stands for several attempts.
    pub attempt: Option<Attempt>,
    /// Earlier statuses of the transaction, oldest first, if the provider lists them.
    pub history: Vec<PastStatus>,
    /// Whether anybody could have sent it, so that an ending is confirmed by a lookup if that is possible.
    pub is_unsigned: bool,
    /// What is odd about it. Given once for each target and code.
    pub warning: Option<Warning>,
    /// The fields of the record that are in this report.
    pub transaction: Transaction,
    /// The provider's JSON, verbatim.
    pub data: Option<Value>,
}

/// One of several transactions under the same id, such as the orders with one partner's reference. A completed one
/// counts before all others, then one that runs, then the newest ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The provider's id of this attempt.
    pub id: String,
    /// When it was created, by the provider's clock.
    pub created_at: Option<Timestamp>,
    /// The other attempts in the same response, by their ids.
    pub others: Vec<(String, Status)>,
}

/// An earlier status of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastStatus {
    /// The status.
    pub status: Status,
    /// When it was reached, by the provider's clock.
    pub at: Timestamp,
}

impl Report {
    /// Whether both are of the same status, also as the provider writes it.
    pub fn has_status_of(&self, other: &Report) -> bool {
        self.status == other.status && self.provider_status == other.provider_status
    }

    /// A report of nothing but a status.
    pub fn new(status: Status, provider_status: impl Into<String>) -> Self {
        Report {
            status,
            provider_status: provider_status.into(),
            occurred_at: None,
            detail: None,
            attempt: None,
            history: Vec::new(),
            is_unsigned: false,
            warning: None,
            transaction: Transaction::default(),
            data: None,
        }
    }
}
