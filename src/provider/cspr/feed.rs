//! CSPR.cloud's stream of executed deploys.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::deploy::report;
use crate::provider::{Feed, FeedAction, Id, Report, json};
use crate::wire::{Auth, Frame, Request};

/// The longest query that servers are sure to take, in bytes.
const LONGEST_FILTER: usize = 6 * 1024;

/// The stream of executed deploys, all targets on one connection. What is pending or expired never comes.
pub(super) struct DeployFeed {
    url: Url,
    auth: Auth,
    session: Option<String>,
    /// By the hash in lower case.
    ids: BTreeMap<String, Id>,
}

/// `{action, data: Deploy, extra, timestamp}`, as far as it says what it is about.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: About<'a>,
}

#[derive(Deserialize)]
struct About<'a> {
    #[serde(borrow)]
    deploy_hash: Cow<'a, str>,
}

impl DeployFeed {
    /// The stream at this address that follows these ids.
    pub(super) fn new(url: Url, auth: Auth, session: Option<String>, ids: &[Id]) -> Self {
        let ids = ids.iter().map(|id| (id.as_str().to_owned(), id.clone())).collect();
        DeployFeed { url, auth, session, ids }
    }

    /// Whether the filter is honoured is not known, so what is not ours is not even built.
    fn read(&self, text: &str) -> Result<Option<(Id, Report)>, String> {
        let envelope: Envelope<'_> =
            serde_json::from_str(text).map_err(|error| format!("it is no event ({error})"))?;
        let hash = envelope.data.deploy_hash.to_ascii_lowercase();
        let Some(id) = self.ids.get(&hash) else {
            return Ok(None);
        };
        match json::object(text.as_bytes())?.remove("data") {
            // CSPR.click's word for a sign of life, which says nothing of the transaction.
            Some(Value::Object(deploy)) if deploy.get("status").is_some_and(|it| it == "ping") => {
                Ok(None)
            }
            Some(Value::Object(deploy)) => Ok(Some((id.clone(), report(id, deploy)?))),
            _ => Err("it has no deploy".to_owned()),
        }
    }
}

impl Feed for DeployFeed {
    /// The filter is not documented, so it only spares traffic; and where it would be too long for a
    /// URL, everything is listened to.
    fn request(&self) -> Request {
        let mut url = self.url.clone();
        let hashes: Vec<_> = self.ids.keys().map(String::as_str).collect();
        let filter = format!("deploy_hash={}", hashes.join(","));
        if filter.len() <= LONGEST_FILTER {
            url.set_query(Some(&filter));
        }
        let session =
            self.session.iter().map(|session| ("persistent-session".into(), session.clone()));
        Request { headers: session.collect(), ..Request::get(url, self.auth.clone()) }
    }

    /// The subscription is in the URL, and the upgrade has accepted it.
    fn opened(&mut self) -> Vec<FeedAction> {
        FeedAction::live_with(self.ids.values().cloned().collect())
    }

    fn received(&mut self, frame: Frame) -> Vec<FeedAction> {
        let read = match frame {
            // A sign of life, which having arrived has given.
            Frame::Text(text) if text.trim().eq_ignore_ascii_case("ping") => Ok(None),
            Frame::Text(text) => self.read(&text),
            other => Err(format!("it is {}", other.kind())),
        };
        FeedAction::of_message("a message", read)
    }

    fn forget(&mut self, id: &Id) -> Vec<FeedAction> {
        self.ids.remove(id.as_str());
        Vec::new()
    }
}
