//! The wire format of a Casper node: transactions and deploys in JSON-RPC and in its stream of events.

use serde_json::{Value, json};

/// A transaction as it was sent to the network. The time is RFC 3339.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    /// Its hash, in hex.
    pub hash: &'a str,
    /// What kind of transaction the hash is of.
    pub variant: Variant,
    /// Who sends it: a public key, in hex.
    pub sender: &'a str,
    /// The entry point of the contract that it calls; none for a native transfer.
    pub entry_point: Option<&'a str>,
    /// When it was made.
    pub timestamp: &'a str,
    /// How long it may wait for its execution, such as `30m`.
    pub ttl: &'a str,
}

/// The two kinds of transactions, and the tag that a hash has with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// A transaction of Casper 2.0.
    Version1,
    /// A deploy, as before.
    Deploy,
}

/// The block in which a transaction is.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Its hash, in hex.
    pub hash: &'a str,
    /// Its number.
    pub height: u64,
}

/// How an execution went. Amounts are motes.
#[derive(Clone, Copy, Debug)]
pub struct Execution<'a> {
    /// Who sent the transaction.
    pub initiator: &'a str,
    /// Why it failed, if it did.
    pub error: Option<&'a str>,
    /// What it cost.
    pub cost: &'a str,
    /// What it might have cost.
    pub limit: &'a str,
    /// The gas that it consumed.
    pub consumed: &'a str,
}

/// The public key of a sender.
const SENDER: &str = "01ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11ca11";

impl Default for Transaction<'_> {
    fn default() -> Self {
        Transaction {
            hash: "446f9511258112c6e5150ee13d57c421da2bc30e0058db6165855a9d1ba4b868",
            variant: Variant::Version1,
            sender: SENDER,
            entry_point: Some("rehearse"),
            timestamp: "2026-04-01T10:00:00.000Z",
            ttl: "30m",
        }
    }
}

impl Default for Block<'_> {
    fn default() -> Self {
        let hash = "b10cb10cb10cb10cb10cb10cb10cb10cb10cb10cb10cb10cb10cb10cb10cb10c";
        Block { hash, height: 4_000_000 }
    }
}

impl Default for Execution<'_> {
    fn default() -> Self {
        Execution {
            initiator: SENDER,
            error: None,
            cost: "1012452500",
            limit: "2500000000",
            consumed: "349936666",
        }
    }
}

impl Variant {
    /// Its tag.
    pub fn tag(self) -> &'static str {
        match self {
            Variant::Version1 => "Version1",
            Variant::Deploy => "Deploy",
        }
    }

    /// The variant that has this tag.
    pub fn tagged(tag: &str) -> Option<Self> {
        [Variant::Version1, Variant::Deploy].into_iter().find(|variant| variant.tag() == tag)
    }
}

impl Transaction<'_> {
    /// Its hash under the tag of its variant.
    pub fn tagged_hash(&self) -> Value {
        json!({ (self.variant.tag()): self.hash })
    }

    /// What was sent, under the tag of its variant.
    pub fn tagged(&self) -> Value {
        json!({ (self.variant.tag()): self.body() })
    }

    /// What was sent, without a tag.
    pub fn body(&self) -> Value {
        let mut body = json!({ "hash": self.hash });
        match self.variant {
            Variant::Version1 => body["payload"] = self.payload(),
            Variant::Deploy => {
                body["header"] = self.header();
                body["payment"] = json!({ "ModuleBytes": { "module_bytes": "", "args": [
                    ["amount", { "cl_type": "U512", "bytes": "0400f90295", "parsed": "2500000000" }],
                ] } });
                body["session"] = match self.entry_point {
                    Some(entry_point) => json!({ "StoredContractByName": {
                        "name": "rehearsal", "entry_point": entry_point, "args": [],
                    } }),
                    None => json!({ "Transfer": { "args": [] } }),
                };
            }
        }
        let signature = format!("01{}", "5e".repeat(64));
        body["approvals"] = json!([{ "signer": self.sender, "signature": signature }]);
        body
    }

    fn header(&self) -> Value {
        json!({
            "account": self.sender,
            "timestamp": self.timestamp,
            "ttl": self.ttl,
            "gas_price": 1,
            "body_hash": "b0d1".repeat(16),
            "dependencies": [],
            "chain_name": "casper-rehearsal",
        })
    }

    fn payload(&self) -> Value {
        let (entry_point, target) = match self.entry_point {
            Some(name) => (
                json!({ "Custom": name }),
                json!({ "Stored": {
                    "id": { "InvocableEntityAlias": "rehearsal" },
                    "runtime": "VmCasperV1",
                } }),
            ),
            None => ("Transfer".into(), "Native".into()),
        };
        json!({
            "initiator_addr": { "PublicKey": self.sender },
            "timestamp": self.timestamp,
            "ttl": self.ttl,
            "chain_name": "casper-rehearsal",
            "pricing_mode": { "Fixed": {
                "additional_computation_factor": 0, "gas_price_tolerance": 1,
            } },
            "fields": {
                "args": { "Named": [] },
                "entry_point": entry_point,
                "scheduling": "Standard",
                "target": target,
            },
        })
    }
}

impl Execution<'_> {
    /// How it went, as nodes of 2.0 write it.
    pub fn result(&self) -> Value {
        json!({ "Version2": {
            "initiator": { "PublicKey": self.initiator },
            "error_message": self.error,
            "current_price": 1,
            "limit": self.limit,
            "consumed": self.consumed,
            "cost": self.cost,
            "transfers": [],
            "size_estimate": 465,
            "effects": [],
        } })
    }

    /// How it went, as nodes of 1.x write it.
    pub fn first_result(&self) -> Value {
        let effect = json!({ "operations": [], "transforms": [] });
        let mut result = json!({ "effect": effect, "transfers": [], "cost": self.cost });
        match self.error {
            Some(error) => {
                result["error_message"] = error.into();
                json!({ "Failure": result })
            }
            None => json!({ "Success": result }),
        }
    }
}

/// The `execution_info` of a transaction in a block, which may not be executed yet.
pub fn execution_info(block: &Block<'_>, execution: Option<&Execution<'_>>) -> Value {
    json!({
        "block_hash": block.hash,
        "block_height": block.height,
        "execution_result": execution.map(Execution::result),
    })
}

/// The result of `info_get_transaction`. The `execution_info` is null until there is a block.
pub fn transaction_result(transaction: &Transaction<'_>, execution_info: Value) -> Value {
    json!({
        "api_version": "2.0.0",
        "transaction": transaction.tagged(),
        "execution_info": execution_info,
    })
}

/// The result of `info_get_deploy` of 2.0.
pub fn deploy_result(deploy: &Transaction<'_>, execution_info: Value) -> Value {
    json!({
        "api_version": "2.0.0",
        "deploy": deploy.body(),
        "execution_info": execution_info,
    })
}

/// The result of `info_get_deploy` of 1.x, whose nodes know of no block without an execution.
pub fn first_deploy_result(
    deploy: &Transaction<'_>,
    executed: Option<(&Block<'_>, &Execution<'_>)>,
) -> Value {
    let executed = executed.map(|(block, execution)| {
        json!({ "block_hash": block.hash, "result": execution.first_result() })
    });
    json!({
        "api_version": "1.5.6",
        "deploy": deploy.body(),
        "execution_results": executed.into_iter().collect::<Vec<_>>(),
    })
}

/// The response of JSON-RPC with a result.
pub fn response(id: &Value, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

/// The response of JSON-RPC with an error.
pub fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

/// The state of a node.
#[derive(Clone, Copy, Debug)]
pub struct NodeState<'a> {
    /// What it does: `KeepUp`, `Validate`, `CatchUp` and so on.
    pub reactor_state: &'a str,
    /// The last block that it has added.
    pub last_block: Block<'a>,
    /// The timestamp of that block.
    pub timestamp: &'a str,
    /// The height of the first block that it has.
    pub low: u64,
}

/// The result of `info_get_status`.
pub fn status_result(state: &NodeState<'_>) -> Value {
    let digest = "57a7".repeat(16);
    json!({
        "api_version": "2.0.0",
        "peers": [],
        "build_version": "2.0.3-sandbox",
        "chainspec_name": "casper-rehearsal",
        "starting_state_root_hash": digest,
        "last_added_block_info": {
            "hash": state.last_block.hash,
            "timestamp": state.timestamp,
            "era_id": 7,
            "height": state.last_block.height,
            "state_root_hash": digest,
            "creator": SENDER,
        },
        "our_public_signing_key": SENDER,
        "round_length": null,
        "next_upgrade": null,
        "uptime": "6days 7h 59m 45s 341ms",
        "reactor_state": state.reactor_state,
        "last_progress": state.timestamp,
        "available_block_range": { "low": state.low, "high": state.last_block.height },
        "block_sync": { "historical": null, "forward": null },
        "latest_switch_block_hash": null,
    })
}

/// The result of `chain_get_block`. The time is RFC 3339.
pub fn block_result(block: &Block<'_>, timestamp: &str) -> Value {
    json!({
        "api_version": "2.0.0",
        "block_with_signatures": {
            "block": { "Version2": {
                "hash": block.hash,
                "header": {
                    "height": block.height,
                    "timestamp": timestamp,
                    "era_id": 7,
                    "protocol_version": "2.0.0",
                },
                "body": { "transactions": {}, "rewarded_signatures": [] },
            } },
            "proofs": [],
        },
    })
}

/// The event with which every stream begins.
pub fn api_version() -> Value {
    json!({ "ApiVersion": "2.0.0" })
}

/// The event of a transaction that the node has taken in.
pub fn accepted(transaction: &Transaction<'_>) -> Value {
    json!({ "TransactionAccepted": transaction.tagged() })
}

/// The event of an execution.
pub fn processed(
    transaction: &Transaction<'_>,
    block: &Block<'_>,
    execution: &Execution<'_>,
) -> Value {
    json!({ "TransactionProcessed": {
        "transaction_hash": transaction.tagged_hash(),
        "initiator_addr": { "PublicKey": transaction.sender },
        "timestamp": transaction.timestamp,
        "ttl": transaction.ttl,
        "block_hash": block.hash,
        "execution_result": execution.result(),
        "messages": [],
    } })
}

/// The event of a transaction whose time to live is over.
pub fn expired(transaction: &Transaction<'_>) -> Value {
    json!({ "TransactionExpired": { "transaction_hash": transaction.tagged_hash() } })
}

/// The event of a new block with these transactions: their tagged hashes.
pub fn block_added(block: &Block<'_>, hashes: &[Value]) -> Value {
    json!({ "BlockAdded": {
        "block_hash": block.hash,
        "block": { "Version2": {
            "hash": block.hash,
            "header": { "height": block.height, "era_id": 7, "protocol_version": "2.0.0" },
            "body": { "transactions": { "5": hashes }, "rewarded_signatures": [] },
        } },
    } })
}

/// An event as it is sent. All but the first have an id.
pub fn server_sent(id: Option<u64>, event: &str) -> String {
    match id {
        Some(id) => format!("data:{event}\nid:{id}\n\n"),
        None => format!("data:{event}\n\n"),
    }
}

/// What is sent now and then to show that the node lives.
pub const COMMENT: &str = ":\n\n";
