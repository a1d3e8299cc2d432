//! A node's events. There is no filter: everything that happens on the network passes by, and what is not
//! about our hashes is not even parsed.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::body::TransactionBody;
use super::execution::Execution;
use crate::protocol::KeepAlive;
use crate::provider::{Feed, FeedAction, Id, Report, json};
use crate::wire::{Auth, Frame, Request};

/// A node says something at least every so often: blocks come every 16 seconds, comments between them.
const KEEP_ALIVE: KeepAlive =
    KeepAlive { idle: Duration::from_secs(35), timeout: Duration::from_secs(5) };

/// The stream of one node.
pub(super) struct NodeFeed {
    url: Url,
    /// By the hash in lower case.
    ids: BTreeMap<String, Id>,
    /// The id of the last event; the node's buffer is asked for from there.
    last: Option<u64>,
    /// Whether the node replays from there what passed by before.
    replays: bool,
    /// Whether the events are looked for at the other path.
    at_fallback: bool,
}

impl NodeFeed {
    pub(super) fn new(url: Url, ids: &[Id]) -> Self {
        let ids = ids.iter().map(|id| (id.as_str().to_owned(), id.clone())).collect();
        NodeFeed { url, ids, last: None, replays: false, at_fallback: false }
    }

    fn read(&self, data: &str) -> Result<Option<(Id, Report)>, String> {
        let Some(kind) = kind(data).and_then(Kind::of) else {
            return Ok(None);
        };
        let Some(id) = self.find(kind, data)? else {
            return Ok(None);
        };
        // The node replays what passed by while we were away, and what was accepted then may be executed.
        if self.replays && kind.word() == "accepted" {
            return Ok(None);
        }
        let event = json::object(data.as_bytes())?;
        let inner = event.get(kind.name()).ok_or("it is empty")?;
        let execution = match kind.word() {
            "processed" => Execution::of(inner.get("execution_result").ok_or("it has no result")?)?,
            _ => Execution::default(),
        };
        let block = inner.get("block_hash").and_then(Value::as_str).map(str::to_owned);
        let report = TransactionBody::of(inner).report(&id, kind.word(), execution, block);
        Ok(Some((id, Report { data: Some(Value::Object(event)), ..report })))
    }

    /// The target that an event is about, without building what it carries.
    fn find(&self, kind: Kind, data: &str) -> Result<Option<Id>, String> {
        let about: HashMap<Cow<'_, str>, About<'_>> =
            serde_json::from_str(data).map_err(|error| format!("it is not JSON ({error})"))?;
        let about = about.get(kind.name()).ok_or("it is empty")?;
        let hash = about.hash().ok_or("it has no hash")?;
        Ok(self.ids.get(&*hash.to_ascii_lowercase()).cloned())
    }
}

/// The name of an event, which is the only key of its object.
fn kind(data: &str) -> Option<&str> {
    let rest = data.trim_start().strip_prefix('{')?.trim_start().strip_prefix('"')?;
    rest.split_once('"').map(|(kind, _)| kind)
}

/// The events that are about a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    TransactionAccepted,
    TransactionProcessed,
    TransactionExpired,
    DeployAccepted,
    DeployProcessed,
    DeployExpired,
}

impl Kind {
    const ALL: [Kind; 6] = [
        Kind::TransactionAccepted,
        Kind::TransactionProcessed,
        Kind::TransactionExpired,
        Kind::DeployAccepted,
        Kind::DeployProcessed,
        Kind::DeployExpired,
    ];

    fn of(name: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Kind::TransactionAccepted => "TransactionAccepted",
            Kind::TransactionProcessed => "TransactionProcessed",
            Kind::TransactionExpired => "TransactionExpired",
            Kind::DeployAccepted => "DeployAccepted",
            Kind::DeployProcessed => "DeployProcessed",
            Kind::DeployExpired => "DeployExpired",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Kind::TransactionAccepted | Kind::DeployAccepted => "accepted",
            Kind::TransactionProcessed | Kind::DeployProcessed => "processed",
            Kind::TransactionExpired | Kind::DeployExpired => "expired",
        }
    }
}

/// Where an event says what it is about; everything else is passed over.
#[derive(Deserialize)]
struct About<'a> {
    #[serde(borrow, default)]
    transaction_hash: Option<Tagged<'a>>,
    #[serde(borrow, default)]
    deploy_hash: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    hash: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "Version1")]
    version1: Option<Hashed<'a>>,
    #[serde(borrow, default, rename = "Deploy")]
    deploy: Option<Hashed<'a>>,
}

#[derive(Deserialize)]
struct Tagged<'a> {
    #[serde(borrow, default, rename = "Version1")]
    version1: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "Deploy")]
    deploy: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Hashed<'a> {
    #[serde(borrow, default)]
    hash: Option<Cow<'a, str>>,
}

impl About<'_> {
    fn hash(&self) -> Option<&str> {
        let tagged = self.transaction_hash.as_ref();
        let tagged = tagged.and_then(|hash| hash.version1.as_deref().or(hash.deploy.as_deref()));
        let accepted = self.version1.as_ref().or(self.deploy.as_ref());
        let accepted = accepted.and_then(|accepted| accepted.hash.as_deref());
        tagged.or(self.deploy_hash.as_deref()).or(accepted).or(self.hash.as_deref())
    }
}

impl Feed for NodeFeed {
    fn request(&self) -> Request {
        let mut url = if self.at_fallback { other_path(&self.url) } else { self.url.clone() };
        if let Some(last) = self.last {
            url.query_pairs_mut().append_pair("start_from", &last.to_string());
        }
        Request::get(url, Auth::None)
    }

    /// The stream began; what happened before has to be asked for.
    fn opened(&mut self) -> Vec<FeedAction> {
        self.replays |= self.last.is_some();
        FeedAction::live_with(self.ids.values().cloned().collect())
    }

    fn received(&mut self, frame: Frame) -> Vec<FeedAction> {
        let read = match frame {
            Frame::Event { id, data } => {
                self.last = id.and_then(|id| id.parse().ok()).or(self.last);
                self.read(&data)
            }
            other => Err(format!("it is {}", other.kind())),
        };
        FeedAction::of_message("an event", read)
    }

    fn forget(&mut self, id: &Id) -> Vec<FeedAction> {
        self.ids.remove(id.as_str());
        Vec::new()
    }

    fn keep_alive(&self) -> KeepAlive {
        KEEP_ALIVE
    }

    /// Tried at once, but then not in a circle: after both, somebody else backs off.
    fn fallback_endpoint(&mut self) -> bool {
        self.at_fallback = !self.at_fallback;
        self.last = None;
        self.at_fallback
    }
}

/// A node of 2.0 has its events at `/events`, one of 1.x at `/events/main`.
fn other_path(url: &Url) -> Url {
    const OLDER: &str = "main";
    let mut other = url.clone();
    let is_older = url.path_segments().and_then(Iterator::last) == Some(OLDER);
    if let Ok(mut path) = other.path_segments_mut() {
        if is_older {
            path.pop()
        } else {
            path.pop_if_empty().push(OLDER)
        };
    }
    other
}
