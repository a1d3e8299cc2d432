//! CSPR.cloud's deploy, which is the same object in REST and in the stream.

use serde_json::{Map, Value};

use crate::provider::casper::status::{self, MOTES};
use crate::provider::{Amount, Id, Kind, Report, Status, Transaction, json};

/// The keys on which an ending depends.
pub(super) const DECIDING: &[&str] = &["data", "deploy_hash", "status", "error_message", "error"];

/// Reads a REST response, `{"data": Deploy}`.
///
/// # Errors
/// One sentence on what is wrong with it.
pub(super) fn read_response(id: &Id, mut body: Map<String, Value>) -> Result<Report, String> {
    if json::has_error(&body) {
        return Err("it has an error beside data".to_owned());
    }
    let deploy = match body.remove("data") {
        Some(Value::Object(deploy)) => deploy,
        Some(other) => return Err(format!("its data is {}", json::type_name(&other))),
        None => return Err("it has no data".to_owned()),
    };
    read_deploy(id, deploy)
}

/// Reads a deploy. Any field may be missing, null or unknown, except the hash and the status and, once it was processed,
/// the error message, which is null for a success.
///
/// # Errors
/// One sentence on what is wrong with these.
pub(super) fn read_deploy(id: &Id, deploy: Map<String, Value>) -> Result<Report, String> {
    if !json::required_text(&deploy, "deploy_hash")?.eq_ignore_ascii_case(id.as_str()) {
        return Err("it is about another deploy".to_owned());
    }
    let text = |key| json::text(&deploy, key);
    let provider_status = json::required_text(&deploy, "status")?;
    let error = match deploy.get("error_message") {
        None if provider_status == "processed" => {
            return Err("it was processed, but there is no error_message, not even null".to_owned());
        }
        None | Some(Value::Null) => None,
        Some(Value::String(error)) => Some(error.clone()),
        Some(other) => Some(other.to_string()),
    };
    Ok(Report {
        status: status::from_provider(&provider_status, error.as_deref()),
        detail: status::description(&provider_status, error.as_deref()),
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
        ..Report::new(Status::Unknown, provider_status)
    })
}

/// A contract call has one of these fields.
fn kind(deploy: &Map<String, Value>) -> Option<Kind> {
    let fields = ["contract_package_hash", "contract_hash", "entry_point_id"];
    let is_call = fields.iter().any(|key| json::text(deploy, key).is_some());
    is_call.then_some(Kind::Call)
}
