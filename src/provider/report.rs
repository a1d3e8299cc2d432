//! What a provider says about a transaction, in one shape for all of them.

use jiff::Timestamp;
use serde_json::Value;

use super::{Status, Transaction};

/// What a provider said about a transaction.
#[derive(Clone, Debug)]
pub struct Report {
    /// The status in our vocabulary.
    pub status: Status,
    /// The provider's own word for it.
    pub word: String,
    /// When it happened by the provider's clock, if it said so.
    pub occurred_at: Option<Timestamp>,
    /// A sentence that explains the status, if there is one.
    pub detail: Option<String>,
    /// Which transaction it is about, where an id stands for one after the other.
    pub attempt: Option<Attempt>,
    /// What the transaction went through before, as far as the provider says; oldest first.
    pub history: Vec<Passed>,
    /// The fields of the record that this report carried.
    pub transaction: Transaction,
    /// The provider's JSON.
    pub data: Option<Value>,
}

/// One of the transactions that an id stands for, one after the other. The newest counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The provider's own id of it.
    pub id: String,
    /// When it began, by the provider's clock.
    pub began: Option<Timestamp>,
}

/// A status that a transaction once had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The status.
    pub status: Status,
    /// Since when, by the provider's clock.
    pub at: Timestamp,
}

impl Report {
    /// A report of a bare status.
    pub fn new(status: Status, word: impl Into<String>) -> Self {
        Report {
            status,
            word: word.into(),
            occurred_at: None,
            detail: None,
            attempt: None,
            history: Vec::new(),
            transaction: Transaction::default(),
            data: None,
        }
    }
}
