//! Transak: an order, or a partner's orders, by REST; the same on Pusher's channels.

use serde_json::{Value, json};

use super::{Answer, Snapshot};
use txwatch::wire::Request;

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
pub(super) fn ends_look(
    snapshot: Snapshot<'_>,
    request: &Request,
    told: bool,
    before: bool,
) -> bool {
    let asked = query(request, "filter[status]");
    match asked.as_deref() {
        _ if !snapshot.target.id.starts_with("partner/") => true,
        Some("REFUNDED" | "COMPLETED") if told => true,
        Some("ON_HOLD_PENDING_DELIVERY_FROM_TRANSAK") => told || before,
        Some("REFUNDED") => true,
        _ => told && snapshot.word() != "COMPLETED",
    }
}

pub(super) fn answer(snapshot: Snapshot<'_>, request: &Request) -> (Answer, Option<usize>) {
    if snapshot.target.id.starts_with("partner/") {
        // Without a status, some list every order and some only those that are completed.
        let asked = query(request, "filter[status]");
        let hides = asked.is_none() && snapshot.scene.older && snapshot.word() != "COMPLETED";
        let is_listed = asked.is_none_or(|status| status == snapshot.word()) && !hides;
        let told = snapshot.step.is_some() && is_listed;
        let listed: Vec<Value> = told.then(|| answered(snapshot)).into_iter().collect();
        let step = snapshot.step.filter(|_| told);
        return ((200, json!({ "meta": { "limit": 100 }, "data": listed })), step);
    }
    let answer = if snapshot.step.is_some() {
        (200, json!({ "meta": { "orderId": snapshot.target.id }, "data": answered(snapshot) }))
    } else {
        let error =
            json!({ "statusCode": 400, "name": "Bad Request", "message": "Order not found" });
        (400, json!({ "error": error }))
    };
    (answer, snapshot.step)
}

fn answered(snapshot: Snapshot<'_>) -> Value {
    let mut order = order(snapshot);
    order["updatedAt"] = snapshot.told(snapshot.changed()).into();
    order
}

/// The name of an event says nothing: all bad endings have the same.
pub(super) fn message(snapshot: Snapshot<'_>) -> Value {
    let mut order = order(snapshot);
    order["updatedAt"] = snapshot.exact(snapshot.changed()).into();
    let data = if snapshot.scene.older {
        json!({ "webhookData": order }).to_string()
    } else {
        order.to_string()
    };
    let channel = channel(&snapshot.target.id);
    json!({ "event": "ORDER_FAILED", "channel": channel, "data": data })
}

fn order(snapshot: Snapshot<'_>) -> Value {
    let reference = snapshot.target.id.strip_prefix("partner/");
    let id = reference.map_or(snapshot.target.id.clone(), |reference| format!("id-of-{reference}"));
    json!({
        "id": id,
        "partnerOrderId": reference,
        "isBuyOrSell": "BUY",
        "status": snapshot.word(),
        "fiatAmount": 100,
        "createdAt": snapshot.told(snapshot.created()),
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
