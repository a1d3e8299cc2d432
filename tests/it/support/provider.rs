//! The four providers, as far as they are alike: a transaction that is asked for, and told of.

use serde_json::{Value, json};

use super::chain::{self, EVENTS, HASH, RPC};
use super::script::{Reply, Step};
use super::server::Script;
use super::txwatch::{TOKEN, Txwatch, txwatch};
use super::{proof, transak};

/// A provider with one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    Proof,
    Transak,
    Cspr,
    Casper,
}

/// Where the transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Pending,
    Completed,
    Failed,
}

use Provider::{Casper, Cspr, Proof, Transak};

impl Provider {
    pub const ALL: [Provider; 4] = [Proof, Transak, Cspr, Casper];

    /// By the name of its profile.
    pub fn named(name: &str) -> Self {
        Provider::ALL.into_iter().find(|provider| provider.name() == name).expect(name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Proof => "proof",
            Transak => "transak",
            Cspr => "cspr",
            Casper => "casper",
        }
    }

    /// What is asked for the transaction.
    pub fn pull_path(self) -> String {
        match self {
            Proof => proof::rest_path(proof::ID),
            Transak => transak::order_path(transak::ID),
            Cspr => format!("/deploys/{HASH}"),
            Casper => RPC.to_owned(),
        }
    }

    /// What is opened to be told of it.
    pub fn push_path(self) -> String {
        match self {
            Proof => proof::push_path(proof::ID),
            Transak => transak::pusher_path(),
            Cspr => format!("/deploys?deploy_hash={HASH}"),
            Casper => EVENTS.to_owned(),
        }
    }

    /// What it answers, and what its connections do, one after the other.
    pub fn script(
        self,
        answers: impl Into<Vec<Reply>>,
        connections: impl Into<Vec<Reply>>,
    ) -> Script {
        Script::new().route(&self.pull_path(), answers).route(&self.push_path(), connections)
    }

    /// The answer to who asks for the transaction.
    pub fn answer(self, word: Word) -> Reply {
        let failure = failure(word);
        match (self, word) {
            (Proof, _) => Reply::json(&proof::record(proof::ID, proof_word(word), word as u32)),
            (Transak, _) => transak::record(transak::ID, transak_word(word), word as u32),
            (Cspr, Word::Pending) => chain::record(HASH, "pending", Value::Null),
            (Cspr, _) => chain::record(HASH, "processed", failure),
            (Casper, Word::Pending) => chain::waiting(),
            (Casper, _) => chain::executed(failure),
        }
    }

    /// The message about an ending.
    pub fn message(self, word: Word) -> Step {
        match self {
            Proof => Step::json(&proof::update(proof::ID, proof_word(word), word as u32)),
            Transak => {
                let order = transak::order(transak::ID, transak_word(word), word as u32);
                transak::event(transak::ID, &order)
            }
            Cspr => Step::json(&chain::created(HASH, failure(word))),
            Casper => Step::event(1, &chain::processed(HASH, failure(word))),
        }
    }

    /// A connection on which this happens once the transaction is followed.
    pub fn connection(self, steps: impl Into<Vec<Step>>) -> Reply {
        match self {
            Proof | Cspr => Reply::upgrade(steps),
            Transak => transak::connection(transak::ID, steps.into()),
            Casper => Reply::events(steps),
        }
    }

    /// Half of the word that says in a message or an answer that the transaction has ended.
    pub fn half_an_ending(self) -> &'static str {
        match self {
            Proof => "\"complet",
            Transak => "COMPLET",
            Cspr => "\"process",
            Casper => "execution_res",
        }
    }

    /// How it refuses a token.
    pub fn refusal(self) -> Reply {
        match self {
            Proof => Reply::status(401, proof::error("unauthorised", "invalid_token")),
            Transak => transak::error(401, "Unauthorized", "Authorization Required"),
            Cspr | Casper => chain::error(401, "unauthorized", "it says"),
        }
    }

    /// A command about the transaction, without a token, with an address for each side.
    pub fn tokenless(self, name: &str, pull: &str, push: &str, arguments: &[&str]) -> Txwatch {
        let id = match self {
            Proof => proof::ID,
            Transak => transak::ID,
            Cspr | Casper => HASH,
        };
        let target = format!("{}:{id}", self.name());
        let command = txwatch([name, &target].iter().chain(arguments));
        let (rpc, events) = match self {
            Casper => (RPC, EVENTS),
            _ => ("", ""),
        };
        let variable = |key| format!("TXWATCH_{}_{key}", self.name().to_uppercase());
        command
            .env(&variable("URL"), format!("{pull}{rpc}"))
            .env(&variable("PUSH_URL"), format!("{push}{events}"))
    }

    /// The same, with the token where there is one.
    pub fn command(self, name: &str, pull: &str, push: &str, arguments: &[&str]) -> Txwatch {
        let command = self.tokenless(name, pull, push, arguments);
        match self {
            Casper => command,
            _ => command.env(&self.token_variable(), TOKEN),
        }
    }

    pub fn token_variable(self) -> String {
        format!("TXWATCH_{}_TOKEN", self.name().to_uppercase())
    }
}

fn proof_word(word: Word) -> &'static str {
    match word {
        Word::Pending => "pending",
        Word::Completed => "completed",
        Word::Failed => "failed",
    }
}

fn transak_word(word: Word) -> &'static str {
    match word {
        Word::Pending => "AWAITING_PAYMENT_FROM_USER",
        Word::Completed => "COMPLETED",
        Word::Failed => "FAILED",
    }
}

/// What a chain says of one that was executed.
fn failure(word: Word) -> Value {
    match word {
        Word::Failed => json!("User error: 1"),
        Word::Pending | Word::Completed => Value::Null,
    }
}
