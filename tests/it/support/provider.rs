//! The four providers behind one interface: a transaction that is looked up and pushed.

use serde_json::{Value, json};

use super::chain::{self, EVENTS, HASH, RPC};
use super::script::{Gate, Reply, Step};
use super::server::Script;
use super::txwatch::{API_KEY, TOKEN, Txwatch, txwatch};
use super::{proof, transak};

/// A provider with one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    Proof,
    Transak,
    Cspr,
    Casper,
}

/// The status of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Pending,
    Completed,
    Failed,
}

use Provider::{Casper, Cspr, Proof, Transak};

impl Provider {
    pub const ALL: [Provider; 4] = [Proof, Transak, Cspr, Casper];

    /// The provider of the profile with this name.
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

    /// The path of lookups for the transaction.
    pub fn pull_path(self) -> String {
        match self {
            Proof => proof::rest_path(proof::ID),
            Transak => transak::order_path(transak::ID),
            Cspr => format!("/deploys/{HASH}"),
            Casper => RPC.to_owned(),
        }
    }

    /// The path and query of the push connection.
    pub fn push_path(self) -> String {
        match self {
            Proof => proof::push_path(proof::ID),
            Transak => transak::pusher_path(),
            Cspr => format!("/deploys?deploy_hash={HASH}"),
            Casper => EVENTS.to_owned(),
        }
    }

    /// A script of the answers to lookups, and of the push connections, in order. A push of Transak's is confirmed by
    /// a lookup, so an ending that was pushed is in the answers from then on.
    pub fn script(
        self,
        answers: impl Into<Vec<Reply>>,
        connections: impl Into<Vec<Reply>>,
    ) -> Script {
        let (mut answers, mut connections) = (answers.into(), connections.into());
        if self == Transak
            && let Some(last) =
                answers.pop_if(|last| !last.contains("COMPLETED") && !last.contains("FAILED"))
        {
            let pushed = Gate::new();
            answers.push(last.until(&pushed, self.answer(Status::Completed)));
            let open = Step::Open(pushed);
            let followed = |connection: Reply| connection.followed_by("COMPLETED", &open);
            connections = connections.into_iter().map(followed).collect();
        }
        Script::new().route(&self.pull_path(), answers).route(&self.push_path(), connections)
    }

    /// Where the ending comes from that a push tells of: of Transak, from the lookup that confirms it.
    pub fn source_of_pushed(self) -> &'static str {
        if self == Transak { "pull" } else { "push" }
    }

    /// The arguments for an interval that no test waits for: a short one, or none if it would hide what is pushed.
    pub fn interval(self) -> [&'static str; 2] {
        ["-i", if self == Transak { "1h" } else { "100ms" }]
    }

    /// The answer to a lookup.
    pub fn answer(self, status: Status) -> Reply {
        let error = execution_error(status);
        match (self, status) {
            (Proof, _) => {
                Reply::json(&proof::record(proof::ID, proof_status(status), status as u32))
            }
            (Transak, _) => transak::record(transak::ID, transak_status(status), status as u32),
            (Cspr, Status::Pending) => chain::record(HASH, "pending", Value::Null),
            (Cspr, _) => chain::record(HASH, "processed", error),
            (Casper, Status::Pending) => chain::waiting(),
            (Casper, _) => chain::executed(error),
        }
    }

    /// The pushed message about a final status.
    pub fn message(self, status: Status) -> Step {
        match self {
            Proof => Step::json(&proof::update(proof::ID, proof_status(status), status as u32)),
            Transak => {
                let order = transak::order(transak::ID, transak_status(status), status as u32);
                transak::event(transak::ID, &order)
            }
            Cspr => Step::json(&chain::created(HASH, execution_error(status))),
            Casper => Step::event(1, &chain::processed(HASH, execution_error(status))),
        }
    }

    /// A push connection with these steps once the transaction is subscribed.
    pub fn connection(self, steps: impl Into<Vec<Step>>) -> Reply {
        match self {
            Proof | Cspr => Reply::upgrade(steps),
            Transak => transak::connection(transak::ID, steps.into()),
            Casper => Reply::events(steps),
        }
    }

    /// The first half of the text that makes a message or an answer final.
    pub fn half_an_ending(self) -> &'static str {
        match self {
            Proof => "\"complet",
            Transak => "COMPLET",
            Cspr => "\"process",
            Casper => "execution_res",
        }
    }

    /// The texts of an answer or a message about a failure with what says so twice: once it says the contrary.
    pub fn contradictions(self, failure: &str) -> [String; 2] {
        let (failed, completed) = match self {
            Proof => (r#""status":"failed""#, r#""status":"completed""#),
            Transak => (r#""status":"FAILED""#, r#""status":"COMPLETED""#),
            Cspr | Casper => (r#""error_message":"User error: 1""#, r#""error_message":null"#),
        };
        // Data of Pusher's is JSON in a string.
        let encoded = |text: &str| text.replace('"', r#"\""#);
        let edited = |all: &dyn Fn(&str, &str) -> String| {
            let text = failure.replace(failed, &all(failed, completed));
            let text = text.replace(&encoded(failed), &encoded(&all(failed, completed)));
            assert_ne!(text, failure, "it does not say that it failed");
            text
        };
        [
            edited(&|one, other| format!("{one},{other}")),
            edited(&|one, other| format!("{other},{one}")),
        ]
    }

    /// The answer to a token that is not accepted.
    pub fn unauthorized(self) -> Reply {
        match self {
            Proof => Reply::status(401, proof::error("unauthorised", "invalid_token")),
            Transak => transak::error(401, "Unauthorized", "Authorization Required"),
            Cspr | Casper => chain::error(401, "unauthorized", "details"),
        }
    }

    /// A command about the transaction, with a URL for each side and without a token.
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

    /// The same, with a token if the provider needs one.
    pub fn command(self, name: &str, pull: &str, push: &str, arguments: &[&str]) -> Txwatch {
        let command = self.tokenless(name, pull, push, arguments);
        match self {
            Casper => command,
            Transak => command.transak_token().env("TXWATCH_TRANSAK_API_KEY", API_KEY),
            _ => command.env(&self.token_variable(), TOKEN),
        }
    }

    /// The same for tests of push alone: without a token of Transak's, for a lookup would have to confirm its pushes.
    pub fn push_command(self, pull: &str, push: &str, arguments: &[&str]) -> Txwatch {
        match self {
            Transak => self.tokenless("watch", pull, push, arguments),
            _ => self.command("watch", pull, push, arguments),
        }
    }

    pub fn token_variable(self) -> String {
        format!("TXWATCH_{}_TOKEN", self.name().to_uppercase())
    }
}

fn proof_status(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::Completed => "completed",
        Status::Failed => "failed",
    }
}

fn transak_status(status: Status) -> &'static str {
    match status {
        Status::Pending => "AWAITING_PAYMENT_FROM_USER",
        Status::Completed => "COMPLETED",
        Status::Failed => "FAILED",
    }
}

/// The error of an execution on a chain.
fn execution_error(status: Status) -> Value {
    match status {
        Status::Failed => json!("User error: 1"),
        Status::Pending | Status::Completed => Value::Null,
    }
}
