//! Execution results in all the forms that nodes write them in.
//!
//! Facts from casper-sidecar (resources/test/rpc_schema.json, types/src/sse_data.rs,
//! LEGACY_SSE_EMULATION.md).

use serde_json::{Map, Value};

use crate::provider::json;

/// The keys on which an ending depends.
pub(super) const DECIDING: &[&str] = &[
    "result",
    "error",
    "transaction",
    "deploy",
    "hash",
    "transaction_hash",
    "deploy_hash",
    "execution_info",
    "execution_results",
    "execution_result",
    "Version1",
    "Version2",
    "Deploy",
    "Success",
    "Failure",
    "error_message",
    // Of an error.
    "code",
    // On which expiry depends.
    "payload",
    "header",
    "timestamp",
    "ttl",
    "reactor_state",
    "last_added_block_info",
    "available_block_range",
    "height",
    "low",
    "high",
    "block_with_signatures",
    "block",
];

/// The result of an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Execution {
    /// The error message; none for a success.
    pub(super) error: Option<String>,
    /// The cost in motes, as decimal digits.
    pub(super) cost: Option<String>,
}

impl Execution {
    /// Reads `{"Version2": …}`, `{"Version1": {"Success" or "Failure": …}}`, or the object under `Version1` alone.
    ///
    /// # Errors
    /// It is none of these, so success and failure cannot be told apart.
    pub(super) fn of(result: &Value) -> Result<Self, String> {
        let object = result
            .as_object()
            .ok_or_else(|| format!("its result is {}, not an object", json::type_name(result)))?;
        // With several keys one of them may be a failure.
        if object.len() > 1 {
            return Err("its result says more than one thing".to_owned());
        }
        if let Some(Value::Object(result)) = object.get("Version2") {
            return Self::version2(result);
        }
        let version1 = match object.get("Version1") {
            Some(Value::Object(inner)) => inner,
            Some(other) => return Err(format!("its result is {}", json::type_name(other))),
            None => object,
        };
        match (version1.get("Success"), version1.get("Failure")) {
            (Some(Value::Object(success)), None) => {
                Ok(Execution { error: None, cost: json::text(success, "cost") })
            }
            (None, Some(Value::Object(failure))) => {
                let error = json::text(failure, "error_message");
                Ok(Execution {
                    error: Some(error.unwrap_or_else(|| "it does not say why".to_owned())),
                    cost: json::text(failure, "cost"),
                })
            }
            _ => Err("its result is neither a success nor a failure".to_owned()),
        }
    }

    /// The error message must be present; it is null for a success.
    fn version2(result: &Map<String, Value>) -> Result<Self, String> {
        let error = match result.get("error_message") {
            Some(Value::Null) => None,
            Some(Value::String(error)) => Some(error.clone()),
            Some(other) => return Err(format!("its error message is {}", json::type_name(other))),
            None => return Err("its result does not say whether there was an error".to_owned()),
        };
        Ok(Execution { error, cost: json::text(result, "cost") })
    }
}
