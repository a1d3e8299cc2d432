//! CSPR.cloud's stream of executed deploys.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::deploy::{DECIDING, read_deploy};
use crate::provider::casper::hash;
use crate::provider::{Feed, FeedAction, Id, Report, json};
use crate::wire::{Auth, Frame, Request};

/// The longest query string that is sure to be accepted, in bytes.
const MAX_FILTER_LENGTH: usize = 6 * 1024;

/// The stream of executed deploys, one connection for all ids. Pending and expired deploys are not pushed.
pub(super) struct DeployFeed {
    url: Url,
    auth: Auth,
    session: Option<String>,
    /// By the hash in lower case.
    ids: BTreeMap<String, Id>,
}

/// `{action, data: Deploy, extra, timestamp}`, of which only the hash is read.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: DeployHash<'a>,
}

#[derive(Deserialize)]
struct DeployHash<'a> {
    #[serde(borrow)]
    deploy_hash: Cow<'a, str>,
}

impl DeployFeed {
    /// The stream at this URL for these ids.
    pub(super) fn new(url: Url, auth: Auth, session: Option<String>, ids: &[Id]) -> Self {
        let ids = ids.iter().map(|id| (id.as_str().to_owned(), id.clone())).collect();
        DeployFeed { url, auth, session, ids }
    }

    /// Whether the server applies the filter is not documented, so events of other deploys are dropped before they
    /// are parsed in full.
    fn read(&self, text: &str) -> Result<Option<(Id, Report)>, String> {
        let envelope: Envelope<'_> =
            serde_json::from_str(text).map_err(|error| format!("it is no event ({error})"))?;
        let hash = envelope.data.deploy_hash.to_ascii_lowercase();
        let Some(id) = self.ids.get(&hash) else {
            return Ok(None);
        };
        match json::object(text.as_bytes(), DECIDING)?.remove("data") {
            // CSPR.click's keep-alive, which is no status of the transaction.
            Some(Value::Object(deploy)) if deploy.get("status").is_some_and(|it| it == "ping") => {
                Ok(None)
            }
            Some(Value::Object(deploy)) => Ok(Some((id.clone(), read_deploy(id, deploy)?))),
            _ => Err("it has no deploy".to_owned()),
        }
    }
}

impl Feed for DeployFeed {
    /// The filter is not documented, so it is only relied on to reduce traffic; if it would be too long for a URL,
    /// the stream is not filtered.
    fn request(&self) -> Request {
        let mut url = self.url.clone();
        let hashes: Vec<_> = self.ids.keys().map(String::as_str).collect();
        let filter = format!("deploy_hash={}", hashes.join(","));
        if filter.len() <= MAX_FILTER_LENGTH {
            url.set_query(Some(&filter));
        }
        let session =
            self.session.iter().map(|session| ("persistent-session".into(), session.clone()));
        Request { headers: session.collect(), ..Request::get(url, self.auth.clone()) }
    }

    fn opened(&mut self) -> Vec<FeedAction> {
        FeedAction::live_with(self.ids.values().cloned().collect())
    }

    fn received(&mut self, frame: Frame) -> Vec<FeedAction> {
        const NOUN: &str = "a message";
        let text = match frame.into_text() {
            Ok(text) => text,
            Err(problem) => return vec![FeedAction::malformed(NOUN, &problem)],
        };
        let text = json::without_bom(&text);
        // A keep-alive.
        if text.trim().eq_ignore_ascii_case("ping") {
            return Vec::new();
        }
        match self.read(text) {
            Err(problem) => hash::not_understood(NOUN, &problem, text, &self.ids),
            read => FeedAction::from_message(NOUN, read),
        }
    }

    fn forget(&mut self, id: &Id) -> Vec<FeedAction> {
        self.ids.remove(id.as_str());
        Vec::new()
    }
}
