//! CSPR.cloud's deploy, as REST and the stream write it.

use serde_json::{Map, Value};

use crate::provider::casper::words::{self, MOTES};
use crate::provider::{Amount, Id, Kind, Report, Status, Transaction, json};

/// `{"data": Deploy}`.
pub(super) fn read_body(id: &Id, body: &[u8]) -> Result<Report, String> {
    let deploy = match json::object(body)?.remove("data") {
        Some(Value::Object(deploy)) => deploy,
        Some(other) => return Err(format!("its data is {}", json::kind(&other))),
        None => return Err("it has no data".to_owned()),
    };
    let hash = json::text(&deploy, "deploy_hash");
    if hash.is_some_and(|hash| !hash.eq_ignore_ascii_case(id.as_str())) {
        return Err("it is about another deploy".to_owned());
    }
    report(id, deploy)
}

/// Reads a deploy. Any field but the status may be missing, null or new; what was processed succeeded
/// only if there is no error message.
pub(super) fn report(id: &Id, deploy: Map<String, Value>) -> Result<Report, String> {
    let text = |key| json::text(&deploy, key);
    let word = match deploy.get("status") {
        Some(Value::String(word)) if !word.is_empty() => word.clone(),
        Some(other) => return Err(format!("its status is {}, not a word", json::kind(other))),
        None => return Err("it has no status".to_owned()),
    };
    let error = match deploy.get("error_message") {
        None | Some(Value::Null) => None,
        Some(Value::String(error)) => Some(error.clone()),
        Some(other) => Some(other.to_string()),
    };
    Ok(Report {
        status: words::status(&word, error.as_deref()),
        detail: words::meaning(&word, error.as_deref()),
        transaction: Transaction {
            kind: kind(&deploy),
            cost: text("cost").map(|motes| Amount::new(motes, MOTES)),
            hash: Some(id.to_string()),
            block: text("block_hash"),
            created_at: text("timestamp"),
            error,
            ..Transaction::default()
        },
        data: Some(Value::Object(deploy)),
        ..Report::new(Status::Unknown, word)
    })
}

/// What is called on a contract is told by the contract.
fn kind(deploy: &Map<String, Value>) -> Option<Kind> {
    let called = ["contract_package_hash", "contract_hash", "entry_point_id"];
    let is_call = called.iter().any(|key| json::text(deploy, key).is_some());
    is_call.then_some(Kind::Call)
}
