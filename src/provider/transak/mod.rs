//! Transak, the on/off-ramp: REST, and orders over Pusher Channels.
//!
//! Facts from docs.transak.com: features/websockets (application key, cluster, channels, events),
//! api/public/get-order-by-order-id, api/public/get-orders, api/public/refresh-access-token and
//! guides/how-to-create-partner-access-token.

mod feed;
mod order;

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};

use super::pusher::check_channel;
use super::{
    Feed, Id, Issued, NOT_JSON, Pace, Provider, Reading, Secret, Setting, SettingKind, Settings,
    Spec, Unit, json,
};
use crate::error::{Failure, config, usage};
use crate::lifecycle::{Report, Status};
use crate::wire::{Auth, Base, Request, Response};
use feed::{TransakFeed, channel};
use order::Order;

const HTTP: &[&str] = &["http", "https"];
const ANY: &[&str] = &["http", "https", "ws", "wss"];
const PRODUCTION: &str = "https://api.transak.com";
const STAGING: &str = "https://api-stg.transak.com";
/// Transak's application at Pusher; one for production and staging.
const PUSHER_KEY: &str = "1d9ffac87de599c61283";
const CLUSTER: &str = "ap2";
/// Where the access token goes, bare.
const ACCESS_TOKEN: Auth = Auth::Header("access-token");
/// The words of orders that may still end in any way.
const RUNNING: &[&str] = &[
    "PENDING_DELIVERY_FROM_TRANSAK",
    "PROCESSING",
    "PAYMENT_DONE_MARKED_BY_USER",
    "AWAITING_PAYMENT_FROM_USER",
    "ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK",
];
/// The words of orders that came to their end.
const ENDED: &[&str] = &["COMPLETED", "FAILED", "CANCELLED", "EXPIRED", "REFUNDED"];
/// What goes before a partner's own reference in an id.
const PARTNER: &str = "partner/";

/// What is fixed about Transak.
pub(super) static SPEC: Spec = Spec {
    name: "transak",
    title: "Transak",
    settings: &[
        Setting::optional(
            "network",
            SettingKind::Choice(&["production", "staging"]),
            "which hosts",
        )
        .or("production"),
        Setting::optional("url", SettingKind::Url(HTTP), "base of /partners/api/v2")
            .or("the network's host"),
        Setting::optional("push_url", SettingKind::Url(ANY), "base of /app/{pusher_key}")
            .or("the cluster's host"),
        Setting::optional("pusher_key", SettingKind::Text, "Transak's application at Pusher")
            .or(PUSHER_KEY),
        Setting::optional("cluster", SettingKind::Text, "Pusher's cluster").or(CLUSTER),
        Setting::optional(
            "api_key",
            SettingKind::Text,
            "your API key, for partner/REF, --all and api_secret",
        ),
        Setting::optional(
            "token",
            SettingKind::Secret(Secret::Token),
            "your access token, a secret; without it orders can be watched, but not asked for",
        ),
        Setting::optional(
            "api_secret",
            SettingKind::Secret(Secret::Issuer),
            "a secret for which access tokens are issued when one is missing, near its end or refused",
        ),
    ],
    personal: &[
        "addressadditionaldata",
        "cardpaymentdata",
        "fromwalletaddress",
        "message",
        "partnercustomerid",
        "statecode",
        "useremail",
        "walletaddress",
        "walletlink",
    ],
    pace: Pace { interval: Duration::from_secs(10), safety: Duration::from_secs(60), quotas: &[] },
    id_shape: "an order id, or partner/REF for your own partnerOrderId: letters, digits or _ - = @ , . ;",
    account: true,
    probe_id: "00000000-0000-4000-8000-000000000000",
    check_id,
    canonical: str::to_owned,
    cost: Unit::Fiat,
    build: |settings| Ok(Arc::new(Transak::new(settings)?)),
};

/// An id is the name of a channel, or the end of one.
fn check_id(id: &str) -> Result<(), String> {
    let name = id.strip_prefix(PARTNER).unwrap_or(id);
    check_channel(name)?;
    if name.chars().all(|c| c == '.') { Err("it is a path, not an id".to_owned()) } else { Ok(()) }
}

/// Transak behind its addresses, and behind a partner's API key if there is one.
struct Transak {
    rest: Base,
    push: Base,
    pusher_key: String,
    api_key: Option<String>,
}

impl Transak {
    fn new(settings: &Settings) -> Result<Self, String> {
        let default = match settings.get("network") {
            Some("staging") => STAGING,
            _ => PRODUCTION,
        };
        let rest = match settings.base("url", HTTP)? {
            Some(rest) => rest,
            None => Base::parse(default, HTTP)?,
        };
        let name = |key: &str, value: &str| {
            check_channel(value)
                .map(|()| value.to_owned())
                .map_err(|error| format!("{key}: {error}"))
        };
        let cluster = name("cluster", settings.get("cluster").unwrap_or(CLUSTER))?;
        let push = match settings.base("push_url", ANY)? {
            Some(push) => push.for_websocket(),
            None => Base::parse(&format!("wss://ws-{cluster}.pusher.com"), ANY)?,
        };
        let pusher_key = name("pusher_key", settings.get("pusher_key").unwrap_or(PUSHER_KEY))?;
        let api_key = settings.get("api_key").map(|key| name("api_key", key)).transpose()?;
        Ok(Transak { rest, push, pusher_key, api_key })
    }

    fn path(&self, last: &[&str]) -> url::Url {
        self.rest.join(&[&["partners", "api", "v2"], last].concat())
    }

    /// The orders with a partner's reference. Every filter is explicit, for the defaults hide what runs,
    /// what is sold and what is old. The documentation says that without a status only completed orders
    /// are listed, and integrators say that all are; so each status is asked for once the open question
    /// found nothing, or nothing but a completed order.
    fn list(&self, reference: &str, now: Timestamp) -> Vec<Request> {
        let day = |days: i64| {
            let time = now.checked_add(Span::new().hours(24 * days)).unwrap_or(now);
            time.to_zoned(TimeZone::UTC).date().to_string()
        };
        let request = |status: Option<&str>| {
            let mut url = self.path(&["orders"]);
            url.query_pairs_mut()
                .append_pair("limit", "100")
                .append_pair("skip", "0")
                .append_pair("startDate", &day(-2 * 365))
                .append_pair("endDate", &day(1))
                .append_pair("filter[productsAvailed]", r#"["BUY","SELL"]"#)
                .append_pair("filter[sortOrder]", "desc")
                .append_pair("filter[partnerOrderId]", reference);
            if let Some(status) = status {
                url.query_pairs_mut().append_pair("filter[status]", status);
            }
            Request::get(url, ACCESS_TOKEN)
        };
        let statuses = RUNNING.iter().chain(ENDED).copied().map(Some);
        std::iter::once(None).chain(statuses).map(request).collect()
    }
}

impl Provider for Transak {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn accept(&self, id: &Id) -> Result<(), Failure> {
        if id.as_str().starts_with(PARTNER) && self.api_key.is_none() {
            return Err(config(
                "a partnerOrderId is looked up with your API key, and there is no api_key",
            ));
        }
        let of_key = self.api_key.as_ref().and_then(|key| id.as_str().strip_prefix(key.as_str()));
        if let Some(reference) = of_key.and_then(|rest| rest.strip_prefix('_')) {
            return Err(usage(format!(
                "'{id}' is the channel of a partnerOrderId, not an order id"
            ))
            .hint(format!("write {PARTNER}{reference}")));
        }
        check_channel(&channel(id, self.api_key.as_deref())).map_err(|error| {
            usage(format!("'{id}' cannot be followed by push: the channel's name: {error}"))
        })
    }

    fn snapshots(&self, id: &Id, now: Timestamp) -> Vec<Request> {
        match id.as_str().strip_prefix(PARTNER) {
            Some(reference) => self.list(reference, now),
            None => vec![Request::get(self.path(&["order", id.as_str()]), ACCESS_TOKEN)],
        }
    }

    /// An unknown order is a 400 whose message says so.
    fn read(&self, id: &Id, response: &Response, _now: Timestamp) -> Reading {
        let told = describe(response);
        match response.status {
            200..=299 => read_body(id, &response.body).unwrap_or_else(|problem| {
                Reading::Bad(format!("its answer cannot be read: {problem}"))
            }),
            400 if told.to_ascii_lowercase().contains("order not found") => Reading::NotFound(told),
            404 if !told.contains(NOT_JSON) => Reading::NotFound(told),
            401 | 403 => Reading::Denied(told),
            408 | 425 | 429 | 500..=599 => Reading::Busy(told),
            _ => Reading::Bad(format!("it answered {told}")),
        }
    }

    /// A completed order may hide one that runs, if the open question listed only completed ones.
    fn places_to_ask(&self, id: &Id, found: &Report) -> usize {
        let hides = id.as_str().starts_with(PARTNER) && found.status == Status::Completed;
        if hides { 1 + RUNNING.len() } else { 0 }
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

    fn issue(&self) -> Option<Request> {
        let body = json!({ "apiKey": self.api_key.as_ref()? }).to_string();
        Some(Request::post(self.path(&["refresh-token"]), Auth::Header("api-secret"), body))
    }

    fn issued(&self, response: &Response) -> Issued {
        let told = describe(response);
        match response.status {
            200..=299 => match read_token(&response.body) {
                Some((token, expires_at)) => Issued::Token(token.into(), expires_at),
                None => Issued::Bad("its answer holds no access token".to_owned()),
            },
            // A wrong secret is a 400.
            400..=403 => Issued::Denied(told),
            408 | 425 | 429 | 500..=599 => Issued::Busy(told),
            _ => Issued::Bad(format!("it answered {told}")),
        }
    }

    fn push_name(&self) -> &'static str {
        "pusher"
    }

    fn revives(&self) -> fn(Status, Status) -> bool {
        |from, to| matches!(from, Status::Failed | Status::Cancelled) && to == Status::Refunded
    }
}

/// `400 (Bad Request: Order not found)`.
fn describe(response: &Response) -> String {
    let Ok(body) = json::object(&response.body) else {
        return format!("{} {NOT_JSON}; is the url right?", response.status);
    };
    let words: Vec<String> = match body.get("error") {
        Some(Value::Object(error)) => {
            ["name", "message"].iter().filter_map(|key| json::text(error, key)).collect()
        }
        Some(Value::String(error)) => vec![error.clone()],
        _ => json::text(&body, "message").into_iter().collect(),
    };
    if words.is_empty() {
        response.status.to_string()
    } else {
        format!("{} ({})", response.status, words.join(": "))
    }
}

/// `{"meta", "data": order}`, or for a reference `{"meta", "data": [order…]}`.
fn read_body(id: &Id, body: &[u8]) -> Result<Reading, String> {
    let mut object = json::object(body)?;
    let data = object.remove("data").ok_or("it has no data")?;
    let order = match id.as_str().strip_prefix(PARTNER) {
        Some(reference) => match newest(data, reference)? {
            Some(order) => order,
            None => return Ok(Reading::NotFound("no order has this partnerOrderId".to_owned())),
        },
        None => Order::of(data)?,
    };
    let echoed = || json::text(object.get("meta")?.as_object()?, "orderId");
    let is_other = |other: String| !id.as_str().starts_with(PARTNER) && other != id.as_str();
    if order.id().or_else(echoed).is_some_and(is_other) {
        return Err("it is about another order".to_owned());
    }
    let report = if id.as_str().starts_with(PARTNER) {
        order.report_of_attempt()?
    } else {
        order.report()?
    };
    Ok(Reading::Observed(Box::new(report)))
}

/// A user who begins again makes a new order with the same reference; the newest one counts. A server
/// that does not know the filter lists other orders too.
fn newest(data: Value, reference: &str) -> Result<Option<Order>, String> {
    let Value::Array(orders) = data else {
        return Err(format!("its data is {}, not a list of orders", json::kind(&data)));
    };
    let orders = orders.into_iter().map(Order::of).collect::<Result<Vec<_>, _>>()?;
    let mine = orders.into_iter().filter(|order| order.reference().as_deref() == Some(reference));
    Ok(mine.max_by_key(Order::created))
}

/// `{"data": {"accessToken", "expiresAt": unix seconds}}`.
fn read_token(body: &[u8]) -> Option<(String, Option<Timestamp>)> {
    let object = json::object(body).ok()?;
    let data = object.get("data")?.as_object()?;
    let expires_at = data.get("expiresAt").and_then(Value::as_i64);
    let expires_at = expires_at.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let token = data.get("accessToken")?.as_str().filter(|token| !token.is_empty())?;
    Some((token.to_owned(), expires_at))
}

#[cfg(test)]
mod tests;
