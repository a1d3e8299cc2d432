//! Transak, an on/off-ramp: REST, and orders over Pusher Channels.
//!
//! Facts from docs.transak.com: features/websockets (application key, cluster, channels, events),
//! api/public/get-order-by-order-id, api/public/get-orders, api/public/refresh-access-token and
//! guides/how-to-create-partner-access-token; the headers
//! `x-api-key` and `x-user-ip`: guides/mandatory-security-changes.

mod answer;
mod changed_orders;
mod feed;
mod id;
mod list;
mod lookup;
mod order;
mod questions;
mod signed;
mod time;

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::json;
use super::{
    Definition, Explorer, Feed, HTTP, HTTP_OR_WEBSOCKET, Id, Listing, Lookup, Pace, Provider,
    Secret, Setting, SettingKind, Settings, SingleRequest, Spec, Status, TokenIssue,
};
use crate::error::{Failure, config, usage};
use crate::protocol::pusher::check_channel;
use crate::wire::{Auth, BaseUrl, Request, Response, StatusClass};
use answer::{error_texts, read_order};
use changed_orders::ChangedOrders;
use feed::{TransakFeed, channel};
use id::{PARTNER_PREFIX, check_id, reference};
use lookup::ReferenceLookup;

const PRODUCTION: &str = "https://api.transak.com";
const STAGING: &str = "https://api-stg.transak.com";
/// Transak's application at Pusher, the same for production and staging.
const PUSHER_KEY: &str = "1d9ffac87de599c61283";
const CLUSTER: &str = "ap2";
/// The hosts of the widget, the dashboard and the API.
const EXPLORERS: [Explorer; 6] = [
    Explorer { host: "transak.com", network: "production" },
    Explorer { host: "global.transak.com", network: "production" },
    Explorer { host: "dashboard.transak.com", network: "production" },
    Explorer { host: "api.transak.com", network: "production" },
    Explorer { host: "global-stg.transak.com", network: "staging" },
    Explorer { host: "api-stg.transak.com", network: "staging" },
];
/// The access token alone, without the name of a scheme.
const ACCESS_TOKEN: Auth = Auth::header("access-token");

/// Transak's row of the registry.
pub struct Transak;

static SPEC: LazyLock<Arc<Spec>> = LazyLock::new(|| {
    let personal = [
        "addressadditionaldata",
        "cardpaymentdata",
        "fromwalletaddress",
        "message",
        "partnercustomerid",
        "statecode",
        "useremail",
        "walletaddress",
        "walletlink",
    ];
    Arc::new(Spec {
        name: "transak".into(),
        title: "Transak".to_owned(),
        settings: settings(),
        personal: personal.map(str::to_owned).into(),
        pace: Pace {
            interval: Duration::from_secs(10),
            safety_interval: Duration::from_secs(60),
            quotas: Vec::new(),
        },
        id_shape: "an order id, or partner/REF for your own partnerOrderId: letters, digits or _ - = @ , . ;"
            .to_owned(),
        expiry: "Transak saw no payment in time. A bank transfer that is on its way may still complete the order or be \
                 refunded, and --grace waits for that. Pay again only if nothing was paid.",
        ids_per_lookup: 1,
        push_name: "pusher",
        has_account_feed: true,
        probe_id: Id::new("00000000-0000-4000-8000-000000000000"),
    })
});

fn settings() -> Vec<Setting> {
    vec![
        Setting::optional(
            "network",
            SettingKind::choice(&["production", "staging"]),
            "which hosts",
        )
        .with_default("production"),
        Setting::optional("url", SettingKind::Url(HTTP), "base of /partners/api/v2")
            .with_default("the network's host"),
        Setting::optional(
            "push_url",
            SettingKind::Url(HTTP_OR_WEBSOCKET),
            "base of /app/{pusher_key}",
        )
        .with_default("the cluster's host"),
        Setting::optional("pusher_key", SettingKind::Text, "Transak's application at Pusher")
            .with_default(PUSHER_KEY),
        Setting::optional("cluster", SettingKind::Text, "Pusher's cluster").with_default(CLUSTER),
        Setting::optional(
            "api_key",
            SettingKind::Text,
            "your API key, which REST wants beside the token; for partner/REF, --all and api_secret too",
        ),
        Setting::optional(
            "user_ip",
            SettingKind::IpAddress,
            "the user's IP address, sent as x-user-ip, which some of Transak's endpoints want",
        ),
        Setting::optional(
            "token",
            SettingKind::Secret(Secret::Token),
            "your access token, a secret; without it orders can be watched, but not asked for",
        ),
        Setting::optional(
            "api_secret",
            SettingKind::Secret(Secret::Issuer),
            "a secret for which access tokens are issued; each puts the one before it out of force, your backend's too",
        ),
    ]
}

impl Definition for Transak {
    fn spec(&self) -> Arc<Spec> {
        SPEC.clone()
    }

    fn parse_id(&self, text: &str) -> Result<Id, String> {
        check_id(text)?;
        Ok(Id::of_uuid_or(text))
    }

    fn explorers(&self) -> &'static [Explorer] {
        &EXPLORERS
    }

    fn build(&self, settings: &Settings) -> Result<Arc<dyn Provider>, String> {
        Ok(Arc::new(Client::new(settings)?))
    }
}

/// Transak at its base URLs, with a partner's API key if it is set.
struct Client {
    rest: BaseUrl,
    push: BaseUrl,
    pusher_key: String,
    api_key: Option<String>,
    user_ip: Option<IpAddr>,
}

impl Client {
    fn new(settings: &Settings) -> Result<Self, String> {
        let default = match settings.get("network") {
            Some("staging") => STAGING,
            _ => PRODUCTION,
        };
        let rest = match settings.base("url", HTTP)? {
            Some(rest) => rest,
            None => BaseUrl::parse(default, HTTP)?,
        };
        let name = |key: &str, value: &str| {
            check_channel(value)
                .map(|()| value.to_owned())
                .map_err(|error| format!("{key}: {error}"))
        };
        let cluster = name("cluster", settings.get("cluster").unwrap_or(CLUSTER))?;
        let push = match settings.base("push_url", HTTP_OR_WEBSOCKET)? {
            Some(push) => push.for_websocket(),
            None => BaseUrl::parse(&format!("wss://ws-{cluster}.pusher.com"), HTTP_OR_WEBSOCKET)?,
        };
        let pusher_key = name("pusher_key", settings.get("pusher_key").unwrap_or(PUSHER_KEY))?;
        let api_key = settings.get("api_key").map(|key| name("api_key", key)).transpose()?;
        let user_ip = settings
            .get("user_ip")
            .map(|text| text.parse().map_err(|_| format!("user_ip: '{text}' is no IP address")));
        Ok(Client { rest, push, pusher_key, api_key, user_ip: user_ip.transpose()? })
    }

    fn get(&self, last: &[&str]) -> Request {
        self.with_headers(Request::get(self.path(last), ACCESS_TOKEN))
    }

    /// The headers that Transak wants beside the token.
    fn with_headers(&self, mut request: Request) -> Request {
        let api_key = self.api_key.clone().map(|key| ("x-api-key".into(), key));
        let user_ip = self.user_ip.map(|address| ("x-user-ip".into(), address.to_string()));
        request.headers.extend([api_key, user_ip].into_iter().flatten());
        request
    }

    fn path(&self, last: &[&str]) -> url::Url {
        self.rest.join(&[&["partners", "api", "v2"], last].concat())
    }
}

impl Provider for Client {
    fn spec(&self) -> &Arc<Spec> {
        &SPEC
    }

    fn accept(&self, id: &Id) -> Result<(), Failure> {
        if id.as_str().starts_with(PARTNER_PREFIX) && self.api_key.is_none() {
            return Err(config(
                "a partnerOrderId is looked up with your API key, and there is no api_key",
            ));
        }
        let of_key = self.api_key.as_ref().and_then(|key| id.as_str().strip_prefix(key.as_str()));
        if let Some(reference) = of_key.and_then(|rest| rest.strip_prefix('_')) {
            return Err(usage(format!(
                "'{id}' is the channel of a partnerOrderId, not an order id"
            ))
            .hint(format!("write {PARTNER_PREFIX}{reference}")));
        }
        check_channel(&channel(id, self.api_key.as_deref())).map_err(|error| {
            usage(format!("'{id}' cannot be followed by push: the channel's name: {error}"))
        })
    }

    fn lookup(&self, ids: &[Id]) -> Box<dyn Lookup> {
        let id = ids[0].clone();
        if let Some(reference) = reference(&id) {
            return Box::new(ReferenceLookup::new(self.get(&["orders"]), reference));
        }
        let request = self.get(&["order", id.as_str()]);
        Box::new(SingleRequest::new(request, move |response| read_order(&id, response)))
    }

    fn feeds(&self, ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)> {
        if ids.is_empty() {
            return Vec::new();
        }
        let api_key = self.api_key.as_deref();
        let feed = TransakFeed::of_ids(&self.push, &self.pusher_key, api_key, ids);
        vec![(Box::new(feed), ids.to_vec())]
    }

    fn account_feed(&self) -> Result<Box<dyn Feed>, Failure> {
        let Some(key) = &self.api_key else {
            return Err(config(
                "all orders come on the channel of your API key, and there is no api_key",
            ));
        };
        Ok(Box::new(TransakFeed::of_account(&self.push, &self.pusher_key, key)))
    }

    fn orders_since(&self, time: Timestamp) -> Option<Box<dyn Listing>> {
        Some(Box::new(ChangedOrders::new(self.get(&["orders"]), time)))
    }

    fn token_request(&self) -> Option<Request> {
        let body = json!({ "apiKey": self.api_key.as_ref()? }).to_string();
        let request =
            Request::post(self.path(&["refresh-token"]), Auth::header("api-secret"), body);
        Some(self.with_headers(request))
    }

    fn read_token(&self, response: &Response) -> TokenIssue {
        let json::ErrorBody { text: answer, is_json } = json::error_body(response, error_texts);
        match response.class() {
            StatusClass::Success => match read_token(&response.body) {
                Some((token, expires_at)) => TokenIssue::Token(token.into(), expires_at),
                None => TokenIssue::Malformed("its answer holds no access token".to_owned()),
            },
            // A page of a firewall or a captive portal says nothing about the secret.
            _ if matches!(response.status, 400 | 402 | 403) && !is_json => {
                TokenIssue::Malformed(format!("it answered {answer}"))
            }
            StatusClass::Denied => TokenIssue::Denied(answer),
            // The response for a wrong secret is a 400.
            _ if matches!(response.status, 400 | 402) => TokenIssue::Denied(answer),
            StatusClass::Busy => TokenIssue::Busy { answer, retry_after: response.retry_after },
            _ => TokenIssue::Malformed(format!("it answered {answer}")),
        }
    }

    fn allows_reopen(&self) -> fn(Status, Status) -> bool {
        |from, to| match from {
            Status::Failed | Status::Cancelled => to == Status::Refunded,
            // A bank transfer may arrive late; the documentation does not exclude it.
            Status::Expired => matches!(to, Status::Completed | Status::Refunded),
            _ => false,
        }
    }

    fn denial_hint(&self) -> Option<&str> {
        Some(match self.api_key {
            Some(_) => {
                "the access token may not be accepted, api_key may not be the key that it belongs to, or this \
                 machine's address may not be on Transak's allow-list"
            }
            None => {
                "the access token may not be accepted, the API key is missing (set api_key), or this machine's \
                 address may not be on Transak's allow-list"
            }
        })
    }

    fn setup_hint(&self) -> Option<&str> {
        let hint = "Transak wants your API key (x-api-key) with every request beside the access token, and there is \
                    none: set api_key";
        self.api_key.is_none().then_some(hint)
    }
}

/// Reads `{"data": {"accessToken", "expiresAt": unix seconds}}`.
fn read_token(body: &[u8]) -> Option<(String, Option<Timestamp>)> {
    let object = json::object(body, &["data", "accessToken", "expiresAt"]).ok()?;
    let data = object.get("data")?.as_object()?;
    let expires_at = data.get("expiresAt").and_then(Value::as_i64);
    let expires_at = expires_at.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let token = data.get("accessToken")?.as_str().filter(|token| !token.is_empty())?;
    Some((token.to_owned(), expires_at))
}

#[cfg(test)]
mod tests;
