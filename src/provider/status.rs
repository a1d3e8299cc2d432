//! The statuses of transactions, the same for all providers.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::error::nearest;

/// The status of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Known to the provider; not paid or executed yet.
    Pending,
    /// Paid, or in a block; not delivered or executed yet.
    Processing,
    /// Held by the provider.
    OnHold,
    /// Final: delivered, or executed without an error.
    Completed,
    /// Final: the payment, the delivery or the execution failed.
    Failed,
    /// Final: cancelled, usually by the user.
    Cancelled,
    /// Final: not paid or executed in time.
    Expired,
    /// Final: paid back.
    Refunded,
    /// A status of the provider that this version does not know. Never final, never a success.
    Unknown,
}

impl Status {
    /// Every status, in the order of a transaction's life.
    pub const ALL: [Status; 9] = [
        Status::Pending,
        Status::Processing,
        Status::OnHold,
        Status::Completed,
        Status::Failed,
        Status::Cancelled,
        Status::Expired,
        Status::Refunded,
        Status::Unknown,
    ];

    /// The name in the output, which scripts compare.
    pub fn name(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Processing => "processing",
            Status::OnHold => "on_hold",
            Status::Completed => "completed",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
            Status::Expired => "expired",
            Status::Refunded => "refunded",
            Status::Unknown => "unknown",
        }
    }

    /// The status that a word of another tool or a misspelt one is probably meant for.
    pub fn meant_by(word: &str) -> Option<Status> {
        // `condition=completed`
        let word = word.rsplit('=').next().unwrap_or(word);
        let word: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
        let word = word.to_lowercase();
        let other = OTHER_NAMES.iter().find(|(_, names)| names.contains(&word.as_str()));
        other.map(|(status, _)| *status).or_else(|| {
            let names = Status::ALL.iter().filter(|status| **status != Status::Unknown);
            nearest(&word, names.map(|status| status.name()))?.parse().ok()
        })
    }

    /// Whether the transaction has ended.
    pub fn is_final(self) -> bool {
        self.rank() == FINAL
    }

    /// Whether `--grace` delays it.
    pub fn is_bad_ending(self) -> bool {
        matches!(self, Status::Failed | Status::Cancelled | Status::Expired)
    }

    /// The progress of a transaction in this status: a later status has a larger rank, and all final ones the same.
    pub fn rank(self) -> u8 {
        match self {
            Status::Unknown => 0,
            Status::Pending => 1,
            Status::Processing => 2,
            Status::OnHold => 3,
            Status::Completed
            | Status::Failed
            | Status::Cancelled
            | Status::Expired
            | Status::Refunded => FINAL,
        }
    }
}

const FINAL: u8 = 4;

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Status::ALL.into_iter().find(|status| status.name() == word).ok_or_else(|| {
            let goals = Status::ALL.iter().filter(|status| **status != Status::Unknown);
            let names: Vec<_> = goals.map(|status| status.name()).collect();
            let suggestion = match Status::meant_by(word) {
                Some(status) => format!("did you mean '{status}'? There are: "),
                None => "there are: ".to_owned(),
            };
            let word = word.escape_debug();
            format!("no status is called '{word}'; {suggestion}{}", names.join(", "))
        })
    }
}

/// What other tools and providers call a status, without case and separators.
const OTHER_NAMES: [(Status, &[&str]); 8] = [
    (Status::Pending, &["new", "created", "waiting", "queued", "submitted", "accepted", "open"]),
    (Status::Processing, &["inprogress", "progress", "running", "active", "paid", "included"]),
    (Status::OnHold, &["hold", "held", "paused", "review"]),
    (
        Status::Completed,
        &[
            "success",
            "succeeded",
            "successful",
            "ok",
            "done",
            "finished",
            "finalized",
            "confirmed",
            "settled",
            "delivered",
            "executed",
            "processed",
            "mined",
            "ready",
            "available",
        ],
    ),
    (Status::Failed, &["error", "errored", "failure", "rejected", "declined", "reverted"]),
    (Status::Cancelled, &["cancel", "abort", "aborted", "void", "voided"]),
    (Status::Expired, &["timeout", "timedout", "stale"]),
    (Status::Refunded, &["returned", "reversed", "chargeback"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_status_is_answered_with_the_one_that_is_meant() {
        for (meant, words) in [
            (
                Status::Completed,
                &[
                    "success",
                    "SUCCEEDED",
                    "status=completed",
                    "done",
                    "ok",
                    "complete",
                    "finished",
                    "Completed",
                    "compleeted",
                ][..],
            ),
            (Status::Cancelled, &["cancel", "canceled", "Cancelled"]),
            (Status::Failed, &["fail", "failure", "error", "FAILED"]),
            (Status::Expired, &["expire", "timed-out"]),
            (Status::Refunded, &["refund", "returned"]),
            (Status::Pending, &["waiting", "pendng"]),
            (Status::Processing, &["in_progress", "in-progress", "process"]),
            (Status::OnHold, &["hold", "onhold", "on-hold"]),
        ] {
            for word in words {
                let error = word.parse::<Status>().unwrap_err();
                assert!(error.contains(&format!("did you mean '{meant}'?")), "{word}: {error}");
            }
        }
        for word in ["", "zzz", "42", "delete"] {
            let error = word.parse::<Status>().unwrap_err();
            assert!(!error.contains("did you mean"), "{word}: {error}");
        }
    }
}
