//! A node's response about a transaction.

use serde_json::Value;

use super::body::TransactionBody;
use super::execution::Execution;
use super::expiry::Lifetime;
use super::status;
use crate::provider::{Id, Report, json};
use crate::warning::{Warning, WarningCode};

const UNKNOWN_LIFETIME: &str = "the node's answer does not say whether it was executed, or when its time to live ends; it counts as pending, and \
     that it has expired will not be found out";

/// A transaction in a node's response.
pub(super) enum Found {
    /// It was not executed so far; its time to live is known.
    Unexecuted(Report, Lifetime),
    /// Anything else.
    Other(Report),
}

/// Reads a node's result, `{transaction | deploy, execution_info | execution_results}`.
///
/// # Errors
/// One sentence on what is wrong with it.
pub(super) fn read_report(id: &Id, result: Value) -> Result<Found, String> {
    let transaction = match (result.get("transaction"), result.get("deploy")) {
        (Some(transaction), None) | (None, Some(transaction)) => transaction,
        (None, None) => return Err("it has no transaction".to_owned()),
        _ => return Err("it has both a transaction and a deploy".to_owned()),
    };
    check_hash(id, transaction)?;
    let transaction = TransactionBody::of(transaction)?;
    let progress = progress(&result)?;
    let is_open = matches!(progress, Progress::None | Progress::Unknown);
    let lifetime = transaction.lifetime().filter(|_| matches!(progress, Progress::None));
    let (provider_status, execution, block) = match progress {
        Progress::Executed(execution, block) => ("processed", execution, block),
        Progress::Included(block) => ("included", Execution::default(), block),
        Progress::None | Progress::Unknown => ("accepted", Execution::default(), None),
    };
    let report = transaction.report(id, provider_status, execution, block);
    let warning = match (is_open, lifetime) {
        (true, None) => Some(Warning::new(WarningCode::ExpiryNotProven, UNKNOWN_LIFETIME)),
        _ => None,
    };
    let report = Report { data: Some(result), warning, ..report };
    Ok(match lifetime {
        Some(lifetime) => Found::Unexecuted(report, lifetime),
        None => Found::Other(report),
    })
}

fn check_hash(id: &Id, transaction: &Value) -> Result<(), String> {
    let mut hashes = TransactionBody::hashes(transaction).peekable();
    hashes.peek().ok_or("its transaction has no hash")?;
    if hashes.all(|hash| hash.eq_ignore_ascii_case(id.as_str())) {
        Ok(())
    } else {
        Err("it is about another transaction".to_owned())
    }
}

/// The report on a transaction that was not executed, and cannot be any more.
pub(super) fn expired(report: Report) -> Report {
    const EXPIRED: &str = "expired";
    Report {
        status: status::from_provider(EXPIRED, None),
        provider_status: EXPIRED.to_owned(),
        detail: status::description(EXPIRED, None),
        ..report
    }
}

/// The progress of a transaction, with the hash of its block.
#[derive(PartialEq, Eq)]
enum Progress {
    Executed(Execution, Option<String>),
    Included(Option<String>),
    None,
    /// The response has no information about it, so that an expiry cannot be inferred.
    Unknown,
}

/// `execution_info` of 2.0, or the list `execution_results` of 1.x. If both are there, they have to agree.
fn progress(result: &Value) -> Result<Progress, String> {
    let info = result.get("execution_info").map(read_info).transpose()?;
    let results = result.get("execution_results").map(read_results).transpose()?;
    match (info, results) {
        (Some(info), Some(results)) if info != results => {
            Err("its execution_info and execution_results differ".to_owned())
        }
        (Some(progress), _) | (None, Some(progress)) => Ok(progress),
        (None, None) => Ok(Progress::Unknown),
    }
}

/// Null, or `{block_hash, execution_result}`, in which the result is null as long as there is none.
fn read_info(info: &Value) -> Result<Progress, String> {
    match info {
        Value::Null => Ok(Progress::None),
        Value::Object(fields) => match fields.get("execution_result") {
            Some(Value::Null) => Ok(Progress::Included(block(info))),
            Some(result) => Ok(Progress::Executed(Execution::of(result)?, block(info))),
            None => Err("its execution_info has no execution_result".to_owned()),
        },
        other => Err(format!("its execution is {}", json::type_name(other))),
    }
}

/// `[{block_hash, result}]`. There should be one at most.
fn read_results(results: &Value) -> Result<Progress, String> {
    let Value::Array(results) = results else {
        return Err(format!("its execution is {}", json::type_name(results)));
    };
    let mut progress = Progress::None;
    for one in results {
        let result = one.get("result").ok_or("its execution has no result")?;
        let next = Progress::Executed(Execution::of(result)?, block(one));
        if progress != Progress::None && progress != next {
            return Err("its executions differ".to_owned());
        }
        progress = next;
    }
    Ok(progress)
}

fn block(info: &Value) -> Option<String> {
    info.get("block_hash").and_then(Value::as_str).map(str::to_owned)
}
