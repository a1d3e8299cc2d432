//! CSPR.cloud's wire format: deploys in the answers of its REST API and in the messages of its stream.

use serde_json::{Value, json};

/// A deploy as CSPR.cloud tells of it. The time is RFC 3339, amounts are motes.
#[derive(Clone, Copy, Debug)]
pub struct Deploy<'a> {
    /// Its hash, in hex.
    pub hash: &'a str,
    /// 1 for a deploy, 2 for a transaction of Casper 2.0.
    pub version: u8,
    /// Who sends it: a public key, in hex.
    pub caller: &'a str,
    /// The status in CSPR.cloud's own word.
    pub status: &'a str,
    /// Why its execution failed, if it did.
    pub error: Option<&'a str>,
    /// The hash and height of its block, once it was executed.
    pub block: Option<(&'a str, u64)>,
    /// What was paid for it.
    pub payment: &'a str,
    /// What it cost.
    pub cost: &'a str,
    /// The gas that it consumed.
    pub consumed_gas: &'a str,
    /// When it was made, or executed.
    pub timestamp: &'a str,
}

impl Default for Deploy<'_> {
    fn default() -> Self {
        Deploy {
            hash: "446f9511258112c6e5150ee13d57c421da2bc30e0058db6165855a9d1ba4b868",
            version: 2,
            caller: "01ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11",
            status: "pending",
            error: None,
            block: None,
            payment: "2500000000",
            cost: "0",
            consumed_gas: "0",
            timestamp: "2026-04-01T10:00:00.000Z",
        }
    }
}

/// A deploy, in a response or a message.
pub fn deploy(deploy: &Deploy<'_>) -> Value {
    let (block_hash, block_height) = deploy.block.unzip();
    json!({
        "deploy_hash": deploy.hash,
        "block_hash": block_hash,
        "block_height": block_height,
        "caller_public_key": deploy.caller,
        "caller_hash": "cacacacacacacacacacacacacacacacacacacacacacacacacacacacacacacaca",
        "version_id": deploy.version,
        "pricing_mode_id": 1,
        "is_standard_payment": true,
        "execution_type_id": 3,
        "contract_package_hash": null,
        "contract_hash": null,
        "entry_point_id": null,
        "args": {},
        "payment_amount": deploy.payment,
        "cost": deploy.cost,
        "consumed_gas": deploy.consumed_gas,
        "refund_amount": "0",
        "error_message": deploy.error,
        "status": deploy.status,
        "timestamp": deploy.timestamp,
    })
}

/// The body of a REST response about a [`deploy`].
pub fn found(deploy: Value) -> Value {
    json!({ "data": deploy })
}

/// The message of the stream about a [`deploy`] that was executed at this time.
pub fn created(deploy: Value, timestamp: Value) -> Value {
    json!({ "action": "created", "data": deploy, "extra": null, "timestamp": timestamp })
}

/// The body of an error.
pub fn error(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message } })
}

/// What the stream sends now and then to show that it lives.
pub const PING: &str = "Ping";
