//! A node's event stream. The node has no filter: it sends the events of the whole network, and those about other
//! hashes are dropped before they are parsed in full.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::body::TransactionBody;
use super::execution::{DECIDING, Execution};
use super::hash;
use crate::protocol::KeepAlive;
use crate::provider::{Feed, FeedAction, FeedSignal, Id, Report, json};
use crate::wire::{Auth, Frame, Request};

/// A node sends something at least this often: a block every 16 seconds, and comments in between.
const KEEP_ALIVE: KeepAlive =
    KeepAlive { idle: Duration::from_secs(35), timeout: Duration::from_secs(5) };

/// The event stream of one node.
pub(super) struct NodeFeed {
    url: Url,
    auth: Auth,
    /// By the hash in lower case.
    ids: BTreeMap<String, Id>,
    /// The id of the last event, from which the next connection resumes.
    last_event_id: Option<u64>,
    /// Whether the connection resumed, so that the node replays buffered events.
    is_resumed: bool,
    /// Whether the fallback URL is used.
    uses_fallback: bool,
}

impl NodeFeed {
    pub(super) fn new(url: Url, auth: Auth, ids: &[Id]) -> Self {
        let ids = ids.iter().map(|id| (id.as_str().to_owned(), id.clone())).collect();
        NodeFeed { url, auth, ids, last_event_id: None, is_resumed: false, uses_fallback: false }
    }

    fn read(&self, data: &str) -> Result<Option<FeedSignal>, String> {
        let Some(kind) = event_name(data).and_then(EventKind::of) else {
            return Ok(None);
        };
        let Some(id) = self.find(data)? else {
            return Ok(None);
        };
        // A transaction whose acceptance is replayed may have been executed meanwhile.
        if self.is_resumed && kind.provider_status() == "accepted" {
            return Ok(Some(FeedSignal::Exists(id)));
        }
        let event = json::object(data.as_bytes(), DECIDING)?;
        let inner = event.get(kind.name()).ok_or("it is empty")?;
        let execution = match kind.provider_status() {
            "processed" => Execution::of(inner.get("execution_result").ok_or("it has no result")?)?,
            // A node announces it by its own clock, also for transactions in a block that was proposed and while it
            // catches up (casper-node 2.0.3, components/transaction_buffer.rs).
            "expired" => return Ok(Some(FeedSignal::Changed(Some(vec![id])))),
            _ => Execution::default(),
        };
        let block = inner.get("block_hash").and_then(Value::as_str).map(str::to_owned);
        let report =
            TransactionBody::of(inner)?.report(&id, kind.provider_status(), execution, block);
        let report = Report { data: Some(Value::Object(event)), ..report };
        Ok(Some(FeedSignal::Observed(id, Box::new(report))))
    }

    /// The id that an event is about, without parsing the rest of it.
    fn find(&self, data: &str) -> Result<Option<Id>, String> {
        let event: Event<'_> =
            serde_json::from_str(data).map_err(|error| format!("it cannot be read ({error})"))?;
        let mut hashes = event.subject().hashes();
        let hash = hashes.next().ok_or("it has no hash")?;
        if hashes.any(|other| !other.eq_ignore_ascii_case(hash)) {
            return Err("it is about more than one transaction".to_owned());
        }
        Ok(self.ids.get(&*hash.to_ascii_lowercase()).cloned())
    }
}

/// The name of an event: the first and only key of its object.
fn event_name(data: &str) -> Option<&str> {
    let rest = data.trim_start().strip_prefix('{')?.trim_start().strip_prefix('"')?;
    rest.split_once('"').map(|(kind, _)| kind)
}

/// The events about a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EventKind {
    TransactionAccepted,
    TransactionProcessed,
    TransactionExpired,
    DeployAccepted,
    DeployProcessed,
    DeployExpired,
}

impl EventKind {
    const ALL: [EventKind; 6] = [
        EventKind::TransactionAccepted,
        EventKind::TransactionProcessed,
        EventKind::TransactionExpired,
        EventKind::DeployAccepted,
        EventKind::DeployProcessed,
        EventKind::DeployExpired,
    ];

    fn of(name: &str) -> Option<Self> {
        EventKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            EventKind::TransactionAccepted => "TransactionAccepted",
            EventKind::TransactionProcessed => "TransactionProcessed",
            EventKind::TransactionExpired => "TransactionExpired",
            EventKind::DeployAccepted => "DeployAccepted",
            EventKind::DeployProcessed => "DeployProcessed",
            EventKind::DeployExpired => "DeployExpired",
        }
    }

    fn provider_status(self) -> &'static str {
        match self {
            EventKind::TransactionAccepted | EventKind::DeployAccepted => "accepted",
            EventKind::TransactionProcessed | EventKind::DeployProcessed => "processed",
            EventKind::TransactionExpired | EventKind::DeployExpired => "expired",
        }
    }
}

/// An event: an object with one key, which is its name.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
enum Event<'a> {
    TransactionAccepted(EventSubject<'a>),
    TransactionProcessed(EventSubject<'a>),
    TransactionExpired(EventSubject<'a>),
    DeployAccepted(EventSubject<'a>),
    DeployProcessed(EventSubject<'a>),
    DeployExpired(EventSubject<'a>),
}

impl<'a> Event<'a> {
    fn subject(&self) -> &EventSubject<'a> {
        match self {
            Event::TransactionAccepted(subject)
            | Event::TransactionProcessed(subject)
            | Event::TransactionExpired(subject)
            | Event::DeployAccepted(subject)
            | Event::DeployProcessed(subject)
            | Event::DeployExpired(subject) => subject,
        }
    }
}

/// The hash fields of an event; all others are skipped.
#[derive(Deserialize)]
struct EventSubject<'a> {
    #[serde(borrow, default)]
    transaction_hash: Option<TaggedHash<'a>>,
    #[serde(borrow, default)]
    deploy_hash: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    hash: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "Version1")]
    version1: Option<HashField<'a>>,
    #[serde(borrow, default, rename = "Deploy")]
    deploy: Option<HashField<'a>>,
}

#[derive(Deserialize)]
struct TaggedHash<'a> {
    #[serde(borrow, default, rename = "Version1")]
    version1: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "Deploy")]
    deploy: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct HashField<'a> {
    #[serde(borrow, default)]
    hash: Option<Cow<'a, str>>,
}

impl EventSubject<'_> {
    /// Every hash of its subject; there should be one.
    fn hashes(&self) -> impl Iterator<Item = &str> {
        let tagged = self.transaction_hash.iter();
        let tagged = tagged.flat_map(|hash| [hash.version1.as_deref(), hash.deploy.as_deref()]);
        let accepted = [self.version1.as_ref(), self.deploy.as_ref()].into_iter().flatten();
        let accepted = accepted.map(|accepted| accepted.hash.as_deref());
        let own = [self.deploy_hash.as_deref(), self.hash.as_deref()];
        tagged.chain(accepted).chain(own).flatten()
    }
}

impl Feed for NodeFeed {
    fn request(&self) -> Request {
        let mut url = if self.uses_fallback { fallback_url(&self.url) } else { self.url.clone() };
        if let Some(last_event_id) = self.last_event_id {
            url.query_pairs_mut().append_pair("start_from", &last_event_id.to_string());
        }
        Request::get(url, self.auth.clone())
    }

    fn opened(&mut self) -> Vec<FeedAction> {
        self.is_resumed |= self.last_event_id.is_some();
        FeedAction::live_with(self.ids.values().cloned().collect())
    }

    fn received(&mut self, frame: Frame) -> Vec<FeedAction> {
        let Frame::Event { id, data } = frame else {
            return vec![FeedAction::malformed("an event", &format!("it is {}", frame.kind()))];
        };
        self.last_event_id = id.and_then(|id| id.parse().ok()).or(self.last_event_id);
        match self.read(json::without_bom(&data)) {
            Ok(signal) => signal.map(FeedAction::Signal).into_iter().collect(),
            Err(problem) => hash::not_understood("an event", &problem, &data, &self.ids),
        }
    }

    fn forget(&mut self, id: &Id) -> Vec<FeedAction> {
        self.ids.remove(id.as_str());
        Vec::new()
    }

    fn keep_alive(&self) -> KeepAlive {
        KEEP_ALIVE
    }

    /// For 404 alternates between two URLs; only the switch to the fallback URL is without a backoff. A node, or a proxy
    /// in front of it, that cannot resume answers `start_from` with 422: then the stream begins with what is new, and a
    /// lookup tells what was missed.
    fn rejected(&mut self, status: u16) -> bool {
        match status {
            404 => {
                self.uses_fallback = !self.uses_fallback;
                self.last_event_id = None;
                self.uses_fallback
            }
            422 => self.last_event_id.take().is_some(),
            _ => false,
        }
    }
}

/// A node of 2.0 has its events at `/events`, one of 1.x at `/events/main`.
fn fallback_url(url: &Url) -> Url {
    const LEGACY: &str = "main";
    let mut fallback = url.clone();
    let is_legacy = url.path_segments().and_then(Iterator::last) == Some(LEGACY);
    if let Ok(mut path) = fallback.path_segments_mut() {
        if is_legacy {
            path.pop()
        } else {
            path.pop_if_empty().push(LEGACY)
        };
    }
    fallback
}
