//! A transaction on its way through its story, as a node shows it.

use std::time::Duration;

use serde_json::{Value, json};

use super::format::{self, Block, Execution, Variant};
use crate::sandbox::clocks::Start;
use crate::sandbox::hash;
use crate::sandbox::scenario::{Fault, Script, Stage};

/// Why a contract refuses.
pub(in crate::sandbox) const ERROR: &str = "User error: 60001";
/// A clock whose name begins so is of a deploy, as before 2.0.
const DEPLOY: &str = "@deploy";
/// How old a transaction is said to be when it has expired: a client may wait a while before it believes that.
const LONG_AGO: Duration = Duration::from_secs(60 * 60);

/// A transaction on its way through its story.
pub(super) struct TransactionRun<'a> {
    pub(super) id: &'a str,
    pub(super) play: Script,
    pub(super) start: Start,
}

/// Whether an id is a deploy's.
pub(in crate::sandbox) fn is_deploy(id: &str) -> bool {
    id.contains(DEPLOY)
}

/// The variant of an id's hash.
pub(super) fn variant(id: &str) -> Variant {
    if is_deploy(id) { Variant::Deploy } else { Variant::Version1 }
}

impl TransactionRun<'_> {
    fn stage(&self, index: usize) -> Stage {
        self.play.story[index].stage
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

    /// What was sent to the network.
    pub(super) fn sent<T>(
        &self,
        index: usize,
        write: impl FnOnce(&format::Transaction<'_>) -> T,
    ) -> T {
        let (timestamp, ttl) = self.life(index);
        write(&format::Transaction {
            // An id was made from a hash, and fits into one.
            hash: &hash::of(self.id).unwrap_or_default(),
            variant: variant(self.id),
            timestamp: &timestamp,
            ttl,
            ..format::Transaction::default()
        })
    }

    /// How far it came: nothing, in a block, or executed.
    pub(super) fn execution_info(&self, index: usize) -> Value {
        let block = Block::default();
        match self.stage(index) {
            Stage::Processing => format::execution_info(&block, None),
            Stage::Completed | Stage::Failed => {
                format::execution_info(&block, Some(&self.execution(index)))
            }
            _ => Value::Null,
        }
    }

    fn execution(&self, index: usize) -> Execution<'static> {
        let error = (self.stage(index) == Stage::Failed).then_some(ERROR);
        Execution { error, ..Execution::default() }
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
        let block = Block::default();
        self.sent(index, |sent| match self.stage(index) {
            Stage::Completed | Stage::Failed => {
                format::processed(sent, &block, &self.execution(index))
            }
            Stage::Expired => format::expired(sent),
            Stage::Processing => format::block_added(&block, &[sent.tagged_hash()]),
            _ => format::accepted(sent),
        })
    }

    /// What is broken, or about something else.
    fn garbage(&self, index: usize) -> Vec<String> {
        let mine = self.sent(index, |sent| sent.tagged_hash());
        let stranger = json!({ "Version1": "00".repeat(32) });
        let result = self.execution(index).result();
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
            processed(&mine, &json!({ "Version2": { "cost": Execution::default().cost } })),
            processed(&stranger, &result),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::clocks::Clocks;
    use crate::sandbox::player::Double;

    fn with<T>(id: &str, look: impl FnOnce(TransactionRun<'_>) -> T) -> T {
        let start = Clocks::default().touch(id, |_| {});
        look(TransactionRun { id, play: Script::of(Double::Casper, id).unwrap(), start })
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
            assert_eq!(
                (&result["error_message"], &result["cost"]),
                (&ERROR.into(), &"1012452500".into())
            );
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
            assert_eq!(it.sent(0, |sent| sent.body())["payload"]["ttl"], "30m");
            let late = it.sent(1, |sent| sent.body());
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
            let sent = it.sent(0, |sent| sent.tagged());
            assert_eq!(sent["Deploy"]["hash"], hash::of("happy@deploy-7").unwrap());
            assert_eq!(sent["Deploy"]["header"]["ttl"], "30m");
        });
        assert_eq!(
            (variant("happy"), variant("happy@redeploy")),
            (Variant::Version1, Variant::Version1)
        );
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
