//! CSPR.cloud, the service behind CSPR.click: REST, and a WebSocket stream of executed deploys.
//!
//! Facts from docs.cspr.cloud: documentation/overview (hosts, authorization, errors,
//! rate-limits-and-quotas), rest-api/deploy, streaming-api/deploy and streaming-api/reference. The filter
//! `deploy_hash` and the text `Ping` are known from the SDK CSPR.Cloud.Net alone.

mod deploy;
mod feed;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::{Map, Value};

use super::casper::hash;
use super::json;
use super::{
    Definition, Explorer, Feed, HTTP, HTTP_OR_WEBSOCKET, Id, Lookup, Pace, Provider, Quota,
    Reading, Secret, Setting, SettingKind, Settings, SingleRequest, Spec, Status,
};
use crate::wire::{Auth, BaseUrl, Request, Response, StatusClass};
use deploy::{DECIDING, read_response};
use feed::DeployFeed;

const MAINNET: [&str; 2] = ["https://api.cspr.cloud", "wss://streaming.cspr.cloud"];
const TESTNET: [&str; 2] = ["https://api.testnet.cspr.cloud", "wss://streaming.testnet.cspr.cloud"];
/// The token alone, without the name of a scheme.
const TOKEN: Auth = Auth::header("authorization");

/// CSPR.cloud's row of the registry.
pub struct CsprCloud;

static SPEC: LazyLock<Arc<Spec>> = LazyLock::new(|| {
    Arc::new(Spec {
        name: "cspr".into(),
        title: "CSPR.cloud".to_owned(),
        settings: vec![
            Setting::optional(
                "network",
                SettingKind::choice(&["mainnet", "testnet"]),
                "which hosts",
            )
            .with_default("mainnet"),
            Setting::optional("url", SettingKind::Url(HTTP), "base of /deploys/{hash}")
                .with_default("the network's host"),
            Setting::optional(
                "push_url",
                SettingKind::Url(HTTP_OR_WEBSOCKET),
                "base of the stream /deploys",
            )
            .with_default("the network's host"),
            Setting::required(
                "token",
                SettingKind::Secret(Secret::Token),
                "your access key, a secret",
            ),
            Setting::optional(
                "persistent_session",
                SettingKind::Text,
                "a name of your choice; what happens while the stream is down is then sent later (a paid plan's)",
            ),
        ],
        personal: [].into(),
        pace: Pace {
            interval: Duration::from_secs(15),
            safety_interval: Duration::from_secs(30),
            // Of the free tier.
            quotas: vec![
                Quota { requests: 100, within: Duration::from_secs(60) },
                Quota { requests: 6_000, within: Duration::from_secs(24 * 60 * 60) },
            ],
        },
        id_shape: hash::ID_SHAPE.to_owned(),
        expiry: "CSPR.cloud's word, believed as it is; a late execution is still taken while --grace holds it. \
                 Look at a block explorer before you send again.",
        ids_per_lookup: 1,
        push_name: "stream",
        has_account_feed: false,
        probe_id: hash::probe_id(),
    })
});

impl Definition for CsprCloud {
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
        Ok(Arc::new(Client::new(settings)?))
    }
}

/// CSPR.cloud at its two base URLs.
struct Client {
    rest: BaseUrl,
    push: BaseUrl,
    session: Option<String>,
}

impl Client {
    fn new(settings: &Settings) -> Result<Self, String> {
        let [rest, push] = match settings.get("network") {
            Some("testnet") => TESTNET,
            _ => MAINNET,
        };
        let base = |key, schemes, default| match settings.base(key, schemes)? {
            Some(base) => Ok::<_, String>(base),
            None => BaseUrl::parse(default, HTTP_OR_WEBSOCKET),
        };
        let session = settings.get("persistent_session").map(check_session).transpose()?;
        Ok(Client {
            rest: base("url", HTTP, rest)?,
            push: base("push_url", HTTP_OR_WEBSOCKET, push)?.for_websocket(),
            session,
        })
    }
}

/// Checks that the name of a session can be sent in a header.
fn check_session(name: &str) -> Result<String, String> {
    if name.chars().all(|c| c.is_ascii_graphic()) {
        Ok(name.to_owned())
    } else {
        Err("persistent_session: only letters, digits and signs of ASCII can be in it".into())
    }
}

impl Provider for Client {
    fn spec(&self) -> &Arc<Spec> {
        &SPEC
    }

    fn lookup(&self, ids: &[Id]) -> Box<dyn Lookup> {
        let id = ids[0].clone();
        let request = Request::get(self.rest.join(&["deploys", id.as_str()]), TOKEN);
        Box::new(SingleRequest::new(request, move |response| read(&id, response)))
    }

    fn feeds(&self, ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)> {
        if ids.is_empty() {
            return Vec::new();
        }
        let url = self.push.join(&["deploys"]);
        let feed = DeployFeed::new(url, TOKEN, self.session.clone(), ids);
        vec![(Box::new(feed), ids.to_vec())]
    }

    /// Its `expired` says how long it waited for an execution, which may still arrive: `processed` is the later word of
    /// the same deploy (docs.cspr.cloud, rest-api/deploy and streaming-api/deploy).
    fn allows_reopen(&self) -> fn(Status, Status) -> bool {
        |from, to| from == Status::Expired && matches!(to, Status::Completed | Status::Failed)
    }
}

/// The HTTP status decides, but for a 404; the code and message in the body are only quoted.
fn read(id: &Id, response: &Response) -> Reading {
    if response.class() == StatusClass::Success {
        let body = match json::object(&response.body, DECIDING) {
            Ok(body) => body,
            Err(unreadable) => return unreadable.into(),
        };
        if let Some(error) = json::error_in_success(response, &body, "data", error_texts) {
            return error;
        }
        return match read_response(id, body) {
            Ok(report) => Reading::Observed(Box::new(report)),
            Err(problem) => Reading::Malformed(format!("its answer cannot be read: {problem}")),
        };
    }
    json::error_reading(response, says_unknown, error_texts)
}

/// Whether the body of a 404 is CSPR.cloud's own about a hash (errors page): `{"error": {"code": "not_found"}}`. Some
/// file servers have the same for a path.
fn says_unknown(body: &Map<String, Value>) -> bool {
    let Some(Value::Object(error)) = body.get("error") else {
        return false;
    };
    let message = json::text(error, "message").unwrap_or_default();
    json::text(error, "code").as_deref() == Some("not_found") && !json::is_about_path(&message)
}

/// `{"error": {code, message}}`, or `{"error": text}`.
fn error_texts(body: &Map<String, Value>) -> Vec<String> {
    match body.get("error") {
        Some(Value::Object(error)) => json::texts(error, &["code", "message"]),
        Some(Value::String(error)) => vec![error.clone()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
