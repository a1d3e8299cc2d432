//! Proof, an on/off-ramp: REST and WebSocket.
//!
//! Facts from docs.proof.community (api-transaction, api-websocket, transaction-status, errors,
//! widget-callbacks) and, for the older WebSocket form and error bodies, docs.spendalone.tech.

mod feed;
mod record;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::{Map, Value};

use super::json;
use super::{
    Definition, Feed, HTTP, HTTP_OR_WEBSOCKET, Id, Lookup, Pace, Provider, Reading, Secret,
    Setting, SettingKind, Settings, SingleRequest, Spec, Status,
};
use crate::wire::{Auth, BaseUrl, Request, Response, StatusClass};
use feed::ProofFeed;
use record::{DECIDING, StatusMapping, map_status, read_report, transaction_id};

/// Proof's row of the registry.
pub struct Proof;

static SPEC: LazyLock<Arc<Spec>> = LazyLock::new(|| {
    Arc::new(Spec {
        name: "proof".into(),
        title: "Proof".to_owned(),
        settings: vec![
            Setting::required("url", SettingKind::Url(HTTP), "base of /widget/transactions/{id}"),
            Setting::optional("push_url", SettingKind::Url(HTTP_OR_WEBSOCKET), "base of /ws")
                .following_url(),
            Setting::required(
                "token",
                SettingKind::Secret(Secret::Token),
                "the client_token, a secret",
            ),
            Setting::optional(
                "dialect",
                SettingKind::choice(&["tx_id", "user_id"]),
                "form of the WebSocket",
            )
            .with_default("tx_id"),
            Setting::optional(
                "user_id",
                SettingKind::Text,
                "whose transactions, for the dialect user_id",
            ),
        ],
        personal: ["partneruserid".to_owned()].into(),
        pace: Pace {
            interval: Duration::from_secs(5),
            safety_interval: Duration::from_secs(60),
            quotas: Vec::new(),
        },
        id_shape: "a merchant_transaction_id: 1 to 128 letters, digits or . _ ~ - @".to_owned(),
        expiry: "Proof has no such status: what was not paid stays pending, or fails. A failed payment may be tried \
                 again by the customer under the same id.",
        ids_per_lookup: 1,
        push_name: "websocket",
        has_account_feed: false,
        probe_id: Id::new("00000000-0000-4000-8000-000000000000"),
    })
});

impl Definition for Proof {
    fn spec(&self) -> Arc<Spec> {
        SPEC.clone()
    }

    /// The documentation's ids are UUIDs, but it does not say that all are. Only what would change the meaning of a
    /// URL is rejected.
    fn parse_id(&self, id: &str) -> Result<Id, String> {
        const MAX_LENGTH: usize = 128;
        if id.is_empty() {
            return Err("it is empty".to_owned());
        }
        if id.len() > MAX_LENGTH {
            let length = id.chars().count();
            return Err(format!("it is {length} characters long, more than {MAX_LENGTH}"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._~-@".contains(c);
        if let Some(invalid) = id.chars().find(|c| !allowed(*c)) {
            return Err(format!("it has '{}' in it", invalid.escape_debug()));
        }
        if id.chars().all(|c| c == '.') {
            return Err("it is a path, not an id".to_owned());
        }
        Ok(Id::of_uuid_or(id))
    }

    fn build(&self, settings: &Settings) -> Result<Arc<dyn Provider>, String> {
        Ok(Arc::new(Client::new(settings, map_status)?))
    }

    /// The sandbox also has statuses that Proof itself does not have, so that every exit code can be rehearsed.
    fn build_for_sandbox(&self, settings: &Settings) -> Result<Arc<dyn Provider>, String> {
        let status_mapping = |provider_status: &str| match provider_status {
            "expired" => Status::Expired,
            "refunded" => Status::Refunded,
            provider_status => map_status(provider_status),
        };
        Ok(Arc::new(Client::new(settings, status_mapping)?))
    }
}

/// Proof at its base URLs.
struct Client {
    status_mapping: StatusMapping,
    rest: BaseUrl,
    push: BaseUrl,
    /// Set for the older form of the WebSocket: the user whose transactions are pushed.
    user_id: Option<String>,
}

impl Client {
    fn new(settings: &Settings, status_mapping: StatusMapping) -> Result<Self, String> {
        let rest = settings.base("url", HTTP)?.ok_or("url is missing")?;
        let push = settings.base("push_url", HTTP_OR_WEBSOCKET)?;
        let push = push.unwrap_or_else(|| rest.clone()).for_websocket();
        let user_id = match settings.get("dialect") {
            Some("user_id") => {
                let user =
                    settings.get("user_id").ok_or("dialect user_id needs the setting user_id")?;
                Some(user.to_owned())
            }
            _ => None,
        };
        Ok(Client { status_mapping, rest, push, user_id })
    }

    /// `wss://DOMAIN/ws?tx_id=…` with the Bearer header: one transaction.
    fn feed_of_transaction(&self, id: &Id) -> ProofFeed {
        let mut url = self.push.join(&["ws"]);
        url.query_pairs_mut().append_pair("tx_id", id.as_str());
        ProofFeed::for_transaction(Request::get(url, Auth::Bearer), id.clone(), self.status_mapping)
    }

    /// `wss://DOMAIN/ws?token=…&user_id=…`: all transactions of a user.
    fn feed_of_user(&self, user_id: &str, ids: &[Id]) -> ProofFeed {
        let mut url = self.push.join(&["ws"]);
        url.query_pairs_mut().append_pair("user_id", user_id);
        ProofFeed::for_user(
            Request::get(url, Auth::query("token")),
            ids.to_vec(),
            self.status_mapping,
        )
    }
}

impl Provider for Client {
    fn spec(&self) -> &Arc<Spec> {
        &SPEC
    }

    fn lookup(&self, ids: &[Id]) -> Box<dyn Lookup> {
        let (id, status_mapping) = (ids[0].clone(), self.status_mapping);
        let url = self.rest.join(&["widget", "transactions", id.as_str()]);
        let request = Request::get(url, Auth::Bearer);
        Box::new(SingleRequest::new(request, move |response| read(&id, response, status_mapping)))
    }

    fn feeds(&self, ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)> {
        let boxed = |feed: ProofFeed, ids: &[Id]| (Box::new(feed) as Box<dyn Feed>, ids.to_vec());
        match &self.user_id {
            Some(user_id) => vec![boxed(self.feed_of_user(user_id, ids), ids)],
            None => {
                let one = |id| boxed(self.feed_of_transaction(id), std::slice::from_ref(id));
                ids.iter().map(one).collect()
            }
        }
    }

    fn denial_hint(&self) -> Option<&str> {
        Some("a 403 may mean that this machine's address is not on Proof's allow-list")
    }

    /// As long as the init token is valid: an hour (api-session page of the older documentation).
    fn retry_window(&self, ending: Status) -> Option<Duration> {
        (ending == Status::Failed).then_some(Duration::from_secs(60 * 60))
    }

    /// A failed payment can be retried in the widget under the same id (transaction-status page).
    fn allows_reopen(&self) -> fn(Status, Status) -> bool {
        |from, to| from == Status::Failed && !matches!(to, Status::Failed | Status::Unknown)
    }
}

/// The HTTP status decides, but for a 404; the texts of both forms of error bodies are only quoted.
fn read(id: &Id, response: &Response, status_mapping: StatusMapping) -> Reading {
    if response.class() == StatusClass::Success {
        let body = match json::object(&response.body, DECIDING) {
            Ok(body) => body,
            Err(unreadable) => return unreadable.into(),
        };
        if let Some(error) = json::error_in_success(response, &body, "status", error_texts) {
            return error;
        }
        return read_transaction(id, body, status_mapping).unwrap_or_else(|problem| {
            Reading::Malformed(format!("its answer cannot be read: {problem}"))
        });
    }
    json::error_reading(response, says_unknown, error_texts)
}

/// Whether the body of a 404 is Proof's own about an id (errors page): `{"error": "not_found", "code": "not_found"}`, in
/// the older form `{"error": "transaction_not_found"}`.
fn says_unknown(body: &Map<String, Value>) -> bool {
    let message = json::text(body, "message").unwrap_or_default();
    let is_slug = |key| {
        json::text(body, key)
            .is_some_and(|slug| matches!(&*slug, "not_found" | "transaction_not_found"))
    };
    is_slug("error") && !json::is_about_path(&message)
}

/// The texts of an error, in both forms of the documentation, or in an object as gateways write it.
fn error_texts(body: &Map<String, Value>) -> Vec<String> {
    let fields = match body.get("error") {
        Some(Value::Object(error)) => error,
        _ => body,
    };
    let mut texts = json::texts(fields, &["error", "code", "message"]);
    texts.dedup();
    texts
}

fn read_transaction(
    id: &Id,
    object: Map<String, Value>,
    status_mapping: StatusMapping,
) -> Result<Reading, String> {
    let answered =
        transaction_id(&object)?.ok_or("it does not say which transaction it is about")?;
    if !id.is(&answered) {
        return Ok(Reading::Malformed("it answered with another transaction's record".to_owned()));
    }
    Ok(Reading::Observed(Box::new(read_report(object, status_mapping)?)))
}

#[cfg(test)]
mod tests;
