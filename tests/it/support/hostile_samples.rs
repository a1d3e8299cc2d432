//! The answers and messages of each provider, with hostile text in each of their fields in turn.

use serde_json::{Value, json};
use txwatch::sandbox::casper::format as node;
use txwatch::sandbox::cspr::format as cloud;
use txwatch::sandbox::transak::{format, pusher};

use super::hostile::{HOSTILE, each};
use super::script::{Reply, Step};
use super::server::{Script, Server};
use super::txwatch::{Txwatch, txwatch};
use super::{chain, proof, transak};

/// The samples of a provider: a transaction for each field that is hostile.
pub struct HostileSamples {
    pub provider: &'static str,
    /// Each target, with the answer about it.
    pub answers: Vec<(String, Value)>,
    /// The hostile message about each.
    pushes: Vec<Value>,
    /// The final message about each, which is harmless.
    endings: Vec<Value>,
}

/// Gives each hostile variant of the samples an id of its own.
fn samples(
    name: &'static str,
    keep: &[&str],
    answer: impl Fn(&str) -> Value,
    push: impl Fn(&str, bool) -> Value,
) -> HostileSamples {
    let count = each(&answer("x"), keep).len().max(each(&push("x", false), keep).len());
    let id = |number: usize| match name {
        "cspr" => format!("{:064x}", number + 1),
        "casper" => chain::HASH.to_owned(),
        _ => format!("id-{number}"),
    };
    let variant = |all: Vec<Value>, number: usize| all[number % all.len()].clone();
    let prefix = |number: usize| match name {
        "casper" => format!("n{number}"),
        _ => name.to_owned(),
    };
    let numbers = 0..count;
    HostileSamples {
        provider: name,
        answers: numbers
            .clone()
            .map(|n| (format!("{}:{}", prefix(n), id(n)), variant(each(&answer(&id(n)), keep), n)))
            .collect(),
        pushes: numbers.clone().map(|n| variant(each(&push(&id(n), false), keep), n)).collect(),
        endings: numbers.map(|n| push(&id(n), true)).collect(),
    }
}

/// Those of every provider.
pub fn hostile_samples() -> [HostileSamples; 4] {
    let status = |is_final: bool| if is_final { "completed" } else { "processing" };
    let transak_status = |is_final: bool| if is_final { "COMPLETED" } else { "PROCESSING" };
    [
        samples(
            "proof",
            &["merchant_transaction_id", "event"],
            |id| proof::record(id, "failed", 1),
            |id, is_final| proof::update(id, status(is_final), if is_final { 9 } else { 1 }),
        ),
        samples(
            "transak",
            &["id", "_id"],
            |id| transak::order(id, "FAILED", 1),
            |id, is_final| {
                transak::order(id, transak_status(is_final), if is_final { 9 } else { 1 })
            },
        ),
        samples(
            "cspr",
            &["deploy_hash", "action"],
            |hash| chain::deploy(hash, "processed", "User error: 1".into()),
            |hash, is_final| {
                if is_final {
                    chain::created(hash, Value::Null)
                } else {
                    chain::created(hash, "User error: 1".into())
                }
            },
        ),
        samples(
            "casper",
            &["hash", "transaction_hash"],
            |hash| chain::executed_result(hash, "Out of gas".into()),
            |hash, is_final| {
                if is_final { chain::processed(hash, Value::Null) } else { chain::accepted(hash) }
            },
        ),
    ]
}

/// The probe id of providers whose ids are UUIDs.
const UNKNOWN_UUID: &str = "00000000-0000-4000-8000-000000000000";

/// The id of a target.
fn id(target: &str) -> &str {
    target.split_once(':').unwrap().1
}

impl HostileSamples {
    /// The body of an answer.
    pub fn wrapped(&self, answer: &Value) -> Value {
        match self.provider {
            "proof" => answer.clone(),
            "casper" => node::response(&json!(1), answer.clone()),
            "cspr" => cloud::found(answer.clone()),
            _ => format::found(answer.clone()),
        }
    }

    /// A server that answers this about each target, and pushes messages if it is to.
    pub fn server(&self, answers: impl Fn(&Value) -> Reply, pushes: bool) -> Server {
        let mut script = Script::new();
        for (number, (target, answer)) in self.answers.iter().enumerate() {
            let reply = [answers(answer)];
            script = match self.provider {
                "proof" => script.rest(id(target), reply),
                "transak" => script.order(id(target), reply),
                "cspr" => script.deploy(id(target), reply),
                _ => script.route(&format!("/n{number}/rpc"), reply),
            };
        }
        // Several ids that fail lead to a lookup of the one that nobody has.
        let probe = [answers(&self.answers[0].1)];
        script = match self.provider {
            "proof" => script.rest(UNKNOWN_UUID, probe),
            "transak" => script.order(UNKNOWN_UUID, probe),
            "cspr" => script.deploy(&"0".repeat(64), probe),
            _ => script,
        };
        match (pushes, self.provider) {
            (false, _) => script,
            (true, "proof" | "casper") => self.push_separately(script),
            (true, _) => self.push_together(script),
        }
        .start()
    }

    fn pushes(&self) -> impl Iterator<Item = (&str, &Value, &Value)> {
        let targets = self.answers.iter().map(|(target, _)| id(target));
        let pushes = self.pushes.iter().zip(&self.endings);
        targets.zip(pushes).map(|(id, (push, ending))| (id, push, ending))
    }

    /// Adds a push connection for each target.
    fn push_separately(&self, mut script: Script) -> Script {
        let line = HOSTILE.replace(['\r', '\n'], "");
        let malformed = format!(":{line}\nevent: {line}\nid: {line}\ndata: {line}\n\n");
        for (number, (id, push, ending)) in self.pushes().enumerate() {
            script = match self.provider {
                "proof" => {
                    let malformed = Step::Text(HOSTILE.to_owned());
                    let steps = [Step::json(push), malformed, Step::json(ending)];
                    script.push(id, [Reply::upgrade(steps)])
                }
                _ => {
                    let malformed = Step::Raw(malformed.clone().into_bytes());
                    let steps = [Step::event(1, push), malformed, Step::event(2, ending)];
                    script.route(&format!("/n{number}/events"), [Reply::events(steps)])
                }
            };
        }
        script
    }

    /// Adds one push connection for all targets.
    fn push_together(&self, script: Script) -> Script {
        let ids: Vec<_> = self.pushes().map(|(id, ..)| id).collect();
        if self.provider == "cspr" {
            let steps = self.pushes().flat_map(|(_, push, ending)| [push, ending].map(Step::json));
            return script.stream(&ids.join(","), [Reply::upgrade(steps.collect::<Vec<_>>())]);
        }
        let malformed = [
            pusher::published(HOSTILE, HOSTILE, HOSTILE),
            pusher::error(Some(4301), HOSTILE),
            json!({ "event": "pusher:subscription_error", "channel": ids[0], "data": { "error": HOSTILE } }),
            pusher::published("ORDER_X", ids[1], HOSTILE),
        ];
        let events = self
            .pushes()
            .flat_map(|(id, push, ending)| [push, ending].map(|order| transak::event(id, order)));
        let steps = [transak::established()]
            .into_iter()
            .chain(malformed.iter().map(Step::json))
            .chain(events);
        script.pusher([Reply::upgrade(steps.collect::<Vec<_>>())])
    }

    /// A command about all targets.
    pub fn command(&self, name: &str, server: &Server, arguments: &[&str]) -> Txwatch {
        let targets: Vec<_> = self.answers.iter().map(|(target, _)| target.as_str()).collect();
        self.command_for(&targets, name, server, arguments)
    }

    /// A command about these targets.
    pub fn command_for(
        &self,
        targets: &[&str],
        name: &str,
        server: &Server,
        arguments: &[&str],
    ) -> Txwatch {
        let all = [&[name], targets, arguments].concat();
        let url = server.url();
        let command = txwatch(all).proof(&url).transak(&url).transak_token().cspr(&url);
        let profiles = (0..self.answers.len()).map(|n| {
            format!(
                "[profiles.n{n}]\nprovider = \"casper\"\nurl = \"{url}/n{n}/rpc\"\npush_url = \"{url}/n{n}/events\"\n"
            )
        });
        command.config(&profiles.collect::<String>())
    }
}
