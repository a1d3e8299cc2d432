//! What a node answers about a transaction.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::body::TransactionBody;
use super::execution::Execution;
use crate::provider::{Id, Report, json};

/// How long after the end of its time to live a transaction that was not executed is taken for expired: a
/// block that took it in at the last moment has to be executed and to reach this node.
pub(super) const MARGIN: Duration = Duration::from_secs(3 * 60);

/// What a node knows of a transaction: `{transaction | deploy, execution_info | execution_results}`.
pub(super) fn report(id: &Id, result: Value, now: Timestamp) -> Result<Report, String> {
    let sent = result.get("transaction").or_else(|| result.get("deploy"));
    let sent = sent.ok_or("it has no transaction")?;
    if TransactionBody::hashes(sent).any(|hash| !hash.eq_ignore_ascii_case(id.as_str())) {
        return Err("it is about another transaction".to_owned());
    }
    let sent = TransactionBody::of(sent);
    let (word, execution, block) = match progress(&result)? {
        Progress::Executed(execution, block) => ("processed", execution, block),
        Progress::Included(block) => ("included", Execution::default(), block),
        Progress::None if has_ended(&sent, now) => ("expired", Execution::default(), None),
        Progress::None | Progress::Untold => ("accepted", Execution::default(), None),
    };
    let report = sent.report(id, word, execution, block);
    Ok(Report { data: Some(result), ..report })
}

/// It cannot be executed any more. A node never says so in an answer.
fn has_ended(sent: &TransactionBody<'_>, now: Timestamp) -> bool {
    let believed = sent.ends_at().and_then(|end| end.checked_add(MARGIN).ok());
    believed.is_some_and(|end| now > end)
}

/// How far a transaction came.
enum Progress {
    Executed(Execution, Option<String>),
    Included(Option<String>),
    None,
    /// The answer does not say, which is no ground to take it for expired.
    Untold,
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
            // It is executed once; if there are several all the same, one that failed counts.
            let failed = all.iter().position(|(execution, _)| execution.error.is_some());
            Ok(if all.is_empty() {
                Progress::None
            } else {
                let (execution, block) = all.swap_remove(failed.unwrap_or_default());
                Progress::Executed(execution, block)
            })
        }
        (Some(Value::Null), None) => Ok(Progress::None),
        (None, None) => Ok(Progress::Untold),
        (Some(other), _) | (None, Some(other)) => {
            Err(format!("its execution is {}", json::kind(other)))
        }
    }
}
