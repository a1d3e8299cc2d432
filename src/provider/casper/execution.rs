//! Results of executions in all the shapes that nodes write them.
//!
//! Facts from casper-sidecar (resources/test/rpc_schema.json, types/src/sse_data.rs,
//! LEGACY_SSE_EMULATION.md).

use serde_json::{Map, Value};

use crate::provider::json;

/// How an execution went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Execution {
    /// Why it failed, if it did.
    pub(super) error: Option<String>,
    /// What it cost, in motes.
    pub(super) cost: Option<String>,
}

impl Execution {
    /// Reads `{"Version2": …}`, `{"Version1": {"Success" or "Failure": …}}`, or the latter bare.
    ///
    /// # Errors
    /// It is none of these: nothing is known of how it went.
    pub(super) fn of(result: &Value) -> Result<Self, String> {
        let object = result
            .as_object()
            .ok_or_else(|| format!("its result is {}, not an object", json::kind(result)))?;
        // It is one thing or the other; whoever says two of them may have failed in one.
        if object.len() > 1 {
            return Err("its result says more than one thing".to_owned());
        }
        if let Some(Value::Object(second)) = object.get("Version2") {
            return Self::second(second);
        }
        let first = match object.get("Version1") {
            Some(Value::Object(inner)) => inner,
            Some(other) => return Err(format!("its result is {}", json::kind(other))),
            None => object,
        };
        match (first.get("Success"), first.get("Failure")) {
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

    /// The error message has to be there, and be null for a success.
    fn second(result: &Map<String, Value>) -> Result<Self, String> {
        let error = match result.get("error_message") {
            Some(Value::Null) => None,
            Some(Value::String(error)) => Some(error.clone()),
            Some(other) => return Err(format!("its error message is {}", json::kind(other))),
            None => return Err("its result does not say whether there was an error".to_owned()),
        };
        Ok(Execution { error, cost: json::text(result, "cost") })
    }
}
