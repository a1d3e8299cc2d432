//! CSPR.cloud, the service behind CSPR.click: REST, and its stream of executed deploys.
//!
//! Facts from docs.cspr.cloud: documentation/overview (hosts, authorization, errors,
//! rate-limits-and-quotas), rest-api/deploy, streaming-api/deploy and streaming-api/reference. The filter
//! `deploy_hash` and the text `Ping` are known from the SDK CSPR.Cloud.Net alone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::casper::{hash, words};
use super::{
    Action, Feed, Frame, Id, NOT_JSON, Pace, Provider, Quota, Reading, Secret, Setting,
    SettingKind, Settings, Spec, Unit, json,
};
use crate::lifecycle::{Kind, Report, Status, Transaction};
use crate::wire::{Auth, Base, Request, Response};

const HTTP: &[&str] = &["http", "https"];
const ANY: &[&str] = &["http", "https", "ws", "wss"];
const MAINNET: [&str; 2] = ["https://api.cspr.cloud", "wss://streaming.cspr.cloud"];
const TESTNET: [&str; 2] = ["https://api.testnet.cspr.cloud", "wss://streaming.testnet.cspr.cloud"];
/// Where the token goes, bare: there is no word for a scheme.
const TOKEN: Auth = Auth::Header("authorization");
/// The longest query that servers are sure to take.
const LONGEST_FILTER: usize = 6 * 1024;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What is fixed about CSPR.cloud.
pub(super) static SPEC: Spec = Spec {
    name: "cspr",
    title: "CSPR.cloud",
    settings: &[
        Setting::optional("network", SettingKind::Choice(&["mainnet", "testnet"]), "which hosts")
            .or("mainnet"),
        Setting::optional("url", SettingKind::Url(HTTP), "base of /deploys/{hash}")
            .or("the network's host"),
        Setting::optional("push_url", SettingKind::Url(ANY), "base of the stream /deploys")
            .or("the network's host"),
        Setting::required("token", SettingKind::Secret(Secret::Token), "your access key, a secret"),
        Setting::optional(
            "persistent_session",
            SettingKind::Text,
            "a name of your choice; what happens while the stream is down is then sent later (a paid plan's)",
        ),
    ],
    personal: &[],
    pace: Pace {
        interval: Duration::from_secs(15),
        safety: Duration::from_secs(30),
        // The free tier's.
        quotas: &[
            Quota { requests: 100, within: Duration::from_secs(60) },
            Quota { requests: 6_000, within: DAY },
        ],
    },
    id_shape: "the hash of a deploy or transaction: 64 hex digits",
    account: false,
    probe_id: "0000000000000000000000000000000000000000000000000000000000000000",
    check_id: hash::check,
    canonical: hash::canonical,
    cost: Unit::Motes,
    build: |settings| Ok(Arc::new(CsprCloud::new(settings)?)),
};

/// CSPR.cloud behind its two addresses.
struct CsprCloud {
    rest: Base,
    push: Base,
    session: Option<String>,
}

impl CsprCloud {
    fn new(settings: &Settings) -> Result<Self, String> {
        let [rest, push] = match settings.get("network") {
            Some("testnet") => TESTNET,
            _ => MAINNET,
        };
        let base = |key, schemes, default| match settings.base(key, schemes)? {
            Some(base) => Ok::<_, String>(base),
            None => Base::parse(default, ANY),
        };
        let session = settings.get("persistent_session").map(check_session).transpose()?;
        Ok(CsprCloud {
            rest: base("url", HTTP, rest)?,
            push: base("push_url", ANY, push)?.for_websocket(),
            session,
        })
    }
}

/// It goes into a header.
fn check_session(name: &str) -> Result<String, String> {
    if name.chars().all(|c| c.is_ascii_graphic()) {
        Ok(name.to_owned())
    } else {
        Err("persistent_session: only letters, digits and signs of ASCII can be in it".into())
    }
}

impl Provider for CsprCloud {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn snapshots(&self, id: &Id, _now: Timestamp) -> Vec<Request> {
        vec![Request::get(self.rest.join(&["deploys", id.as_str()]), TOKEN)]
    }

    /// The HTTP status decides; code and message of the body are only told.
    fn read(&self, id: &Id, response: &Response, _now: Timestamp) -> Reading {
        let told = describe(response);
        match response.status {
            200..=299 => match read_body(id, &response.body) {
                Ok(report) => Reading::Observed(Box::new(report)),
                Err(problem) => Reading::Bad(format!("its answer cannot be read: {problem}")),
            },
            401 | 403 => Reading::Denied(told),
            404 if !told.contains(NOT_JSON) => Reading::NotFound(told),
            408 | 425 | 429 | 500..=599 => Reading::Busy(told),
            _ => Reading::Bad(format!("it answered {told}")),
        }
    }

    fn feeds(&self, ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)> {
        if ids.is_empty() {
            return Vec::new();
        }
        let by_hash = ids.iter().map(|id| (id.as_str().to_owned(), id.clone())).collect();
        let feed = DeployFeed {
            url: self.push.join(&["deploys"]),
            session: self.session.clone(),
            ids: by_hash,
        };
        vec![(Box::new(feed), ids.to_vec())]
    }

    fn push_name(&self) -> &'static str {
        "stream"
    }
}

/// `404 (not_found: deploy not found)`.
fn describe(response: &Response) -> String {
    let Ok(body) = json::object(&response.body) else {
        return format!("{} {NOT_JSON}; is the url right?", response.status);
    };
    let words: Vec<String> = match body.get("error") {
        Some(Value::Object(error)) => {
            ["code", "message"].iter().filter_map(|key| json::text(error, key)).collect()
        }
        Some(Value::String(error)) => vec![error.clone()],
        _ => Vec::new(),
    };
    if words.is_empty() {
        response.status.to_string()
    } else {
        format!("{} ({})", response.status, words.join(": "))
    }
}

/// `{"data": Deploy}`.
fn read_body(id: &Id, body: &[u8]) -> Result<Report, String> {
    let deploy = match json::object(body)?.remove("data") {
        Some(Value::Object(deploy)) => deploy,
        Some(other) => return Err(format!("its data is {}", json::kind(&other))),
        None => return Err("it has no data".to_owned()),
    };
    let hash = json::text(&deploy, "deploy_hash");
    if hash.is_some_and(|hash| !hash.eq_ignore_ascii_case(id.as_str())) {
        return Err("it is about another deploy".to_owned());
    }
    report(id, deploy)
}

/// Reads a deploy. Any field but the status may be missing, null or new; what was processed succeeded
/// only if there is no error message.
fn report(id: &Id, deploy: Map<String, Value>) -> Result<Report, String> {
    let text = |key| json::text(&deploy, key);
    let word = match deploy.get("status") {
        Some(Value::String(word)) if !word.is_empty() => word.clone(),
        Some(other) => return Err(format!("its status is {}, not a word", json::kind(other))),
        None => return Err("it has no status".to_owned()),
    };
    let error = match deploy.get("error_message") {
        None | Some(Value::Null) => None,
        Some(Value::String(error)) => Some(error.clone()),
        Some(other) => Some(other.to_string()),
    };
    Ok(Report {
        status: words::status(&word, error.as_deref()),
        detail: words::meaning(&word, error.as_deref()),
        transaction: Transaction {
            kind: kind(&deploy),
            cost: text("cost"),
            hash: Some(id.to_string()),
            block: text("block_hash"),
            created_at: text("timestamp"),
            error,
            ..Transaction::default()
        },
        data: Some(Value::Object(deploy)),
        ..Report::new(Status::Unknown, word)
    })
}

/// What is called on a contract is told by the contract.
fn kind(deploy: &Map<String, Value>) -> Option<Kind> {
    let called = ["contract_package_hash", "contract_hash", "entry_point_id"];
    let is_call = called.iter().any(|key| json::text(deploy, key).is_some());
    is_call.then_some(Kind::Call)
}

/// The stream of executed deploys, all targets on one connection. What is pending or expired never comes.
struct DeployFeed {
    url: Url,
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
        let session = self.session.iter().map(|session| ("persistent-session", session.clone()));
        Request { headers: session.collect(), ..Request::get(url, TOKEN) }
    }

    /// The subscription is in the URL, and the upgrade has accepted it.
    fn opened(&mut self) -> Vec<Action> {
        vec![Action::Live, Action::Subscribed(self.ids.values().cloned().collect())]
    }

    fn received(&mut self, frame: Frame<'_>) -> Vec<Action> {
        let read = match frame {
            // A sign of life, which having arrived has given.
            Frame::Text(text) if text.trim().eq_ignore_ascii_case("ping") => Ok(None),
            Frame::Text(text) => self.read(text),
            other => Err(format!("it is {}", other.kind())),
        };
        match read {
            Ok(Some((id, report))) => vec![Action::Observed(id, Box::new(report))],
            Ok(None) => Vec::new(),
            Err(problem) => {
                vec![Action::Warning("bad_frame", format!("a message was ignored: {problem}"))]
            }
        }
    }

    fn forget(&mut self, id: &Id) -> Vec<Action> {
        self.ids.remove(id.as_str());
        Vec::new()
    }
}

#[cfg(test)]
#[path = "cspr_tests.rs"]
mod tests;
