//! A Casper node: JSON-RPC, and its event stream.
//!
//! Facts from casper-sidecar (resources/test/rpc_schema.json, rpc_sidecar/src/rpcs/error_code.rs,
//! types/src/sse_data.rs) and docs.casper.network (operators/setup/node-events,
//! developers/monitor-and-consume-events).

mod body;
mod execution;
mod expiry;
mod feed;
pub(super) mod hash;
mod lookup;
mod record;
pub(super) mod status;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::{
    Definition, Explorer, Feed, HTTP, Id, Lookup, Pace, Provider, Secret, Setting, SettingKind,
    Settings, Spec, Status,
};
use crate::wire::{Auth, BaseUrl};
use feed::NodeFeed;
use lookup::{Endpoint, NodeLookup};

/// A Casper node's row of the registry.
pub struct Casper;

static SPEC: LazyLock<Arc<Spec>> = LazyLock::new(|| {
    Arc::new(Spec {
        name: "casper".into(),
        title: "the Casper node".to_owned(),
        settings: vec![
            Setting::required(
                "url",
                SettingKind::Url(HTTP),
                "the node's JSON-RPC, http://host:7777/rpc",
            ),
            Setting::optional(
                "push_url",
                SettingKind::Url(HTTP),
                "its events, http://host:9999/events",
            )
            .with_default("none: requests alone carry a watch"),
            Setting::optional(
                "token",
                SettingKind::Secret(Secret::Token),
                "sent as it is in Authorization, a secret; a proxy in front of the node may want one",
            )
            .with_default("none: a node wants none"),
        ],
        personal: [].into(),
        pace: Pace {
            interval: Duration::from_secs(5),
            safety_interval: Duration::from_secs(30),
            quotas: Vec::new(),
        },
        id_shape: hash::ID_SHAPE.to_owned(),
        expiry: "Proven by the node's own blocks: it is in step with the network, has all blocks of the \
                 transaction's time to live, and found it in none. It cannot be executed any more, so a new one is safe; \
                 what cannot be proven stays pending, with a warning.",
        ids_per_lookup: 1,
        push_name: "events",
        has_account_feed: false,
        probe_id: hash::probe_id(),
    })
});

impl Definition for Casper {
    fn spec(&self) -> Arc<Spec> {
        SPEC.clone()
    }

    fn parse_id(&self, text: &str) -> Result<Id, String> {
        hash::parse(text)
    }

    fn explorers(&self) -> &'static [Explorer] {
        &hash::EXPLORERS
    }

    fn build(&self, settings: &Settings) -> Result<Arc<dyn Provider>, String> {
        Ok(Arc::new(Node::new(settings)?))
    }
}

/// A node at its two base URLs.
struct Node {
    rpc: Arc<Endpoint>,
    events: Option<BaseUrl>,
}

impl Node {
    fn new(settings: &Settings) -> Result<Self, String> {
        let url = settings.base("url", HTTP)?.ok_or("url is missing")?.url().clone();
        // As CSPR.cloud's proxies want it (docs.cspr.cloud, documentation/overview/authorization).
        let auth = if settings.has_token() { Auth::header("authorization") } else { Auth::None };
        Ok(Node { rpc: Arc::new(Endpoint { url, auth }), events: settings.base("push_url", HTTP)? })
    }
}

impl Provider for Node {
    fn spec(&self) -> &Arc<Spec> {
        &SPEC
    }

    fn lookup(&self, ids: &[Id]) -> Box<dyn Lookup> {
        Box::new(NodeLookup::new(self.rpc.clone(), ids[0].clone()))
    }

    fn feeds(&self, ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)> {
        match &self.events {
            Some(events) if !ids.is_empty() => {
                let feed = NodeFeed::new(events.url().clone(), self.rpc.auth.clone(), ids);
                vec![(Box::new(feed), ids.to_vec())]
            }
            _ => Vec::new(),
        }
    }

    /// A transaction in a block stays there; a node that lags behind does not know the block, and an event may come
    /// late (casper-node 2.0.3, storage.rs: no execution is reported for a block that is not stored).
    fn forbids_transition(&self) -> fn(Status, Status) -> bool {
        |from, to| from == Status::Processing && matches!(to, Status::Pending | Status::Expired)
    }

    /// Nodes behind a load balancer may answer for each other; an execution refutes an expiry.
    fn allows_reopen(&self) -> fn(Status, Status) -> bool {
        |from, to| from == Status::Expired && matches!(to, Status::Completed | Status::Failed)
    }
}

#[cfg(test)]
mod tests;
