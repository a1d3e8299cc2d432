//! The table of exit codes, and the mapping of outcomes and failures to them.
//!
//! `--help`, `txwatch help exit-codes`, the man page, the README and the JSON `outcome` are generated from the table.
//! Codes below 64 are about the transaction, those from 64 on about txwatch and the provider.

use std::fmt::{self, Write as _};

use crate::error::{FailureKind, Signal};
use crate::event::{Conclusion, Outcome, Summary};
use crate::provider::Status;

/// An exit code of the command, also used as the `exit` of a single target.
///
/// Codes are ordered by number, so the worst of several is their maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // the table below documents each
pub enum Code {
    Ok = 0,
    Usage = 2,
    Failed = 10,
    Cancelled = 11,
    Expired = 12,
    Mismatch = 13,
    Refunded = 14,
    Unfinished = 20,
    NotFound = 66,
    Internal = 70,
    Io = 74,
    Unreachable = 75,
    Protocol = 76,
    Denied = 77,
    Config = 78,
    Timeout = 124,
    HungUp = 129,
    Interrupted = 130,
    Closed = 141,
    Terminated = 143,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The code.
    pub code: Code,
    /// The name, which is `outcome` in the JSON output.
    pub name: &'static str,
    /// When the command exits with it.
    pub meaning: &'static str,
    /// Whether running the same command again may help.
    pub retry: &'static str,
}

const fn row(code: Code, name: &'static str, meaning: &'static str, retry: &'static str) -> Row {
    Row { code, name, meaning, retry }
}

/// All codes, in ascending order.
pub const TABLE: &[Row] = &[
    row(Code::Ok, "ok", "every target reached the goal (--until, by default completed)", ""),
    row(Code::Usage, "usage", "a flag or a target is wrong", "no"),
    row(Code::Failed, "failed", "final: failed", "no"),
    row(Code::Cancelled, "cancelled", "final: cancelled", "no"),
    row(
        Code::Expired,
        "expired",
        "final: expired",
        "only if nothing was paid: see `txwatch help providers`",
    ),
    row(
        Code::Mismatch,
        "mismatch",
        "it ended well, but not as asked: --expect does not hold, or the goal was another ending",
        "no",
    ),
    row(Code::Refunded, "refunded", "final: refunded", "no"),
    row(Code::Unfinished, "unfinished", "get --exit-status: not final yet", "yes"),
    row(
        Code::NotFound,
        "not-found",
        "the provider does not know the id (after --appear-timeout)",
        "maybe",
    ),
    row(Code::Internal, "internal", "a bug in txwatch", "report it"),
    row(Code::Io, "io", "output or a file could not be written", "maybe"),
    row(
        Code::Unreachable,
        "unreachable",
        "nothing heard from the provider for --max-outage, or it takes no more connections; the state is unknown",
        "yes",
    ),
    row(
        Code::Protocol,
        "protocol",
        "the answer cannot be understood or trusted (not JSON, a bad certificate)",
        "no",
    ),
    row(
        Code::Denied,
        "denied",
        "401, 403, a refused upgrade, or a Pusher code from 4000 to 4099",
        "no",
    ),
    row(Code::Config, "config", "the config file or a credential is missing or invalid", "no"),
    row(Code::Timeout, "timeout", "--timeout passed and the transaction is not final", "yes"),
    row(Code::HungUp, "interrupted", "SIGHUP, unless it was ignored from the start (nohup)", "yes"),
    row(Code::Interrupted, "interrupted", "SIGINT; a second one exits at once", "yes"),
    row(Code::Closed, "closed", "stdout was closed by its reader", "maybe"),
    row(Code::Terminated, "interrupted", "SIGTERM", "yes"),
];

impl Code {
    /// The number that the process exits with.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The name in the table.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|row| row.code == self).map_or("internal", |row| row.name)
    }
}

impl From<FailureKind> for Code {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Usage => Code::Usage,
            FailureKind::NotFound => Code::NotFound,
            FailureKind::Internal => Code::Internal,
            FailureKind::Io => Code::Io,
            FailureKind::Unreachable => Code::Unreachable,
            FailureKind::Untrusted => Code::Protocol,
            FailureKind::Denied => Code::Denied,
            FailureKind::Config => Code::Config,
            FailureKind::Mismatch => Code::Mismatch,
            FailureKind::TimedOut => Code::Timeout,
            FailureKind::Interrupted(Signal::HangUp) => Code::HungUp,
            FailureKind::Interrupted(Signal::Interrupt) => Code::Interrupted,
            FailureKind::Interrupted(Signal::Terminate) => Code::Terminated,
            FailureKind::OutputClosed => Code::Closed,
        }
    }
}

impl From<Outcome> for Code {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Reached => Code::Ok,
            Outcome::Missed(Status::Failed) => Code::Failed,
            Outcome::Missed(Status::Cancelled) => Code::Cancelled,
            Outcome::Missed(Status::Expired) => Code::Expired,
            Outcome::Missed(Status::Refunded) => Code::Refunded,
            // `completed`, where another status was the goal.
            Outcome::Missed(_) => Code::Mismatch,
            Outcome::Unfinished => Code::Unfinished,
            Outcome::Failed(kind) => kind.into(),
        }
    }
}

/// The exit code of a command that ended. The largest of several wins.
impl From<&Summary> for Code {
    fn from(summary: &Summary) -> Self {
        let worst = |counts: fn(&Outcome) -> bool| {
            let outcomes = summary.outcomes.keys().copied().filter(counts);
            outcomes.map(Code::from).max().unwrap_or(Code::Ok)
        };
        match summary.conclusion {
            Conclusion::AnyReached => Code::Ok,
            Conclusion::AllSettled => worst(|_| true),
            Conclusion::LookedUpOnce => worst(|outcome| !outcome.is_of_transaction()),
            Conclusion::Stopped(outcome) => outcome.into(),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The table as aligned text, for `--help` and `txwatch help exit-codes`.
pub fn as_text() -> String {
    let mut text = String::new();
    for row in TABLE {
        let retry = match row.retry {
            "" => String::new(),
            retry => format!(" [again? {retry}]"),
        };
        let start = format!("  {:>3}  {:<12}", row.code.number(), row.name);
        text.push_str(&wrap(start, &format!("{}{retry}", row.meaning)));
    }
    text
}

/// Appends words to a line and wraps it at 79 columns, with the continuation indented below them.
fn wrap(mut line: String, words: &str) -> String {
    const MAX_WIDTH: usize = 79;
    let indent = line.chars().count();
    let mut text = String::new();
    for word in words.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > MAX_WIDTH {
            text.push_str(&line);
            text.push('\n');
            line = " ".repeat(indent);
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
    text
}

/// The table in Markdown, for the README.
pub fn as_markdown() -> String {
    let mut text = String::from(
        "| code | name | meaning | worth running again? |\n| --- | --- | --- | --- |\n",
    );
    for row in TABLE {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            row.code.number(),
            row.name,
            row.meaning,
            row.retry
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_ascending() {
        assert!(TABLE.is_sorted_by(|a, b| a.code.number() < b.code.number()));
    }

    #[test]
    fn the_largest_code_is_the_maximum() {
        assert_eq!(Code::Failed.max(Code::Ok), Code::Failed);
        assert_eq!(Code::Timeout.max(Code::Refunded), Code::Timeout);
    }

    #[test]
    fn both_forms_carry_every_row() {
        for row in TABLE {
            let number = row.code.number().to_string();
            assert!(as_text().lines().any(|line| line.trim_start().starts_with(&number)));
            assert!(as_markdown().contains(&format!("| {number} | {} |", row.name)));
        }
    }
}
