//! Transak's channels: whose they are, and what is published on them.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::order::{event, order, other_attempt};
use super::{format, pusher};
use crate::protocol::jwt;
use crate::sandbox::API_KEY;
use crate::sandbox::fault::Fault;
use crate::sandbox::schedule::Run;

/// What a channel is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject<'a> {
    /// One order, by its own id or by the partner's, if there is one.
    Order(&'a str),
    /// Every order of the partner.
    Account,
}

impl<'a> Subject<'a> {
    /// Reads `{orderId}`, `{API_KEY}_{partnerOrderId}` or `{API_KEY}`.
    pub(super) fn of(channel: &'a str) -> Self {
        match channel.strip_prefix(API_KEY) {
            Some("") => Subject::Account,
            Some(rest) => Subject::Order(rest.strip_prefix('_').unwrap_or_default()),
            None => Subject::Order(channel),
        }
    }
}

fn order_at(run: &Run, id: &str, step: usize) -> Value {
    let ahead = run.script.pushed_at(step) - run.script.story[step].at();
    order(run, id, step, ahead, format::order)
}

/// What is published on a channel at a step of an order's story: the order, or with the secret of all orders'
/// channel a signed message.
pub(super) fn messages(
    run: &Run,
    channel: &str,
    step: usize,
    secret: Option<&str>,
) -> Vec<Message> {
    let publish = |step: usize| {
        let order = order_at(run, &run.id, step);
        let event = event(run.script.story[step].stage);
        let data = match secret {
            Some(secret) => signed(&order, event, secret),
            None => order.to_string(),
        };
        published(event, channel, data.into())
    };
    let told = run.script.messages(step).into_iter().map(publish).chain(other(run, channel, step));
    match (run.script.fault, secret) {
        (Fault::Garbage, Some(_)) => forged(run, channel).into_iter().chain(told).collect(),
        (Fault::Garbage, None) => garbage(run, channel).into_iter().chain(told).collect(),
        _ => told.collect(),
    }
}

/// What is published about another order on the channel of its reference.
fn other(run: &Run, channel: &str, step: usize) -> Option<Message> {
    let is_of_reference = channel != API_KEY && channel.starts_with(API_KEY);
    let is_last = step + 1 == run.script.story.len();
    let order = other_attempt(run, step, format::order).filter(|_| is_of_reference && !is_last)?;
    let event = if step == 0 { "ORDER_CREATED" } else { "ORDER_FAILED" };
    Some(published(event, channel, order.to_string().into()))
}

/// What is broken in every way but one, or about something else.
fn garbage(run: &Run, channel: &str) -> Vec<Message> {
    let last = run.script.story.len() - 1;
    let whole = order_at(run, &run.id, last).to_string();
    let half = whole.chars().take(whole.len() / 2).collect::<String>();
    let of_another = order_at(run, "another-order", last).to_string();
    vec![
        Message::text("Ping"),
        Message::text("null"),
        Message::text(format!("{{\"event\":\"ORDER_COMPLETED\",\"channel\":\"{channel}\",")),
        Message::text(json!({ "event": 7, "channel": channel, "data": whole }).to_string()),
        Message::binary(vec![0x00, 0xff, 0x1b, b'[']),
        published("ORDER_COMPLETED", channel, 7.into()),
        published("ORDER_COMPLETED", channel, r#"{"status":7}"#.into()),
        published("ORDER_COMPLETED", channel, half.into()),
        published("ORDER_COMPLETED", channel, of_another.into()),
        published("ORDER_COMPLETED", "somebody-else", whole.into()),
        published("ORDER_PAINTED", channel, r#"{"colour":"red"}"#.into()),
        published("news", channel, "maintenance tonight".into()),
        published("pusher_internal:subscription_count", channel, r#"{"count":2}"#.into()),
    ]
}

/// What nobody signed who may.
fn forged(run: &Run, channel: &str) -> Vec<Message> {
    let order = order_at(run, &run.id, run.script.story.len() - 1);
    let of_stranger = signed(&order, "ORDER_COMPLETED", "a-strangers-token");
    vec![
        published("ORDER_COMPLETED", channel, of_stranger.into()),
        // {"alg":"none"}, {}
        published("ORDER_COMPLETED", channel, "eyJhbGciOiJub25lIn0.e30.".into()),
        published("ORDER_COMPLETED", channel, order.to_string().into()),
        published("news", channel, "maintenance tonight".into()),
    ]
}

/// A channel's event. Its data is a string, usually of JSON.
fn published(event: &str, channel: &str, data: Value) -> Message {
    Message::text(pusher::published(event, channel, data).to_string())
}

fn signed(order: &Value, event: &str, secret: &str) -> String {
    // Claims made of JSON are JSON.
    jwt::sign(&format::claims(order, event), secret.as_bytes()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::schedule::Schedule;
    use crate::sandbox::transak::TransakDouble;

    #[test]
    fn an_order_has_two_names_and_the_partner_one() {
        for name in ["happy@7", "rehearsal-api-key_happy@7"] {
            assert_eq!(Subject::of(name), Subject::Order("happy@7"), "{name}");
        }
        assert_eq!(Subject::of(API_KEY), Subject::Account);
        let schedule = Schedule::of(TransakDouble);
        for name in ["rehearsal-api-key-happy", "rehearsal-api-key_", "f5f0c1e77", "sandbox"] {
            let Subject::Order(id) = Subject::of(name) else { panic!("{name}") };
            assert!(schedule.begin(id).is_none(), "{name}");
        }
    }

    fn texts(id: &str, index: usize, secret: Option<&str>) -> Vec<Value> {
        let messages = messages(&Run::of(TransakDouble, id), "channel", index, secret);
        let texts = messages.iter().filter_map(|message| message.to_text().ok());
        texts.filter_map(|text| serde_json::from_str(text).ok()).collect()
    }

    /// The words for the stages in the data of messages, as far as they are orders.
    fn words(messages: &[Value]) -> Vec<String> {
        let order = |data: &Value| serde_json::from_str::<Value>(data.as_str().unwrap()).unwrap();
        messages
            .iter()
            .map(|message| order(&message["data"])["status"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn an_event_is_encoded_twice() {
        let events = texts("happy", 2, None);
        assert_eq!(
            (&events[0]["event"], &events[0]["channel"]),
            (&"ORDER_COMPLETED".into(), &"channel".into())
        );
        assert_eq!(words(&events), ["COMPLETED"]);
        assert_eq!(
            words(&texts("reorder", 1, None)),
            ["PENDING_DELIVERY_FROM_TRANSAK", "AWAITING_PAYMENT_FROM_USER"]
        );
        assert_eq!(words(&texts("duplicate", 2, None)), ["COMPLETED", "COMPLETED"]);
        assert!(texts("silent", 2, None).is_empty());
    }

    #[test]
    fn all_orders_are_signed_and_forgeries_are_not() {
        let [event] = &texts("failed", 2, Some("secret"))[..] else { panic!("one message") };
        let claims = jwt::verify(event["data"].as_str().unwrap(), &[b"secret"]).unwrap();
        let claims: Value = serde_json::from_str(&claims).unwrap();
        assert_eq!(claims["eventID"], "ORDER_FAILED");
        assert_eq!(claims["webhookData"]["status"], "FAILED");
        let events = texts("garbage", 2, Some("secret"));
        let good = |event: &&Value| {
            event["data"].as_str().is_some_and(|text| jwt::verify(text, &[b"secret"]).is_ok())
        };
        assert_eq!((events.len(), events.iter().filter(good).count()), (5, 1));
    }
}
