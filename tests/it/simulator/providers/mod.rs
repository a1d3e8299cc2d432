//! What the simulation has to know of a provider beside its row in the registry: what its transactions go
//! through, and how it behaves on the wire. What it writes there is the format of the sandbox's double.

mod casper;
mod cspr;
mod proof;
mod transak;

use fastrand::Rng;
use serde_json::Value;

use super::ambiguity::Ambiguity;
use super::history::Path;
use super::snapshot::Snapshot;
use super::time::Millis;
use txwatch::provider::Status;
use txwatch::wire::{Frame, Request};

/// A provider as it is simulated.
pub trait Simulated: Sync {
    /// The name of its row in the registry.
    fn name(&self) -> &'static str;

    /// Its settings beside the addresses.
    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// The id of the target of this number.
    fn id(&self, number: usize, random: &mut Rng) -> String;

    /// Any path that one of its transactions may take.
    fn path(&self, random: &mut Rng) -> Path;

    /// How long a transaction is in its last status before the next, given how long that usually takes.
    fn pause(&self, last: Status, _next: Status, usual: Millis, _random: &mut Rng) -> Millis {
        // Times may come in whole seconds, and what goes back must not look simultaneous.
        let may_go_back = last.is_final() || last == Status::OnHold;
        if may_go_back { usual + 1_100 } else { usual }
    }

    /// Whether its reports carry times, so that they may come in any order.
    fn has_times(&self, _random: &mut Rng) -> bool {
        false
    }

    /// Whether it pushes that a transaction took a step to this word.
    fn is_pushed(&self, _word: &str) -> bool {
        true
    }

    /// Whether only the provider itself can have sent what is pushed.
    fn signs_pushes(&self) -> bool {
        true
    }

    /// Whether it never answers that a transaction expired, so that this follows from its time to live.
    fn infers_expiry(&self) -> bool {
        false
    }

    /// Whether what it pushes as this word is only a reason to look.
    fn is_hint(&self, _word: &str) -> bool {
        false
    }

    /// A hint about a transaction that holds for no reason.
    fn hint(&self, _snapshot: &Snapshot<'_>, _number: Millis) -> Option<Frame> {
        None
    }

    /// Whether a question is about the transaction, and not about the provider.
    fn is_about_transaction(&self, _question: &Question) -> bool {
        true
    }

    /// What a request asks. Without an id it is about the transaction of the same lookup.
    fn question(&self, request: &Request) -> Option<Question> {
        let id = request.url.path_segments()?.next_back()?.to_owned();
        Some(Question { id, is_first: true, form: None })
    }

    /// What it answers to a question about a transaction.
    fn answer(&self, snapshot: &Snapshot<'_>, question: &Question) -> Answer;

    /// An error that it answers with status 200, or a proxy in its place.
    fn error(&self) -> Value;

    /// In which ways an answer to a question can be ambiguous, or a message if there is none.
    fn ambiguities(&self, snapshot: &Snapshot<'_>, question: Option<&Question>) -> Vec<Ambiguity>;

    /// Whether a lookup is over with this answer. `is_found` says whether the answer reports a status, and
    /// `was_found` whether one before it did.
    fn ends_lookup(
        &self,
        _snapshot: &Snapshot<'_>,
        _question: &Question,
        _is_found: bool,
        _was_found: bool,
    ) -> bool {
        true
    }

    /// Whether this version of it pushes at the address of a request.
    fn pushes_at(&self, _request: &Request, _is_older: bool) -> bool {
        true
    }

    /// The only transaction that a connection serves, if the request says so.
    fn connection_subject(&self, _request: &Request) -> Option<String> {
        None
    }

    /// The number of the event from which on a connection is to bring what was pushed before.
    fn replay_from(&self, _request: &Request) -> Option<Millis> {
        None
    }

    /// The codes with which it closes a connection, if it can.
    fn close_codes(&self) -> &'static [u16] {
        &[1000, 1001, 1006, 1012]
    }

    /// What it sends when a connection was opened, if that has to be waited for before it counts as open.
    fn hello(&self) -> Option<Frame> {
        None
    }

    /// What it makes of a message.
    fn received(&self, _text: &str) -> ClientMessage {
        ClientMessage::Other
    }

    /// What it pushes when a transaction took a step; `number` is that of the event.
    fn update(&self, snapshot: &Snapshot<'_>, number: Millis) -> Frame;

    /// What it pushes to show that it is there, and after how many milliseconds again.
    fn keep_alive(&self, _number: Millis) -> Option<(Frame, Millis)> {
        None
    }
}

/// A request, as the provider reads it.
#[derive(Clone, Debug)]
pub struct Question {
    /// The transaction that it is about.
    pub id: String,
    /// Whether it is the first of a lookup.
    pub is_first: bool,
    /// Where a lookup asks for a transaction in several ways: which of them it is.
    pub form: Option<String>,
}

/// A provider's answer.
pub struct Answer {
    pub status: u16,
    pub body: Value,
    /// The step of the transaction's history that it reports, if any.
    pub reports: Option<usize>,
}

/// A message to a provider, with its reply.
pub enum ClientMessage {
    Ping { pong: Frame },
    Subscribe { id: String, confirmation: Frame },
    Unsubscribe { id: String },
    Other,
}

/// What is known of the provider of this name.
///
/// # Panics
/// It has a row in the registry, and nothing here.
pub fn simulated(name: &str) -> &'static dyn Simulated {
    const ALL: [&dyn Simulated; 4] =
        [&proof::Proof, &transak::Transak, &cspr::CsprCloud, &casper::Casper];
    let found = ALL.into_iter().find(|provider| provider.name() == name);
    found.unwrap_or_else(|| panic!("{name} is not simulated"))
}

/// The ways in which a key can be ambiguous that has to be there: it is missing, or there twice with one of these values.
fn deciding(key: &'static str, values: &[&str]) -> Vec<Ambiguity> {
    let twice = values.iter().map(|value| Ambiguity::Twice(key, (*value).to_owned()));
    twice.chain([Ambiguity::Absent(key)]).collect()
}

/// How a transaction ends that was executed.
fn executed(random: &mut Rng) -> (&'static str, Status) {
    match random.u8(..4) {
        0 => ("processed", Status::Failed),
        _ => ("processed", Status::Completed),
    }
}
