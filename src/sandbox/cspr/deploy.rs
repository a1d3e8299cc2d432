//! CSPR.cloud's deploys on their way through their stories.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::format::{self, Deploy};
use crate::sandbox::casper::format::{Block, Execution};
use crate::sandbox::casper::{ERROR, is_deploy};
use crate::sandbox::fault::Fault;
use crate::sandbox::hash;
use crate::sandbox::scenario::Stage;
use crate::sandbox::schedule::Run;

/// What CSPR.cloud knows of a deploy at a step of its story.
pub(super) fn record(run: &Run, step: usize) -> Value {
    let step = run.script.story[step];
    let executed = is_executed(step.stage);
    let status = match step.stage {
        Stage::Expired => "expired",
        _ if executed => "processed",
        _ => "pending",
    };
    let (block, execution) = (Block::default(), Execution::default());
    format::deploy(&Deploy {
        // An id was made from a hash, and fits into one.
        hash: &hash::of(&run.id).unwrap_or_default(),
        version: if is_deploy(&run.id) { 1 } else { 2 },
        status,
        error: (step.stage == Stage::Failed).then_some(ERROR),
        block: executed.then_some((block.hash, block.height)),
        cost: if executed { execution.cost } else { "0" },
        consumed_gas: if executed { execution.consumed } else { "0" },
        timestamp: &run.written(if executed { step.at() } else { Duration::ZERO }),
        ..Deploy::default()
    })
}

/// What the stream says at a step: nothing, unless the deploy was executed.
pub(super) fn messages(run: &Run, step: usize) -> Vec<Message> {
    let is_told = |step: &usize| is_executed(run.script.story[*step].stage);
    if !is_told(&step) {
        return Vec::new();
    }
    let steps = run.script.messages(step).into_iter().filter(is_told);
    let mut messages: Vec<_> = steps.map(|step| created(record(run, step))).collect();
    match run.script.fault {
        Fault::Garbage => messages.splice(0..0, garbage(run, step)).for_each(drop),
        // There is one message of each deploy; the older one is another's.
        Fault::Reorder => messages.push(created(of_another(run))),
        _ => {}
    }
    messages
}

/// An earlier deploy, which failed.
fn of_another(run: &Run) -> Value {
    let mut record = record(run, 0);
    record["deploy_hash"] = hash::of("another deploy").into();
    record["status"] = "processed".into();
    record["error_message"] = ERROR.into();
    record
}

/// What is broken, or about something else.
fn garbage(run: &Run, step: usize) -> Vec<Message> {
    let whole = created(record(run, step));
    let whole = whole.to_text().unwrap_or_default();
    let half: String = whole.chars().take(whole.len() / 2).collect();
    let hash = hash::of(&run.id);
    vec![
        Message::text("Ping"),
        Message::text("null"),
        Message::text(half),
        Message::binary(vec![0x00, 0xff, 0x1b, b'[']),
        Message::text(json!({ "action": 7 }).to_string()),
        Message::text(json!({ "action": "created", "data": 7 }).to_string()),
        Message::text(json!({ "action": "painted", "data": { "deploy_hash": hash } }).to_string()),
        created(json!({ "deploy_hash": hash, "status": 7 })),
        created(json!({ "status": "processed" })),
        created(of_another(run)),
    ]
}

fn is_executed(stage: Stage) -> bool {
    matches!(stage, Stage::Completed | Stage::Failed)
}

fn created(record: Value) -> Message {
    let timestamp = record["timestamp"].clone();
    Message::text(format::created(record, timestamp).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::cspr::CsprDouble;

    fn run(id: &str) -> Run {
        Run::of(CsprDouble, id)
    }

    fn told(id: &str, step: usize) -> Vec<Value> {
        let messages = messages(&run(id), step);
        let texts = messages.iter().filter_map(|message| message.to_text().ok());
        texts.filter_map(|text| serde_json::from_str(text).ok()).collect()
    }

    #[test]
    fn a_record_is_pending_until_it_is_executed_or_expires() {
        let states = |id: &str| -> Vec<_> {
            let run = run(id);
            let records = (0..run.script.story.len()).map(|step| record(&run, step));
            records.map(|it| (it["status"].clone(), it["error_message"].clone())).collect()
        };
        let (pending, processed) = (json!("pending"), json!("processed"));
        let waits = || (pending.clone(), Value::Null);
        assert_eq!(states("happy"), [waits(), waits(), (processed.clone(), Value::Null)]);
        assert_eq!(states("failed"), [waits(), waits(), (processed, json!(ERROR))]);
        assert_eq!(states("expired"), [waits(), (json!("expired"), Value::Null)]);
        let record = record(&run("happy"), 0);
        assert_eq!((&record["block_hash"], &record["cost"]), (&Value::Null, &json!("0")));
    }

    #[test]
    fn only_what_was_executed_is_told() {
        assert!(told("happy", 0).is_empty() && told("happy", 1).is_empty());
        assert!(told("expired", 1).is_empty() && told("silent", 2).is_empty());
        let [message] = &told("happy@x", 2)[..] else { panic!("one message") };
        assert_eq!(message["action"], "created");
        assert_eq!(message["data"]["deploy_hash"], hash::of("happy@x").unwrap());
        assert_eq!(message["data"]["status"], "processed");
        assert_eq!(message["timestamp"], message["data"]["timestamp"]);
        assert_eq!(told("duplicate", 2).len(), 2);
    }

    #[test]
    fn an_older_message_is_anothers() {
        let [own, other] = &told("reorder", 2)[..] else { panic!("two messages") };
        assert_ne!(own["data"]["deploy_hash"], other["data"]["deploy_hash"]);
        assert!(other["timestamp"].as_str() < own["timestamp"].as_str());
    }
}
