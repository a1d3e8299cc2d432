//! Transak: orders by REST, the same on Pusher's channels.

use serde_json::{Value, json};

use super::{Snapshot, exact};

pub fn answer(snapshot: &Snapshot<'_>) -> Value {
    json!({ "meta": { "orderId": snapshot.id }, "data": listed(snapshot) })
}

pub fn not_found() -> Value {
    let error = json!({ "statusCode": 400, "name": "Bad Request", "message": "Order not found" });
    json!({ "error": error })
}

/// A partner's orders, of which there is only this one.
pub fn list(snapshot: &Snapshot<'_>, is_listed: bool) -> Value {
    let orders: Vec<Value> = is_listed.then(|| listed(snapshot)).into_iter().collect();
    json!({ "meta": { "limit": 100 }, "data": orders })
}

fn listed(snapshot: &Snapshot<'_>) -> Value {
    let mut order = order(snapshot);
    order["updatedAt"] = snapshot.rounded(snapshot.changed_at).into();
    order
}

/// The name of an event says nothing: all bad endings have the same.
pub fn update(snapshot: &Snapshot<'_>, channel: &str) -> Value {
    let mut order = order(snapshot);
    order["updatedAt"] = exact(snapshot.changed_at).into();
    let data = if snapshot.is_older {
        json!({ "webhookData": order }).to_string()
    } else {
        order.to_string()
    };
    json!({ "event": "ORDER_FAILED", "channel": channel, "data": data })
}

fn order(snapshot: &Snapshot<'_>) -> Value {
    let reference = snapshot.id.strip_prefix("partner/");
    let id = match reference {
        Some(reference) => format!("id-of-{reference}"),
        None => snapshot.id.to_owned(),
    };
    json!({
        "id": id,
        "partnerOrderId": reference,
        "isBuyOrSell": "BUY",
        "status": snapshot.word,
        "fiatAmount": 100,
        "createdAt": snapshot.rounded(snapshot.created_at),
    })
}

pub fn connection_established() -> Value {
    let data = r#"{"socket_id":"1.1","activity_timeout":120}"#;
    json!({ "event": "pusher:connection_established", "data": data })
}

pub fn subscription_succeeded(channel: &str) -> Value {
    json!({ "event": "pusher_internal:subscription_succeeded", "channel": channel, "data": "{}" })
}

pub fn pong() -> Value {
    json!({ "event": "pusher:pong", "data": "{}" })
}
