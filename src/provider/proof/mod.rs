//! Proof, the on/off-ramp: REST and WebSocket.
//!
//! Facts from docs.proof.community (api-transaction, api-websocket, transaction-status, errors,
//! widget-callbacks) and, for the older WebSocket form and error bodies, docs.spendalone.tech.

mod feed;
mod record;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::json;
use super::{
    Definition, Feed, HTTP, HTTP_OR_WEBSOCKET, Id, Lookup, Pace, Provider, Reading, Secret,
    Setting, SettingKind, Settings, SingleRequest, Spec, Status,
};
use crate::wire::{Auth, BaseUrl, Request, Response, StatusClass};
use feed::ProofFeed;
use record::{Words, echoed_id, report, status};

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
            .or("tx_id"),
            Setting::optional(
                "user_id",
                SettingKind::Text,
                "whose transactions, for the dialect user_id",
            ),
        ],
        personal: ["partneruserid".to_owned()].into(),
        pace: Pace {
            interval: Duration::from_secs(5),
            safety: Duration::from_secs(60),
            quotas: Vec::new(),
        },
        id_shape: "a merchant_transaction_id: 1 to 128 letters, digits or . _ ~ - @".to_owned(),
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

    /// Ids are UUIDs in the documentation, which does not promise it. What is refused here is what would
    /// mean something else in a URL.
    fn parse_id(&self, id: &str) -> Result<Id, String> {
        const LONGEST: usize = 128;
        if id.is_empty() {
            return Err("it is empty".to_owned());
        }
        if id.len() > LONGEST {
            let length = id.chars().count();
            return Err(format!("it is {length} characters long, more than {LONGEST}"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._~-@".contains(c);
        if let Some(strange) = id.chars().find(|c| !allowed(*c)) {
            return Err(format!("it has '{}' in it", strange.escape_debug()));
        }
        if id.chars().all(|c| c == '.') {
            return Err("it is a path, not an id".to_owned());
        }
        Ok(Id::new(id))
    }

    fn build(&self, settings: &Settings) -> Result<Arc<dyn Provider>, String> {
        Ok(Arc::new(Client::new(settings, status)?))
    }

    /// The sandbox also plays endings that Proof itself does not have, so that a gate can be rehearsed with
    /// every exit code.
    fn build_for_sandbox(&self, settings: &Settings) -> Result<Arc<dyn Provider>, String> {
        let words = |word: &str| match word {
            "expired" => Status::Expired,
            "refunded" => Status::Refunded,
            word => status(word),
        };
        Ok(Arc::new(Client::new(settings, words)?))
    }
}

/// Proof behind one base address.
struct Client {
    words: Words,
    rest: BaseUrl,
    push: BaseUrl,
    /// The older WebSocket form, for all transactions of this user.
    user_id: Option<String>,
}

impl Client {
    fn new(settings: &Settings, words: Words) -> Result<Self, String> {
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
        Ok(Client { words, rest, push, user_id })
    }

    /// `wss://DOMAIN/ws?tx_id=…` with the Bearer header.
    fn current_feed(&self, id: &Id) -> ProofFeed {
        let mut url = self.push.join(&["ws"]);
        url.query_pairs_mut().append_pair("tx_id", id.as_str());
        ProofFeed::of_one(Request::get(url, Auth::Bearer), id.clone(), self.words)
    }

    /// `wss://DOMAIN/ws?token=…&user_id=…`: everything of one user.
    fn older_feed(&self, user_id: &str, ids: &[Id]) -> ProofFeed {
        let mut url = self.push.join(&["ws"]);
        url.query_pairs_mut().append_pair("user_id", user_id);
        ProofFeed::of_user(Request::get(url, Auth::query("token")), ids.to_vec(), self.words)
    }
}

impl Provider for Client {
    fn spec(&self) -> &Arc<Spec> {
        &SPEC
    }

    fn lookup(&self, ids: &[Id]) -> Box<dyn Lookup> {
        let (id, words) = (ids[0].clone(), self.words);
        let url = self.rest.join(&["widget", "transactions", id.as_str()]);
        let request = Request::get(url, Auth::Bearer);
        Box::new(SingleRequest::new(request, move |response| read(&id, response, words)))
    }

    fn feeds(&self, ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)> {
        let boxed = |feed: ProofFeed, ids: &[Id]| (Box::new(feed) as Box<dyn Feed>, ids.to_vec());
        match &self.user_id {
            Some(user_id) => vec![boxed(self.older_feed(user_id, ids), ids)],
            None => {
                let one = |id| boxed(self.current_feed(id), std::slice::from_ref(id));
                ids.iter().map(one).collect()
            }
        }
    }

    /// A payment that failed can be retried in the widget under the same id (transaction-status page).
    fn allows_reopen(&self) -> fn(Status, Status) -> bool {
        |from, to| from == Status::Failed && !matches!(to, Status::Failed | Status::Unknown)
    }
}

/// The HTTP status decides; slug and code of either generation of error bodies are only quoted.
fn read(id: &Id, response: &Response, words: Words) -> Reading {
    if response.class() == StatusClass::Success {
        return read_transaction(id, &response.body, words).unwrap_or_else(|problem| {
            Reading::Malformed(format!("its answer cannot be read: {problem}"))
        });
    }
    let error = json::error_answer(response, |body| {
        let mut words = json::texts(body, &["error", "code", "message"]);
        words.dedup();
        words
    });
    Reading::of_error(response, error.text, error.is_foreign)
}

fn read_transaction(id: &Id, body: &[u8], words: Words) -> Result<Reading, String> {
    let object = json::object(body)?;
    if echoed_id(&object)?.is_some_and(|other| other != id.as_str()) {
        return Ok(Reading::Malformed("it answered with another transaction's record".to_owned()));
    }
    Ok(Reading::Observed(Box::new(report(object, words)?)))
}

#[cfg(test)]
mod tests;
