//! Transak's channels: whose they are, and what is published on them.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::order::{event, order};
use super::{format, pusher};
use crate::protocol::jwt;
use crate::sandbox::API_KEY;
use crate::sandbox::clocks::Start;
use crate::sandbox::player::Double;
use crate::sandbox::scenario::{Fault, Script, Stage};

/// What a channel is about.
pub(super) enum Subject {
    /// One order, by its own name or the partner's.
    Order(String, Script),
    /// Every order of the partner.
    Account,
    /// Nothing that is known. Nobody is told.
    Nothing,
}

impl Subject {
    /// Reads `{orderId}`, `{API_KEY}_{partnerOrderId}` or `{API_KEY}`.
    pub(super) fn of(channel: &str) -> Self {
        let id = match channel.strip_prefix(API_KEY) {
            Some("") => return Subject::Account,
            Some(rest) => rest.strip_prefix('_').unwrap_or_default(),
            None => channel,
        };
        match Script::of(Double::Transak, id) {
            Some(play) => Subject::Order(id.to_owned(), play),
            None => Subject::Nothing,
        }
    }
}

/// An order on its way through its story.
#[derive(Clone, Debug)]
pub(super) struct OrderRun {
    pub(super) id: String,
    pub(super) play: Script,
    pub(super) start: Start,
}

impl OrderRun {
    fn order(&self, id: &str, index: usize) -> Value {
        order(id, &self.play, index, self.start, format::order)
    }

    fn stage(&self, index: usize) -> Stage {
        self.play.story[index].stage
    }

    /// What is published on a channel at a step: the order, or with the secret of all orders' channel
    /// a signed message.
    pub(super) fn messages(
        &self,
        channel: &str,
        index: usize,
        secret: Option<&str>,
    ) -> Vec<Message> {
        let name = |index| event(self.stage(index));
        let publish = |index: usize| {
            let order = self.order(&self.id, index);
            let data = match secret {
                Some(secret) => signed(&order, name(index), secret),
                None => order.to_string(),
            };
            published(name(index), channel, data.into())
        };
        let told = self.play.told(index).into_iter().map(publish);
        match (self.play.quirk, secret) {
            (Fault::Garbage, Some(_)) => self.forged(channel).into_iter().chain(told).collect(),
            (Fault::Garbage, None) => self.garbage(channel).into_iter().chain(told).collect(),
            _ => told.collect(),
        }
    }

    /// What is broken in every way but one, or about something else.
    fn garbage(&self, channel: &str) -> Vec<Message> {
        let last = self.play.story.len() - 1;
        let whole = self.order(&self.id, last).to_string();
        let half = whole.chars().take(whole.len() / 2).collect::<String>();
        let of_another = self.order("another-order", last).to_string();
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
    fn forged(&self, channel: &str) -> Vec<Message> {
        let order = self.order(&self.id, self.play.story.len() - 1);
        let of_stranger = signed(&order, "ORDER_COMPLETED", "a-strangers-token");
        vec![
            published("ORDER_COMPLETED", channel, of_stranger.into()),
            // {"alg":"none"}, {}
            published("ORDER_COMPLETED", channel, "eyJhbGciOiJub25lIn0.e30.".into()),
            published("ORDER_COMPLETED", channel, order.to_string().into()),
            published("news", channel, "maintenance tonight".into()),
        ]
    }
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
    use crate::sandbox::clocks::Clocks;

    #[test]
    fn an_order_has_two_names_and_the_partner_one() {
        for name in ["happy@7", "rehearsal-api-key_happy@7"] {
            assert!(
                matches!(Subject::of(name), Subject::Order(id, _) if id == "happy@7"),
                "{name}"
            );
        }
        assert!(matches!(Subject::of(API_KEY), Subject::Account));
        for name in ["rehearsal-api-key-happy", "rehearsal-api-key_", "f5f0c1e77", "sandbox"] {
            assert!(matches!(Subject::of(name), Subject::Nothing), "{name}");
        }
    }

    fn texts(id: &str, index: usize, secret: Option<&str>) -> Vec<Value> {
        let play = Script::of(Double::Transak, id).unwrap();
        let start = Clocks::default().touch(id, |_| {});
        let messages = OrderRun { id: id.into(), play, start }.messages("channel", index, secret);
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
        assert_eq!(claims["eventID"], "ORDER_FAILED");
        assert_eq!(claims["webhookData"]["status"], "FAILED");
        let events = texts("garbage", 2, Some("secret"));
        let good = |event: &&Value| {
            event["data"].as_str().is_some_and(|text| jwt::verify(text, &[b"secret"]).is_ok())
        };
        assert_eq!((events.len(), events.iter().filter(good).count()), (5, 1));
    }
}
