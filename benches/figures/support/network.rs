//! What a node of Casper tells, as it would on the network.

use anyhow::Result;
use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Value, json};
use txwatch::sandbox::casper::format::{self, Block, Execution, Transaction};

use super::node::chunk;

/// Events of one run, ours being the last.
pub(crate) const EVENTS: usize = 100_000;
/// How many events there are for each block.
const PER_BLOCK: usize = 100;
/// The transaction that is waited for.
pub(crate) const HASH: &str = "88461218a5e972fcda1d764d7cc4edb2e0c3a538123b97890d484f43c55935f5";

fn transfer<'a>() -> Transaction<'a> {
    Transaction { entry_point: None, ..Transaction::default() }
}

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
        let ours = Transaction { hash: HASH, timestamp: &self.sent, ttl: "2h", ..transfer() };
        format::response(&json!(1), format::transaction_result(&ours, Value::Null))
    }

    /// The stream: mostly signatures, transactions among them, and now and then a block.
    pub(crate) fn events(mut self) -> Result<Vec<u8>> {
        let mut chunks = Vec::new();
        chunk(&mut chunks, None, &format::api_version().to_string())?;
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
            chunk(&mut chunks, Some(id as u64), &event.to_string())?;
        }
        let ours = self.processed(HASH);
        chunk(&mut chunks, Some(EVENTS as u64 - 1), &ours.to_string())?;
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
        let signatures: Vec<Vec<u8>> = (0..3).map(|_| vec![255; 700]).collect();
        let block = Block { hash: &self.hex(32), height: 6_000_000 + height as u64 };
        let mut event = format::block_added(&block, &[]);
        let inner = &mut event["BlockAdded"]["block"]["Version2"];
        for key in ["parent_hash", "state_root_hash", "body_hash", "accumulated_seed"] {
            inner["header"][key] = self.hex(32).into();
        }
        inner["header"]["timestamp"] = self.sent.as_str().into();
        inner["header"]["proposer"] = self.key().into();
        inner["header"]["last_switch_block_hash"] = self.hex(32).into();
        inner["body"] = json!({ "transactions": transactions, "rewarded_signatures": signatures });
        event
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
        let (hash, sender) = (self.hex(32), self.key());
        let transfer =
            Transaction { hash: &hash, sender: &sender, timestamp: &self.sent, ..transfer() };
        let mut event = format::accepted(&transfer);
        let payload = &mut event["TransactionAccepted"]["Version1"]["payload"];
        payload["fields"]["args"] = json!({ "Named": arguments });
        event
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
        let (sender, block) = (self.key(), self.hex(32));
        let transfer =
            Transaction { hash, sender: &sender, timestamp: &self.sent, ttl: "2h", ..transfer() };
        let execution = Execution { initiator: &sender, cost: "100000000", ..Execution::default() };
        let block = Block { hash: &block, height: 6_000_000 };
        let mut event = format::processed(&transfer, &block, &execution);
        let result = &mut event["TransactionProcessed"]["execution_result"]["Version2"];
        result["effects"] = effects.into();
        event
    }
}
