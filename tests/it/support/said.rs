//! What each provider says of a transaction, with hostile text in each of its fields in turn.

use serde_json::{Value, json};
use txwatch::sandbox::casper::format as node;
use txwatch::sandbox::cspr::format as cloud;
use txwatch::sandbox::transak::{format, pusher};

use super::hostile::{HOSTILE, each};
use super::script::{Reply, Step};
use super::server::{Script, Server};
use super::txwatch::{Txwatch, txwatch};
use super::{chain, proof, transak};

/// What is said about so many transactions, one hostile thing in each.
pub struct Said {
    pub provider: &'static str,
    /// The target, and what REST answers about it.
    pub answers: Vec<(String, Value)>,
    /// What is pushed about it.
    pushes: Vec<Value>,
    /// What is pushed at last, and harmless.
    endings: Vec<Value>,
}

/// Pairs each hostile form of a sample with an id of its own.
fn numbered(
    name: &'static str,
    keep: &[&str],
    answer: impl Fn(&str) -> Value,
    push: impl Fn(&str, bool) -> Value,
) -> Said {
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
    Said {
        provider: name,
        answers: numbers
            .clone()
            .map(|n| (format!("{}:{}", prefix(n), id(n)), variant(each(&answer(&id(n)), keep), n)))
            .collect(),
        pushes: numbers.clone().map(|n| variant(each(&push(&id(n), false), keep), n)).collect(),
        endings: numbers.map(|n| push(&id(n), true)).collect(),
    }
}

/// Every provider's.
pub fn all_said() -> [Said; 4] {
    let word = |ends: bool| if ends { "completed" } else { "processing" };
    let transak_word = |ends: bool| if ends { "COMPLETED" } else { "PROCESSING" };
    [
        numbered(
            "proof",
            &["merchant_transaction_id", "event"],
            |id| proof::record(id, "failed", 1),
            |id, ends| proof::update(id, word(ends), if ends { 9 } else { 1 }),
        ),
        numbered(
            "transak",
            &["id", "_id"],
            |id| transak::order(id, "FAILED", 1),
            |id, ends| transak::order(id, transak_word(ends), if ends { 9 } else { 1 }),
        ),
        numbered(
            "cspr",
            &["deploy_hash", "action"],
            |hash| chain::deploy(hash, "processed", "User error: 1".into()),
            |hash, ends| {
                if ends {
                    chain::created(hash, Value::Null)
                } else {
                    chain::created(hash, "User error: 1".into())
                }
            },
        ),
        numbered(
            "casper",
            &["hash", "transaction_hash"],
            |hash| chain::executed_result(hash, "Out of gas".into()),
            |hash, ends| {
                if ends { chain::processed(hash, Value::Null) } else { chain::accepted(hash) }
            },
        ),
    ]
}

/// The id behind a target.
fn id(target: &str) -> &str {
    target.split_once(':').unwrap().1
}

impl Said {
    /// What REST answers, as the provider wraps it.
    pub fn wrapped(&self, answer: &Value) -> Value {
        match self.provider {
            "proof" => answer.clone(),
            "casper" => node::response(&json!(1), answer.clone()),
            "cspr" => cloud::found(answer.clone()),
            _ => format::found(answer.clone()),
        }
    }

    /// A server that answers this for each target, and pushes where it is to.
    pub fn served(&self, answers: impl Fn(&Value) -> Reply, pushes: bool) -> Server {
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
        match (pushes, self.provider) {
            (false, _) => script,
            (true, "proof" | "casper") => self.pushed_apart(script),
            (true, _) => self.pushed_together(script),
        }
        .start()
    }

    fn pushes(&self) -> impl Iterator<Item = (&str, &Value, &Value)> {
        let targets = self.answers.iter().map(|(target, _)| id(target));
        let pushes = self.pushes.iter().zip(&self.endings);
        targets.zip(pushes).map(|(id, (push, ending))| (id, push, ending))
    }

    /// A connection for each.
    fn pushed_apart(&self, mut script: Script) -> Script {
        let line = HOSTILE.replace(['\r', '\n'], "");
        let odd = format!(":{line}\nevent: {line}\nid: {line}\ndata: {line}\n\n");
        for (number, (id, push, ending)) in self.pushes().enumerate() {
            script = match self.provider {
                "proof" => {
                    let odd = Step::Text(HOSTILE.to_owned());
                    let steps = [Step::json(push), odd, Step::json(ending)];
                    script.push(id, [Reply::upgrade(steps)])
                }
                _ => {
                    let odd = Step::Raw(odd.clone().into_bytes());
                    let steps = [Step::event(1, push), odd, Step::event(2, ending)];
                    script.route(&format!("/n{number}/events"), [Reply::events(steps)])
                }
            };
        }
        script
    }

    /// One connection for all of them.
    fn pushed_together(&self, script: Script) -> Script {
        let ids: Vec<_> = self.pushes().map(|(id, ..)| id).collect();
        if self.provider == "cspr" {
            let steps = self.pushes().flat_map(|(_, push, ending)| [push, ending].map(Step::json));
            return script.stream(&ids.join(","), [Reply::upgrade(steps.collect::<Vec<_>>())]);
        }
        let odd = [
            pusher::published(HOSTILE, HOSTILE, HOSTILE),
            pusher::error(Some(4301), HOSTILE),
            json!({ "event": "pusher:subscription_error", "channel": ids[0], "data": { "error": HOSTILE } }),
            pusher::published("ORDER_X", ids[1], HOSTILE),
        ];
        let events = self
            .pushes()
            .flat_map(|(id, push, ending)| [push, ending].map(|order| transak::event(id, order)));
        let steps = [transak::hello()].into_iter().chain(odd.iter().map(Step::json)).chain(events);
        script.pusher([Reply::upgrade(steps.collect::<Vec<_>>())])
    }

    /// A command for all of it.
    pub fn command(&self, name: &str, server: &Server, arguments: &[&str]) -> Txwatch {
        let targets: Vec<_> = self.answers.iter().map(|(target, _)| target.as_str()).collect();
        self.command_for(&targets, name, server, arguments)
    }

    /// A command for these targets of it.
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
