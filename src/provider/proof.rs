//! Proof, the on/off-ramp: REST and WebSocket.
//!
//! Facts from docs.proof.community (api-transaction, api-websocket, transaction-status, errors,
//! widget-callbacks) and, for the older WebSocket form and error bodies, docs.spendalone.tech.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::{
    Action, Feed, Frame, Id, NOT_JSON, Pace, Provider, Reading, Secret, Setting, SettingKind,
    Settings, Spec, Unit, json,
};
use crate::lifecycle::{Kind, Report, Status, Transaction};
use crate::wire::{Auth, Base, Request, Response};

const HTTP: &[&str] = &["http", "https"];
const ANY: &[&str] = &["http", "https", "ws", "wss"];

/// What is fixed about Proof.
pub(super) static SPEC: Spec = Spec {
    name: "proof",
    title: "Proof",
    settings: &[
        Setting::required("url", SettingKind::Url(HTTP), "base of /widget/transactions/{id}"),
        Setting::optional("push_url", SettingKind::Url(ANY), "base of /ws").following_url(),
        Setting::required(
            "token",
            SettingKind::Secret(Secret::Token),
            "the client_token, a secret",
        ),
        Setting::optional(
            "dialect",
            SettingKind::Choice(&["tx_id", "user_id"]),
            "form of the WebSocket",
        )
        .or("tx_id"),
        Setting::optional(
            "user_id",
            SettingKind::Text,
            "whose transactions, for the dialect user_id",
        ),
    ],
    personal: &["partneruserid"],
    pace: Pace { interval: Duration::from_secs(5), safety: Duration::from_secs(60), quotas: &[] },
    id_shape: "a merchant_transaction_id: 1 to 128 letters, digits or . _ ~ - @",
    account: false,
    probe_id: "00000000-0000-4000-8000-000000000000",
    check_id,
    canonical: str::to_owned,
    cost: Unit::Fiat,
    build: |settings| Ok(Arc::new(Proof::new(settings)?)),
};

/// Ids are UUIDs in the documentation, which does not promise it. What is refused here is what would
/// mean something else in a URL.
fn check_id(id: &str) -> Result<(), String> {
    const LONGEST: usize = 128;
    if id.is_empty() {
        return Err("it is empty".to_owned());
    }
    if id.len() > LONGEST {
        return Err(format!("it is {} characters long, more than {LONGEST}", id.chars().count()));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._~-@".contains(c);
    if let Some(strange) = id.chars().find(|c| !allowed(*c)) {
        return Err(format!("it has '{}' in it", strange.escape_debug()));
    }
    if id.chars().all(|c| c == '.') {
        return Err("it is a path, not an id".to_owned());
    }
    Ok(())
}

/// What the sandbox's Proof is. It also plays endings that Proof itself does not have, so that a gate can
/// be rehearsed with every exit code.
pub(super) fn rehearsal(settings: &Settings) -> Result<Arc<dyn Provider>, String> {
    let words = |word: &str| match word {
        "expired" => Status::Expired,
        "refunded" => Status::Refunded,
        word => status(word),
    };
    Ok(Arc::new(Proof { words, ..Proof::new(settings)? }))
}

/// Proof behind one base address.
struct Proof {
    words: fn(&str) -> Status,
    rest: Base,
    push: Base,
    /// The older WebSocket form, for all transactions of this user.
    user_id: Option<String>,
}

impl Proof {
    fn new(settings: &Settings) -> Result<Self, String> {
        let rest = settings.base("url", HTTP)?.ok_or("url is missing")?;
        let push = settings.base("push_url", ANY)?.unwrap_or_else(|| rest.clone()).for_websocket();
        let user_id = match settings.get("dialect") {
            Some("user_id") => {
                let user =
                    settings.get("user_id").ok_or("dialect user_id needs the setting user_id")?;
                Some(user.to_owned())
            }
            _ => None,
        };
        Ok(Proof { words: status, rest, push, user_id })
    }

    /// `wss://DOMAIN/ws?tx_id=…` with the Bearer header.
    fn current_feed(&self, id: &Id) -> ProofFeed {
        let mut url = self.push.join(&["ws"]);
        url.query_pairs_mut().append_pair("tx_id", id.as_str());
        ProofFeed {
            words: self.words,
            request: Request::get(url, Auth::Bearer),
            ids: vec![id.clone()],
            shared: false,
        }
    }

    /// `wss://DOMAIN/ws?token=…&user_id=…`: everything of one user.
    fn older_feed(&self, user_id: &str, ids: &[Id]) -> ProofFeed {
        let mut url = self.push.join(&["ws"]);
        url.query_pairs_mut().append_pair("user_id", user_id);
        ProofFeed {
            words: self.words,
            request: Request::get(url, Auth::Query("token")),
            ids: ids.to_vec(),
            shared: true,
        }
    }

    fn read_transaction(&self, id: &Id, body: &[u8]) -> Reading {
        let object = match json::object(body) {
            Ok(object) => object,
            Err(problem) => return Reading::Bad(format!("its answer cannot be read: {problem}")),
        };
        match echoed_id(&object) {
            Ok(Some(other)) if other != id.as_str() => {
                return Reading::Bad("it answered with another transaction's record".to_owned());
            }
            Ok(_) => {}
            Err(problem) => return Reading::Bad(format!("its answer cannot be read: {problem}")),
        }
        match report(object, self.words) {
            Ok(report) => Reading::Observed(Box::new(report)),
            Err(problem) => Reading::Bad(format!("its answer cannot be read: {problem}")),
        }
    }
}

impl Provider for Proof {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn snapshots(&self, id: &Id, _now: Timestamp) -> Vec<Request> {
        let url = self.rest.join(&["widget", "transactions", id.as_str()]);
        vec![Request::get(url, Auth::Bearer)]
    }

    /// The HTTP status decides; slug and code of either generation of error bodies are only told.
    fn read(&self, id: &Id, response: &Response, _now: Timestamp) -> Reading {
        match response.status {
            200..=299 => self.read_transaction(id, &response.body),
            401 | 403 => Reading::Denied(describe(response)),
            404 => Reading::NotFound(describe(response)),
            408 | 425 | 429 | 500..=599 => Reading::Busy(describe(response)),
            _ => Reading::Bad(format!("it answered {}", describe(response))),
        }
    }

    fn feeds(&self, ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)> {
        let with_ids = |feed: ProofFeed| {
            let ids = feed.ids.clone();
            (Box::new(feed) as Box<dyn Feed>, ids)
        };
        match &self.user_id {
            Some(user_id) => vec![with_ids(self.older_feed(user_id, ids))],
            None => ids.iter().map(|id| with_ids(self.current_feed(id))).collect(),
        }
    }

    fn push_name(&self) -> &'static str {
        "websocket"
    }

    /// A payment that failed can be retried in the widget under the same id (transaction-status page).
    fn revives(&self) -> fn(Status, Status) -> bool {
        |from, to| from == Status::Failed && !matches!(to, Status::Failed | Status::Unknown)
    }
}

/// `401 (unauthorised: invalid_token)`, whatever generation the body is of.
fn describe(response: &Response) -> String {
    let Ok(body) = json::object(&response.body) else {
        return format!("{} {NOT_JSON}; is the url right?", response.status);
    };
    let mut words: Vec<String> =
        ["error", "code", "message"].iter().filter_map(|key| json::text(&body, key)).collect();
    words.dedup();
    if words.is_empty() {
        response.status.to_string()
    } else {
        format!("{} ({})", response.status, words.join(": "))
    }
}

/// Reads a transaction in the shape that REST, WebSocket and webhooks share. Any field but the status
/// may be missing, empty or new.
fn report(object: Map<String, Value>, words: fn(&str) -> Status) -> Result<Report, String> {
    let word = match object.get("status") {
        Some(Value::String(word)) if !word.is_empty() => word.clone(),
        Some(Value::String(_)) => return Err("its status is empty".to_owned()),
        Some(other) => return Err(format!("its status is {}, not a word", json::kind(other))),
        None => return Err("it has no status".to_owned()),
    };
    let text = |key| json::text(&object, key);
    let changed = text("occurred_at").or_else(|| text("updated_at"));
    let status = words(&word);
    Ok(Report {
        status,
        word,
        occurred_at: changed.as_deref().and_then(time),
        detail: meaning(status).map(str::to_owned),
        attempt: None,
        history: Vec::new(),
        transaction: Transaction {
            kind: match text("type").as_deref() {
                Some("buy") => Some(Kind::Buy),
                Some("sell") => Some(Kind::Sell),
                _ => None,
            },
            fiat_amount: text("fiat_amount"),
            fiat_currency: text("fiat_currency"),
            crypto_amount: text("crypto_amount"),
            crypto_currency: text("currency"),
            network: text("network"),
            created_at: text("created_at"),
            updated_at: changed,
            ..Transaction::default()
        },
        data: Some(Value::Object(object)),
    })
}

/// The id that a record is about. It may be missing, but not be something else.
fn echoed_id(object: &Map<String, Value>) -> Result<Option<String>, String> {
    const KEY: &str = "merchant_transaction_id";
    match object.get(KEY) {
        Some(other @ (Value::Array(_) | Value::Object(_) | Value::Bool(_))) => {
            Err(format!("its {KEY} is {}", json::kind(other)))
        }
        _ => Ok(json::text(object, KEY)),
    }
}

/// The five documented words, and the widget's.
fn status(word: &str) -> Status {
    match word {
        "pending" | "new" => Status::Pending,
        "processing" | "paid" => Status::Processing,
        "completed" => Status::Completed,
        "failed" | "order_failed" => Status::Failed,
        "cancelled" => Status::Cancelled,
        _ => Status::Unknown,
    }
}

fn meaning(status: Status) -> Option<&'static str> {
    match status {
        Status::Pending => Some("waiting for the card processor"),
        Status::Processing => Some("paid, being delivered"),
        Status::Completed => Some("delivered"),
        Status::Failed => Some("the payment or its processing failed"),
        Status::Cancelled => Some("cancelled by the user in the widget"),
        _ => None,
    }
}

/// ISO 8601; a time without an offset is UTC, as all of Proof's are documented to be.
fn time(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

/// The WebSocket. Nothing is ever sent on it; `tx.update` is the only documented event.
struct ProofFeed {
    words: fn(&str) -> Status,
    request: Request,
    ids: Vec<Id>,
    /// Whether the connection also carries transactions that are not ours.
    shared: bool,
}

impl ProofFeed {
    fn find(&self, id: Option<&str>) -> Option<Id> {
        match id {
            Some(id) => self.ids.iter().find(|known| known.as_str() == id).cloned(),
            // The connection is for one transaction; the id in its messages is an echo.
            None if !self.shared => self.ids.first().cloned(),
            None => None,
        }
    }

    fn read(&self, text: &str) -> Result<Option<(Id, Report)>, String> {
        let object = json::object(text.as_bytes())?;
        if object.get("event").and_then(Value::as_str) != Some("tx.update") {
            return Ok(None);
        }
        let echo = echoed_id(&object)?;
        match self.find(echo.as_deref()) {
            Some(id) => Ok(Some((id, report(object, self.words)?))),
            None if self.shared && echo.is_some() => Ok(None),
            None => Err("it is about another transaction".to_owned()),
        }
    }
}

impl Feed for ProofFeed {
    fn request(&self) -> Request {
        self.request.clone()
    }

    /// The subscription is in the URL, and the upgrade has accepted it.
    fn opened(&mut self) -> Vec<Action> {
        vec![Action::Live, Action::Subscribed(self.ids.clone())]
    }

    fn received(&mut self, frame: Frame<'_>) -> Vec<Action> {
        let read = match frame {
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
        self.ids.retain(|known| known != id);
        Vec::new()
    }
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
