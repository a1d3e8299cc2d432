//! Casper's transactions and deploys as a node shows them. Whose they are is made up.

use std::time::Duration;

use serde_json::{Value, json};

use super::clocks::Start;
use super::hash;
use super::scenario::{Fault, Script, Stage};

/// What a contract says that does not want to.
pub(super) const ERROR: &str = "User error: 60001";
/// In motes.
pub(super) const PAYMENT: &str = "2500000000";
pub(super) const COST: &str = "1012452500";
/// The height of the block that everything is in.
pub(super) const HEIGHT: u64 = 4_000_000;
const CHAIN: &str = "casper-rehearsal";
/// A clock whose name begins so is of a deploy, as before 2.0.
const DEPLOY: &str = "@deploy";
/// How old a transaction is said to be when it has expired: a client may wait a while before it believes that.
const LONG_AGO: Duration = Duration::from_secs(60 * 60);

/// A transaction on its way through its story.
pub(super) struct Transaction<'a> {
    pub(super) id: &'a str,
    pub(super) play: Script,
    pub(super) start: Start,
}

/// Who pays.
pub(super) fn caller() -> String {
    format!("01{}", "ca11".repeat(16))
}

/// The block that everything is in.
pub(super) fn block() -> String {
    "b10c".repeat(16)
}

/// Whether an id is a deploy's.
pub(super) fn is_deploy(id: &str) -> bool {
    id.contains(DEPLOY)
}

/// The variant of an id's hash.
pub(super) fn variant(id: &str) -> &'static str {
    if is_deploy(id) { "Deploy" } else { "Version1" }
}

impl Transaction<'_> {
    fn stage(&self, index: usize) -> Stage {
        self.play.story[index].stage
    }

    fn hash(&self) -> String {
        // An id was made from a hash, and fits into one.
        hash::of(self.id).unwrap_or_default()
    }

    fn tagged_hash(&self) -> Value {
        json!({ (variant(self.id)): self.hash() })
    }

    /// When it was made, and how long it may wait. A node never says that it expired: this does.
    fn life(&self, index: usize) -> (String, &'static str) {
        match self.stage(index) {
            Stage::Expired => {
                (self.start.written_before(self.play.story[index].at(), LONG_AGO), "1m")
            }
            _ => (self.start.written(Duration::ZERO), "30m"),
        }
    }

    /// What was sent to the network, without its variant.
    pub(super) fn inner(&self, index: usize) -> Value {
        let (timestamp, ttl) = self.life(index);
        let approval = json!({ "signer": caller(), "signature": format!("01{}", "5e".repeat(64)) });
        let mut inner = json!({ "hash": self.hash() });
        if is_deploy(self.id) {
            inner["header"] = header(&timestamp, ttl);
            inner["payment"] = json!({ "ModuleBytes": { "module_bytes": "", "args": [
                ["amount", { "cl_type": "U512", "bytes": "0400f90295", "parsed": PAYMENT }],
            ] } });
            inner["session"] = json!({ "StoredContractByName": {
                "name": "rehearsal", "entry_point": "rehearse", "args": [],
            } });
        } else {
            inner["payload"] = payload(&timestamp, ttl)
        }
        inner["approvals"] = json!([approval]);
        inner
    }

    /// How far it came: nothing, in a block, or executed.
    pub(super) fn execution_info(&self, index: usize) -> Value {
        let result = match self.stage(index) {
            Stage::Processing => Value::Null,
            Stage::Completed | Stage::Failed => self.execution_result(index),
            _ => return Value::Null,
        };
        json!({ "block_hash": block(), "block_height": HEIGHT, "execution_result": result })
    }

    fn execution_result(&self, index: usize) -> Value {
        let error = matches!(self.stage(index), Stage::Failed).then_some(ERROR);
        json!({ "Version2": {
            "initiator": { "PublicKey": caller() },
            "error_message": error,
            "current_price": 1,
            "limit": PAYMENT,
            "consumed": "349936666",
            "cost": COST,
            "transfers": [],
            "size_estimate": 465,
            "effects": [],
        } })
    }

    /// What the node's events say when the story takes this step.
    pub(super) fn events(&self, index: usize) -> Vec<String> {
        let told = self.play.told(index).into_iter().map(|index| self.event(index).to_string());
        match self.play.quirk {
            Fault::Garbage => self.garbage(index).into_iter().chain(told).collect(),
            _ => told.collect(),
        }
    }

    fn event(&self, index: usize) -> Value {
        match self.stage(index) {
            Stage::Completed | Stage::Failed => {
                let (timestamp, ttl) = self.life(index);
                json!({ "TransactionProcessed": {
                    "transaction_hash": self.tagged_hash(),
                    "initiator_addr": { "PublicKey": caller() },
                    "timestamp": timestamp,
                    "ttl": ttl,
                    "block_hash": block(),
                    "execution_result": self.execution_result(index),
                    "messages": [],
                } })
            }
            Stage::Expired => {
                json!({ "TransactionExpired": { "transaction_hash": self.tagged_hash() } })
            }
            Stage::Processing => block_added(HEIGHT, &[self.tagged_hash()]),
            _ => json!({ "TransactionAccepted": { (variant(self.id)): self.inner(index) } }),
        }
    }

    /// What is broken, or about something else.
    fn garbage(&self, index: usize) -> Vec<String> {
        let mine = self.tagged_hash();
        let stranger = json!({ "Version1": "00".repeat(32) });
        let result = self.execution_result(index);
        let processed = |hash: &Value, result: &Value| {
            let inner = json!({ "transaction_hash": hash, "execution_result": result });
            json!({ "TransactionProcessed": inner }).to_string()
        };
        vec![
            "Ping".to_owned(),
            "null".to_owned(),
            "{\"TransactionProcessed\":{\"transaction_hash\":".to_owned(),
            json!({ "TransactionProcessed": 7 }).to_string(),
            json!({ "TransactionExpired": { "transaction_hash": 7 } }).to_string(),
            json!({ "TransactionPainted": { "transaction_hash": mine } }).to_string(),
            processed(&mine, &json!({ "Version9": {} })),
            processed(&mine, &json!({ "Version2": { "cost": COST } })),
            processed(&stranger, &result),
        ]
    }
}

/// The header of a deploy.
fn header(timestamp: &str, ttl: &str) -> Value {
    json!({
        "account": caller(),
        "timestamp": timestamp,
        "ttl": ttl,
        "gas_price": 1,
        "body_hash": "b0d1".repeat(16),
        "dependencies": [],
        "chain_name": CHAIN,
    })
}

/// The payload of a transaction.
fn payload(timestamp: &str, ttl: &str) -> Value {
    json!({
        "initiator_addr": { "PublicKey": caller() },
        "timestamp": timestamp,
        "ttl": ttl,
        "chain_name": CHAIN,
        "pricing_mode": { "Fixed": {
            "additional_computation_factor": 0, "gas_price_tolerance": 1,
        } },
        "fields": {
            "args": { "Named": [] },
            "entry_point": { "Custom": "rehearse" },
            "scheduling": "Standard",
            "target": { "Stored": {
                "id": { "InvocableEntityAlias": "rehearsal" },
                "runtime": "VmCasperV1",
            } },
        },
    })
}

/// A block with these transactions.
pub(super) fn block_added(height: u64, hashes: &[Value]) -> Value {
    json!({ "BlockAdded": {
        "block_hash": block(),
        "block": { "Version2": {
            "hash": block(),
            "header": { "height": height, "era_id": 7, "protocol_version": "2.0.0" },
            "body": { "transactions": { "5": hashes }, "rewarded_signatures": [] },
        } },
    } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::clocks::Clocks;
    use crate::sandbox::player::Double;

    fn with<T>(id: &str, look: impl FnOnce(Transaction<'_>) -> T) -> T {
        let start = Clocks::default().touch(id, |_| {});
        look(Transaction { id, play: Script::of(Double::Casper, id).unwrap(), start })
    }

    fn kinds(id: &str, index: usize) -> Vec<String> {
        let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        let kind = |event: Value| event.as_object().unwrap().keys().next().unwrap().clone();
        with(id, |it| it.events(index)).into_iter().map(read).map(kind).collect()
    }

    #[test]
    fn it_is_executed_after_it_is_in_a_block() {
        with("failed", |it| {
            assert_eq!(it.execution_info(0), Value::Null);
            assert_eq!(it.execution_info(1)["execution_result"], Value::Null);
            let result = &it.execution_info(2)["execution_result"]["Version2"];
            assert_eq!((&result["error_message"], &result["cost"]), (&ERROR.into(), &COST.into()));
        });
        with("happy", |it| {
            let info = it.execution_info(2);
            assert_eq!(
                info.pointer("/execution_result/Version2/error_message"),
                Some(&Value::Null)
            );
        });
    }

    #[test]
    fn an_expired_one_is_an_hour_old() {
        with("expired", |it| {
            assert_eq!(it.inner(0)["payload"]["ttl"], "30m");
            let late = it.inner(1);
            assert_eq!(late["payload"]["ttl"], "1m");
            let made: jiff::Timestamp =
                late["payload"]["timestamp"].as_str().unwrap().parse().unwrap();
            let age = it.start.time(it.play.story[1].at()).duration_since(made);
            assert!((age.as_secs() - 3_600).abs() <= 1, "{age:?}");
            assert_eq!(it.execution_info(1), Value::Null);
        });
    }

    #[test]
    fn a_clock_may_be_a_deploys() {
        with("happy@deploy-7", |it| {
            assert_eq!(it.tagged_hash(), json!({ "Deploy": hash::of("happy@deploy-7").unwrap() }));
            assert_eq!(it.inner(0)["header"]["ttl"], "30m");
        });
        assert_eq!((variant("happy"), variant("happy@redeploy")), ("Version1", "Version1"));
    }

    #[test]
    fn events_follow_the_story_and_the_quirk() {
        assert_eq!(kinds("happy", 0), ["TransactionAccepted"]);
        assert_eq!(kinds("happy", 1), ["BlockAdded"]);
        assert_eq!(kinds("happy", 2), ["TransactionProcessed"]);
        assert_eq!(kinds("expired", 1), ["TransactionExpired"]);
        assert_eq!(kinds("reorder", 1), ["TransactionProcessed", "TransactionAccepted"]);
        assert_eq!(kinds("duplicate", 2), ["TransactionProcessed", "TransactionProcessed"]);
        assert_eq!(kinds("lapsed", 0), ["TransactionAccepted"]);
        assert!(kinds("lapsed", 1).is_empty() && kinds("silent", 2).is_empty());
    }
}
