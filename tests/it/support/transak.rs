//! Transak's orders, and Pusher's messages about them.

use serde_json::{Value, json};

use super::script::{Reply, Step};
use super::server::Script;

/// The id of the tests that need only one.
pub const ID: &str = "aa39d8e1-1111-4222-8333-44444444ce7f";

/// The path and query of the Pusher connection.
pub fn pusher() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("/app/1d9ffac87de599c61283?protocol=7&client=txwatch&version={version}")
}

/// The path of an order.
pub fn rest(id: &str) -> String {
    format!("/partners/api/v2/order/{id}")
}

/// Where tokens are issued.
pub const REFRESH: &str = "/partners/api/v2/refresh-token";

impl Script {
    /// What Transak's REST answers for this order.
    pub fn order(self, id: &str, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(&rest(id), replies)
    }

    /// What happens on the Pusher connections, one after the other.
    pub fn pusher(self, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(&pusher(), replies)
    }
}

/// An order with a status since so many seconds past ten, as events have it.
pub fn order(id: &str, status: &str, second: u32) -> Value {
    json!({
        "id": id, "status": status, "isBuyOrSell": "BUY", "fiatCurrency": "EUR", "fiatAmount": 30,
        "cryptoCurrency": "ETH", "cryptoAmount": 0.01759347, "network": "ethereum", "totalFeeInFiat": 1.3,
        "createdAt": "2026-04-01T10:00:00.000Z", "updatedAt": format!("2026-04-01T10:00:{second:02}.000Z"),
        "partnerOrderId": "ref-7", "ipAddress": "14.142.0.1", "userId": "user-123",
        "walletAddress": "0xD902BEEF", "walletLink": "https://chain.example/0xD902BEEF",
        "statusHistories": [
            { "status": "AWAITING_PAYMENT_FROM_USER", "createdAt": "2026-04-01T10:00:00.000Z",
              "message": "Dear Jane", "isEmailSentToUser": true },
            { "status": status, "createdAt": format!("2026-04-01T10:00:{second:02}.000Z") },
        ],
    })
}

/// What must not be shown of it.
pub const PERSONAL: [&str; 4] = ["14.142", "user-123", "BEEF", "Jane"];

/// What REST answers about an order.
pub fn record(id: &str, status: &str, second: u32) -> Reply {
    let mut data = order(id, status, second);
    data["_id"] = data["id"].take();
    Reply::json(&json!({ "meta": { "orderId": id }, "data": data }))
}

/// An error of Transak's REST.
pub fn error(status: u16, name: &str, message: &str) -> Reply {
    let body = json!({ "error": { "statusCode": status, "name": name, "message": message } });
    Reply::status(status, body.to_string())
}

/// The welcome of a Pusher server.
pub fn hello() -> Step {
    let data = json!({ "socket_id": "1.2", "activity_timeout": 120 }).to_string();
    Step::json(&json!({ "event": "pusher:connection_established", "data": data }))
}

/// A subscription that succeeded.
pub fn subscribed(channel: &str) -> Step {
    let event = "pusher_internal:subscription_succeeded";
    Step::json(&json!({ "event": event, "channel": channel, "data": "{}" }))
}

/// Something published: text, or JSON that is encoded once more.
pub fn event(channel: &str, data: &Value) -> Step {
    let data = data.as_str().map_or_else(|| data.to_string(), str::to_owned);
    Step::json(&json!({ "event": "ORDER_PROCESSING", "channel": channel, "data": data }))
}

/// A connection on which a channel is subscribed, and then this happens.
pub fn connection(channel: &str, steps: impl IntoIterator<Item = Step>) -> Reply {
    let steps: Vec<Step> = [hello(), subscribed(channel)].into_iter().chain(steps).collect();
    Reply::upgrade(steps)
}
