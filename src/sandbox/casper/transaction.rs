//! A transaction on its way through its story, as a node shows it.

use std::time::Duration;

use serde_json::{Value, json};

use super::format::{self, Block, Execution, Transaction, Variant};
use crate::sandbox::fault::Fault;
use crate::sandbox::hash;
use crate::sandbox::scenario::Stage;
use crate::sandbox::schedule::Run;

/// Why a contract refuses.
pub(in crate::sandbox) const ERROR: &str = "User error: 60001";
/// A clock whose name begins so is of a deploy, as before 2.0.
const DEPLOY: &str = "@deploy";
/// How old a transaction is said to be when it has expired: a client may wait a while before it believes that.
const LONG_AGO: Duration = Duration::from_secs(60 * 60);

/// The age of a transaction whose time to live of 30 minutes ran out while the node was stuck.
const OVERDUE: Duration = Duration::from_secs(45 * 60);

/// Whether an id is a deploy's.
pub(in crate::sandbox) fn is_deploy(id: &str) -> bool {
    id.contains(DEPLOY)
}

/// The variant of an id's hash.
pub(super) fn variant(id: &str) -> Variant {
    if is_deploy(id) { Variant::Deploy } else { Variant::Version1 }
}

fn stage(run: &Run, step: usize) -> Stage {
    run.script.story[step].stage
}

/// Whether a node that lags behind speaks at this step: one that does not know the block.
fn lags(run: &Run, step: usize) -> bool {
    run.script.fault == Fault::Lagging && step > 0 && stage(run, step) == Stage::Pending
}

/// When it was made, and how long it may wait. A node never says that it expired: this and its blocks do.
fn life(run: &Run, step: usize) -> (String, &'static str) {
    match (stage(run, step), run.script.fault) {
        (_, Fault::Stuck(_)) => (run.written_before(Duration::ZERO, OVERDUE), "30m"),
        (Stage::Expired, _) => overdue(run, step),
        _ if lags(run, step) => overdue(run, step),
        _ => (run.written(Duration::ZERO), "30m"),
    }
}

fn overdue(run: &Run, step: usize) -> (String, &'static str) {
    (run.written_before(run.script.story[step].at(), LONG_AGO), "1m")
}

/// What was sent to the network.
pub(super) fn sent<T>(run: &Run, step: usize, write: impl FnOnce(&Transaction<'_>) -> T) -> T {
    let (timestamp, ttl) = life(run, step);
    write(&Transaction {
        // An id was made from a hash, and fits into one.
        hash: &hash::of(&run.id).unwrap_or_default(),
        variant: variant(&run.id),
        timestamp: &timestamp,
        ttl,
        ..Transaction::default()
    })
}

/// How far it came: nothing, in a block, or executed.
pub(super) fn execution_info(run: &Run, step: usize) -> Value {
    let block = Block::default();
    match stage(run, step) {
        Stage::Processing => format::execution_info(&block, None),
        Stage::Completed | Stage::Failed => {
            format::execution_info(&block, Some(&execution(run, step)))
        }
        _ => Value::Null,
    }
}

fn execution(run: &Run, step: usize) -> Execution<'static> {
    let error = (stage(run, step) == Stage::Failed).then_some(ERROR);
    Execution { error, ..Execution::default() }
}

/// What the node's events say when the story takes this step.
pub(super) fn events(run: &Run, step: usize) -> Vec<String> {
    let told = run.script.messages(step).into_iter().map(|step| event(run, step).to_string());
    match run.script.fault {
        Fault::Garbage => garbage(run, step).into_iter().chain(told).collect(),
        // By the node's clock, which decides nothing.
        Fault::Stuck(_) if step == 0 => told.chain([expired(run, step)]).collect(),
        Fault::Lagging if step == 1 || step == 2 => told.chain([expired(run, step)]).collect(),
        _ => told.collect(),
    }
}

fn event(run: &Run, step: usize) -> Value {
    let block = Block::default();
    sent(run, step, |sent| match stage(run, step) {
        Stage::Completed | Stage::Failed => format::processed(sent, &block, &execution(run, step)),
        Stage::Expired => format::expired(sent),
        Stage::Processing => format::block_added(&block, &[sent.tagged_hash()]),
        _ => format::accepted(sent),
    })
}

fn expired(run: &Run, step: usize) -> String {
    sent(run, step, |sent| format::expired(sent).to_string())
}

/// What is broken, or about something else.
fn garbage(run: &Run, step: usize) -> Vec<String> {
    let mine = sent(run, step, |sent| sent.tagged_hash());
    let stranger = json!({ "Version1": "00".repeat(32) });
    let result = execution(run, step).result();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::casper::CasperDouble;

    fn run(id: &str) -> Run {
        Run::of(CasperDouble, id)
    }

    fn kinds(id: &str, index: usize) -> Vec<String> {
        let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        let kind = |event: Value| event.as_object().unwrap().keys().next().unwrap().clone();
        events(&run(id), index).into_iter().map(read).map(kind).collect()
    }

    #[test]
    fn it_is_executed_after_it_is_in_a_block() {
        let it = run("failed");
        assert_eq!(execution_info(&it, 0), Value::Null);
        assert_eq!(execution_info(&it, 1)["execution_result"], Value::Null);
        let result = &execution_info(&it, 2)["execution_result"]["Version2"];
        assert_eq!(
            (&result["error_message"], &result["cost"]),
            (&ERROR.into(), &"1012452500".into())
        );
        let info = execution_info(&run("happy"), 2);
        assert_eq!(info.pointer("/execution_result/Version2/error_message"), Some(&Value::Null));
    }

    #[test]
    fn an_expired_one_is_an_hour_old() {
        let it = run("expired");
        let early = sent(&it, 0, |sent| sent.body());
        assert_eq!(early["payload"]["ttl"], "30m");
        let late = sent(&it, 1, |sent| sent.body());
        assert_eq!(late["payload"]["ttl"], "1m");
        let made: jiff::Timestamp = late["payload"]["timestamp"].as_str().unwrap().parse().unwrap();
        let age = it.time(it.script.story[1].at()).duration_since(made);
        assert!((age.as_secs() - 3_600).abs() <= 1, "{age:?}");
        assert_eq!(execution_info(&it, 1), Value::Null);
    }

    #[test]
    fn a_clock_may_be_a_deploys() {
        let sent = sent(&run("happy@deploy-7"), 0, |sent| sent.tagged());
        assert_eq!(sent["Deploy"]["hash"], hash::of("happy@deploy-7").unwrap());
        assert_eq!(sent["Deploy"]["header"]["ttl"], "30m");
        let variants = (variant("happy"), variant("happy@redeploy"));
        assert_eq!(variants, (Variant::Version1, Variant::Version1));
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
        assert_eq!(kinds("stuck", 0), ["TransactionAccepted", "TransactionExpired"]);
        assert_eq!(kinds("lagging", 1), ["BlockAdded", "TransactionExpired"]);
        assert_eq!(kinds("lagging", 2), ["TransactionAccepted", "TransactionExpired"]);
    }
}
