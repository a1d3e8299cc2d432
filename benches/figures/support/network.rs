//! What a node of Casper tells, as it would on the network.

use anyhow::Result;
use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::node::chunk;

/// Events of one run, ours being the last.
pub(crate) const EVENTS: usize = 100_000;
/// How many events there are for each block.
const PER_BLOCK: usize = 100;
/// The transaction that is waited for.
pub(crate) const HASH: &str = "88461218a5e972fcda1d764d7cc4edb2e0c3a538123b97890d484f43c55935f5";

/// What happens on the network: the same in every run but for the time.
pub(crate) struct Network {
    rng: Rng,
    /// When our transaction was sent.
    sent: String,
}

impl Network {
    pub(crate) fn new() -> Self {
        Network { rng: Rng::with_seed(4), sent: Timestamp::now().to_string() }
    }

    /// What the node knows of our transaction before it tells any event.
    pub(crate) fn pending(&self) -> Value {
        let payload = json!({
            "initiator_addr": { "PublicKey": format!("01{}", "d9".repeat(32)) },
            "timestamp": self.sent, "ttl": "2h", "chain_name": "casper",
        });
        let transaction =
            json!({ "Version1": { "hash": HASH, "payload": payload, "approvals": [] } });
        json!({ "jsonrpc": "2.0", "id": 1, "result": {
            "api_version": "2.0.0", "transaction": transaction, "execution_info": null,
        } })
    }

    /// The stream: mostly signatures, transactions among them, and now and then a block.
    pub(crate) fn events(mut self) -> Result<Vec<u8>> {
        let mut chunks = Vec::new();
        chunk(&mut chunks, None, &json!({ "ApiVersion": "2.0.0" }).to_string())?;
        for id in 1..EVENTS - 1 {
            let height = id / PER_BLOCK;
            let event = match (id % PER_BLOCK, self.rng.u8(..10)) {
                (0, _) => self.block_added(height),
                (_, 0) => self.accepted(),
                (_, 1) => {
                    let hash = self.hex(32);
                    self.processed(&hash)
                }
                _ => self.signature(height),
            };
            chunk(&mut chunks, Some(id), &event.to_string())?;
        }
        let ours = self.processed(HASH);
        chunk(&mut chunks, Some(EVENTS - 1), &ours.to_string())?;
        Ok(chunks)
    }

    /// So many bytes in hex, rounded up to eight.
    fn hex(&mut self, bytes: usize) -> String {
        (0..bytes.div_ceil(8)).map(|_| format!("{:016x}", self.rng.u64(..))).collect()
    }

    fn key(&mut self) -> String {
        "01".to_owned() + &self.hex(32)
    }

    /// Some 20 to 100 KB: the hashes of its transactions, and who signed the blocks before it.
    fn block_added(&mut self, height: usize) -> Value {
        let transactions = self.rng.usize(200..1150);
        let mut lane =
            |many| (0..many).map(|_| json!({ "Version1": self.hex(32) })).collect::<Vec<_>>();
        let transactions =
            json!({ "0": lane(transactions / 2), "3": lane(transactions / 2), "4": [] });
        let (hash, parent) = (self.hex(32), self.hex(32));
        let signatures: Vec<Vec<u8>> = (0..3).map(|_| vec![255; 700]).collect();
        json!({ "BlockAdded": { "block_hash": hash, "block": { "Version2": {
            "hash": hash,
            "header": {
                "parent_hash": parent, "state_root_hash": self.hex(32), "body_hash": self.hex(32),
                "random_bit": true, "accumulated_seed": self.hex(32), "era_end": null,
                "timestamp": self.sent, "era_id": 20_500, "height": 6_000_000 + height,
                "protocol_version": "2.0.0", "proposer": self.key(), "current_gas_price": 1,
                "last_switch_block_hash": self.hex(32),
            },
            "body": { "transactions": transactions, "rewarded_signatures": signatures },
        } } } })
    }

    /// Half a KB.
    fn signature(&mut self, height: usize) -> Value {
        json!({ "FinalitySignature": { "V2": {
            "block_hash": self.hex(32), "block_height": 6_000_000 + height, "era_id": 20_500,
            "chain_name_hash": self.hex(32), "signature": "01".to_owned() + &self.hex(64),
            "public_key": self.key(),
        } } })
    }

    /// Some 1 to 3 KB.
    fn accepted(&mut self) -> Value {
        let named = |name: &str, kind: &str, bytes: String| {
            let value = json!({ "cl_type": kind, "bytes": bytes, "parsed": null });
            json!([name, value])
        };
        let length = self.rng.usize(64..900);
        let arguments = [
            named("target", "PublicKey", self.key()),
            named("amount", "U512", self.hex(8)),
            named("memo", "String", self.hex(length)),
        ];
        json!({ "TransactionAccepted": { "Version1": {
            "hash": self.hex(32),
            "payload": {
                "initiator_addr": { "PublicKey": self.key() }, "timestamp": self.sent, "ttl": "30m",
                "chain_name": "casper",
                "pricing_mode": { "PaymentLimited": {
                    "payment_amount": 100_000_000, "gas_price_tolerance": 1, "standard_payment": true,
                } },
                "fields": {
                    "args": { "Named": arguments }, "entry_point": "Transfer",
                    "scheduling": "Standard", "target": "Native",
                },
            },
            "approvals": [{ "signer": self.key(), "signature": "01".to_owned() + &self.hex(64) }],
        } } })
    }

    /// Some 2 to 20 KB: the effects, of which a call of a contract has more than a transfer.
    fn processed(&mut self, hash: &str) -> Value {
        let effects = self.rng.usize(6..72);
        let effects: Vec<_> = (0..effects)
            .map(|_| {
                let key = format!("balance-{}", self.hex(32));
                let value = json!({
                    "cl_type": "U512", "bytes": format!("07{}", self.hex(8)),
                    "parsed": self.rng.u64(..).to_string(),
                });
                match self.rng.u8(..3) {
                    0 => json!({ "key": key, "kind": "Identity" }),
                    1 => json!({ "key": key, "kind": { "AddUInt512": "100000000" } }),
                    _ => json!({ "key": key, "kind": { "Write": { "CLValue": value } } }),
                }
            })
            .collect();
        let initiator = json!({ "PublicKey": self.key() });
        json!({ "TransactionProcessed": {
            "transaction_hash": { "Version1": hash }, "initiator_addr": initiator,
            "timestamp": self.sent, "ttl": "2h", "block_hash": self.hex(32),
            "execution_result": { "Version2": {
                "initiator": initiator, "error_message": null, "current_price": 1,
                "limit": "100000000", "consumed": "100000000", "cost": "100000000", "refund": "0",
                "transfers": [], "size_estimate": 1_200, "effects": effects,
            } },
            "messages": [],
        } })
    }
}
