//! Providers, sans-IO: what to ask, and how to read what comes back.
//!
//! A provider never opens anything. It turns an id into a [`Request`], a [`Response`] into a [`Reading`],
//! and a set of ids into [`Feed`]s, little state machines that say what to send and what was meant.
//! Adding a provider is one file here and one line in [`PROVIDERS`].

mod casper;
mod cspr;
mod json;
mod proof;
mod pusher;
mod settings;
mod transak;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::error::Failure;
use crate::exit::Code;
use crate::lifecycle::{Report, Status};
use crate::wire::{Auth, Request, Response, Token};

pub use json::without_personal_data;
pub use settings::{Secret, Setting, SettingKind, Settings};

/// The providers of this build.
pub static PROVIDERS: &[&Spec] = &[&proof::SPEC, &transak::SPEC, &cspr::SPEC, &casper::SPEC];

/// The provider of that name.
pub fn find(name: &str) -> Option<&'static Spec> {
    PROVIDERS.iter().copied().find(|spec| spec.name == name)
}

/// The provider that the sandbox plays under that name.
///
/// # Errors
/// The settings are not usable, or the sandbox does not play it.
pub fn rehearsal(name: &str, settings: &Settings) -> Result<Arc<dyn Provider>, String> {
    match name {
        "proof" => proof::rehearsal(settings),
        "transak" => (transak::SPEC.build)(settings),
        "cspr" => (cspr::SPEC.build)(settings),
        "casper" => (casper::SPEC.build)(settings),
        _ => Err(format!("the sandbox does not play {name}")),
    }
}

/// What is said of an answer that has no error body of the provider's.
pub const NOT_JSON: &str = "without a JSON body";

/// The code of the warning about a message that is signed with another token than ours.
pub const BAD_SIGNATURE: &str = "bad_signature";

/// What is fixed about a provider.
#[derive(Debug)]
pub struct Spec {
    /// Its name in targets and configuration.
    pub name: &'static str,
    /// Its name in sentences.
    pub title: &'static str,
    /// Its settings, beside those that every profile has.
    pub settings: &'static [Setting],
    /// How often it is asked.
    pub pace: Pace,
    /// Fields of its JSON that carry personal data, beside those that do everywhere; in lower case and
    /// without separators.
    pub personal: &'static [&'static str],
    /// What an id looks like, for messages.
    pub id_shape: &'static str,
    /// Whether it has a feed of everything that an account has.
    pub account: bool,
    /// A well-formed id that nobody has, for `config check`.
    pub probe_id: &'static str,
    /// Refuses what cannot be an id of this provider.
    pub check_id: fn(&str) -> Result<(), String>,
    /// An accepted id as the provider writes it.
    pub canonical: fn(&str) -> String,
    /// What its amounts of cost are in.
    pub cost: Unit,
    /// Makes the provider from the settings of a profile.
    pub build: fn(&Settings) -> Result<Arc<dyn Provider>, String>,
}

/// What an amount is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The fiat currency of the transaction.
    Fiat,
    /// Motes, of which 10^9 are a CSPR.
    Motes,
}

/// How often a provider is asked about one transaction.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// While polling carries the watch.
    pub interval: Duration,
    /// While push is healthy.
    pub safety: Duration,
    /// What it lets itself be asked in all, however many transactions there are.
    pub quotas: &'static [Quota],
}

/// How many requests a provider answers within any span of this length.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// So many.
    pub requests: u32,
    /// So long.
    pub within: Duration,
}

/// The id of a transaction, as the provider writes it. Cheap to copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(Arc<str>);

impl Id {
    /// An id that [`Spec::check_id`] has accepted.
    pub fn new(text: &str) -> Self {
        Id(text.into())
    }

    /// The text of the id, shared.
    pub fn text(&self) -> Arc<str> {
        self.0.clone()
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a response means.
#[derive(Clone, Debug)]
pub enum Reading {
    /// The provider knows the transaction.
    Observed(Box<Report>),
    /// It does not.
    NotFound(String),
    /// It does not accept our credentials.
    Denied(String),
    /// It cannot answer now.
    Busy(String),
    /// The answer cannot be understood or trusted.
    Bad(String),
}

/// What came of asking for a new token.
#[derive(Debug)]
pub enum Issued {
    /// The token's text, and when it expires.
    Token(SecretString, Option<Timestamp>),
    /// The provider does not accept the secret.
    Denied(String),
    /// It cannot answer now.
    Busy(String),
    /// The answer cannot be understood.
    Bad(String),
}

/// Something that arrived on a feed's connection.
#[derive(Clone, Copy, Debug)]
pub enum Frame<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A server-sent event.
    Event {
        /// Its id, if it has one.
        id: Option<&'a str>,
        /// Its data.
        data: &'a str,
    },
}

impl Frame<'_> {
    /// What it is, in words, where it is not what a feed speaks.
    fn kind(&self) -> &'static str {
        match self {
            Frame::Text(_) => "text",
            Frame::Binary(_) => "binary",
            Frame::Event { .. } => "an event",
        }
    }
}

/// What a feed makes of what happened on its connection.
#[derive(Debug)]
pub enum Action {
    /// Send this text.
    Send(String),
    /// The connection works: the provider has accepted it.
    Live,
    /// These ids are subscribed from now on; whatever happened before must be asked for.
    Subscribed(Vec<Id>),
    /// The provider will not push these ids' changes; the rest of the connection works.
    Unserved(Vec<Id>, String),
    /// The provider reported on a transaction.
    Observed(Id, Box<Report>),
    /// Something odd that does not end the feed: a stable code and a sentence.
    Warning(&'static str, String),
    /// The provider refused the subscription for good: the exit code and a sentence.
    Refused(Code, String),
}

/// How silence on a connection is treated.
#[derive(Clone, Copy, Debug)]
pub struct Silence {
    /// After so long without a word, ask for a sign of life.
    pub ask_after: Duration,
    /// If none comes within this time, the connection is dead.
    pub dead_after: Duration,
}

/// What to do about a connection that was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reopen {
    /// Try once at once, then back off.
    AtOnce,
    /// Back off, at least this long.
    Backoff(Duration),
    /// Never again unchanged: the exit code.
    Never(Code),
}

/// What a feed knows about the end of its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// What to do about it.
    pub reopen: Reopen,
    /// Why it was closed, in the provider's terms.
    pub why: Option<String>,
}

/// The protocol of one push connection that serves one or many ids: a state machine without a socket.
pub trait Feed: Send {
    /// The connection to open. Asked again before every attempt.
    fn request(&self) -> Request;

    /// The token that counts from now on; told before every attempt, and when it changes.
    fn token(&mut self, _token: &Token) {}

    /// The connection is open.
    fn opened(&mut self) -> Vec<Action>;

    /// Something arrived.
    fn received(&mut self, frame: Frame<'_>) -> Vec<Action>;

    /// The connection was silent for [`Silence::ask_after`]. Without an action, the transport pings.
    fn idle(&mut self) -> Vec<Action> {
        Vec::new()
    }

    /// This id needs no more reports.
    fn forget(&mut self, id: &Id) -> Vec<Action>;

    /// The peer has nothing at the address of [`Feed::request`]. Whether there is another one to try at once.
    fn elsewhere(&mut self) -> bool {
        false
    }

    /// The limits of silence, as they stand now.
    fn silence(&self) -> Silence {
        Silence { ask_after: Duration::from_secs(20), dead_after: Duration::from_secs(20) }
    }

    /// The connection was closed, with a close code if the peer gave one.
    fn closed(&mut self, _code: Option<u16>) -> Closed {
        Closed { reopen: Reopen::Backoff(Duration::ZERO), why: None }
    }
}

/// A system that knows transactions.
pub trait Provider: Send + Sync {
    /// What is fixed about it.
    fn spec(&self) -> &'static Spec;

    /// Refuses an id that this provider could have, but cannot follow with these settings.
    ///
    /// # Errors
    /// What is missing, or what is wrong with the id.
    fn accept(&self, _id: &Id) -> Result<(), Failure> {
        Ok(())
    }

    /// The requests for the present state of a transaction, in the order in which they are made until one
    /// knows it, and as many are made as [`Provider::places_to_ask`] wants. There is at least one.
    fn snapshots(&self, id: &Id, now: Timestamp) -> Vec<Request>;

    /// How many of the [`snapshots`](Provider::snapshots) have to be asked before this report of one of
    /// them is believed: another may know a newer attempt.
    fn places_to_ask(&self, _id: &Id, _found: &Report) -> usize {
        0
    }

    /// What the answer to one of the [`snapshots`](Provider::snapshots) means.
    /// `now` is the provider's own clock, where it told it.
    fn read(&self, id: &Id, response: &Response, now: Timestamp) -> Reading;

    /// The connections that push these ids' changes, each with the ids it serves.
    fn feeds(&self, ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)>;

    /// The connection that pushes the changes of every transaction of the account.
    ///
    /// # Errors
    /// The provider has none, or a setting is missing.
    fn account_feed(&self) -> Result<Box<dyn Feed>, Failure> {
        Err(crate::error::usage(format!("{} has no feed of a whole account", self.spec().title))
            .hint("name the transactions to watch"))
    }

    /// The request that issues a new token for the profile's other secret, if there is such a thing.
    fn issue(&self) -> Option<Request> {
        None
    }

    /// What the answer to [`issue`](Provider::issue) means.
    fn issued(&self, _response: &Response) -> Issued {
        Issued::Bad("no token was asked for".to_owned())
    }

    /// How the push connection is called in messages.
    fn push_name(&self) -> &'static str;

    /// Whether a status cannot be followed by another, so that a report of it must be mistaken.
    fn precludes(&self) -> fn(Status, Status) -> bool {
        |_, _| false
    }

    /// Whether the provider documents that a final status can be followed by another.
    fn revives(&self) -> fn(Status, Status) -> bool {
        |_, _| false
    }
}

impl dyn Provider + '_ {
    /// Whether it answers whoever asks, without a token.
    pub fn is_open(&self) -> bool {
        let probe = Id::new(self.spec().probe_id);
        let requests = self.snapshots(&probe, Timestamp::UNIX_EPOCH);
        requests.iter().all(|request| request.auth == Auth::None)
    }

    /// Every request that may be made for an id: to see where secrets would go, and what they need.
    pub fn requests(&self, id: &Id) -> Vec<Request> {
        let feeds =
            self.feeds(std::slice::from_ref(id)).into_iter().map(|(feed, _)| feed.request());
        let pulls = self.snapshots(id, Timestamp::UNIX_EPOCH);
        feeds.chain(pulls).chain(self.issue()).collect()
    }
}
