//! A node's response about a transaction.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::body::TransactionBody;
use super::execution::Execution;
use crate::provider::{Id, Report, json};

/// How long after the end of its time to live a transaction that was not executed counts as expired: a block that
/// included it at the last moment has to be executed and to reach this node.
pub(super) const EXPIRY_MARGIN: Duration = Duration::from_secs(3 * 60);

/// Reads a node's result, `{transaction | deploy, execution_info | execution_results}`.
///
/// # Errors
/// One sentence on what is wrong with it.
pub(super) fn read_report(id: &Id, result: Value, now: Timestamp) -> Result<Report, String> {
    let transaction = result.get("transaction").or_else(|| result.get("deploy"));
    let transaction = transaction.ok_or("it has no transaction")?;
    if TransactionBody::hashes(transaction).any(|hash| !hash.eq_ignore_ascii_case(id.as_str())) {
        return Err("it is about another transaction".to_owned());
    }
    let transaction = TransactionBody::of(transaction);
    let (provider_status, execution, block) = match progress(&result)? {
        Progress::Executed(execution, block) => ("processed", execution, block),
        Progress::Included(block) => ("included", Execution::default(), block),
        Progress::None if has_expired(&transaction, now) => ("expired", Execution::default(), None),
        Progress::None | Progress::Unknown => ("accepted", Execution::default(), None),
    };
    let report = transaction.report(id, provider_status, execution, block);
    Ok(Report { data: Some(result), ..report })
}

/// Whether it cannot be executed any more, which a node does not report in a response.
fn has_expired(transaction: &TransactionBody<'_>, now: Timestamp) -> bool {
    let end = transaction.expires_at().and_then(|end| end.checked_add(EXPIRY_MARGIN).ok());
    end.is_some_and(|end| now > end)
}

/// The progress of a transaction, with the hash of its block.
enum Progress {
    Executed(Execution, Option<String>),
    Included(Option<String>),
    None,
    /// The response has no information about it, so that an expiry cannot be inferred.
    Unknown,
}

/// `execution_info` of 2.0, or the list `execution_results` of 1.x.
fn progress(result: &Value) -> Result<Progress, String> {
    let block = |info: &Value| info.get("block_hash").and_then(Value::as_str).map(str::to_owned);
    match (result.get("execution_info"), result.get("execution_results")) {
        (Some(info @ Value::Object(object)), _) => match object.get("execution_result") {
            Some(Value::Null) | None => Ok(Progress::Included(block(info))),
            Some(result) => Ok(Progress::Executed(Execution::of(result)?, block(info))),
        },
        (_, Some(Value::Array(results))) => {
            let executed = |one: &Value| {
                let result = one.get("result").ok_or("its execution has no result")?;
                Ok::<_, String>((Execution::of(result)?, block(one)))
            };
            let mut all = results.iter().map(executed).collect::<Result<Vec<_>, _>>()?;
            // There should be only one; of several, a failed one counts.
            let failed = all.iter().position(|(execution, _)| execution.error.is_some());
            Ok(if all.is_empty() {
                Progress::None
            } else {
                let (execution, block) = all.swap_remove(failed.unwrap_or_default());
                Progress::Executed(execution, block)
            })
        }
        (Some(Value::Null), None) => Ok(Progress::None),
        (None, None) => Ok(Progress::Unknown),
        (Some(other), _) | (None, Some(other)) => {
            Err(format!("its execution is {}", json::type_name(other)))
        }
    }
}
