//! Transak: an order, or a partner's orders, by REST; the same on Pusher's channels.

use serde_json::{Value, json};

use super::{Answer, Sight};
use crate::wire::Request;

/// `…/order/{id}`, or `…/orders?…` with filters, of which the first has no status.
pub(super) fn subject(request: &Request) -> Option<(String, bool)> {
    match query(request, "filter[partnerOrderId]") {
        Some(reference) => {
            let is_first = query(request, "filter[status]").is_none();
            Some((format!("partner/{reference}"), is_first))
        }
        None => Some((request.url.path_segments()?.next_back()?.to_owned(), true)),
    }
}

fn query(request: &Request, key: &str) -> Option<String> {
    let mut pairs = request.url.query_pairs();
    pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

/// A partner's orders are asked for status by status until one is found; one that is completed is believed
/// once it is known that no other one runs.
pub(super) fn ends_look(sight: Sight<'_>, request: &Request, told: bool, before: bool) -> bool {
    let asked = query(request, "filter[status]");
    match asked.as_deref() {
        _ if !sight.target.id.starts_with("partner/") => true,
        Some("REFUNDED" | "COMPLETED") if told => true,
        Some("ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK") => told || before,
        Some("REFUNDED") => true,
        _ => told && sight.word() != "COMPLETED",
    }
}

pub(super) fn answer(sight: Sight<'_>, request: &Request) -> (Answer, Option<usize>) {
    if sight.target.id.starts_with("partner/") {
        // Without a status, some list every order and some only those that are completed.
        let asked = query(request, "filter[status]");
        let hides = asked.is_none() && sight.scene.older && sight.word() != "COMPLETED";
        let is_listed = asked.is_none_or(|status| status == sight.word()) && !hides;
        let told = sight.step.is_some() && is_listed;
        let listed: Vec<Value> = told.then(|| answered(sight)).into_iter().collect();
        let step = sight.step.filter(|_| told);
        return ((200, json!({ "meta": { "limit": 100 }, "data": listed })), step);
    }
    let answer = if sight.step.is_some() {
        (200, json!({ "meta": { "orderId": sight.target.id }, "data": answered(sight) }))
    } else {
        let error =
            json!({ "statusCode": 400, "name": "Bad Request", "message": "Order not found" });
        (400, json!({ "error": error }))
    };
    (answer, sight.step)
}

fn answered(sight: Sight<'_>) -> Value {
    let mut order = order(sight);
    order["updatedAt"] = sight.told(sight.changed()).into();
    order
}

/// The name of an event says nothing: all bad endings have the same.
pub(super) fn message(sight: Sight<'_>) -> Value {
    let mut order = order(sight);
    order["updatedAt"] = sight.exact(sight.changed()).into();
    let data = if sight.scene.older {
        json!({ "webhookData": order }).to_string()
    } else {
        order.to_string()
    };
    let channel = channel(&sight.target.id);
    json!({ "event": "ORDER_FAILED", "channel": channel, "data": data })
}

fn order(sight: Sight<'_>) -> Value {
    let reference = sight.target.id.strip_prefix("partner/");
    let id = reference.map_or(sight.target.id.clone(), |reference| format!("id-of-{reference}"));
    json!({
        "id": id,
        "partnerOrderId": reference,
        "isBuyOrSell": "BUY",
        "status": sight.word(),
        "fiatAmount": 100,
        "createdAt": sight.told(sight.created()),
    })
}

/// The name of an order's channel.
pub(in super::super) fn channel(id: &str) -> String {
    id.strip_prefix("partner/").map_or(id.to_owned(), |reference| format!("key_{reference}"))
}

/// The first word of a Pusher server.
pub(in super::super) fn welcome() -> String {
    let data = r#"{"socket_id":"1.1","activity_timeout":120}"#;
    json!({ "event": "pusher:connection_established", "data": data }).to_string()
}

/// Its answer to a subscription.
pub(in super::super) fn subscribed(channel: &str) -> String {
    json!({ "event": "pusher_internal:subscription_succeeded", "channel": channel, "data": "{}" })
        .to_string()
}

/// Its answer to a ping.
pub(in super::super) fn pong() -> String {
    json!({ "event": "pusher:pong", "data": "{}" }).to_string()
}
