//! Transak's orders, Pusher's messages about them, and where they are served.

use serde_json::Value;
use txwatch::sandbox::transak::format::{self, Order, Passed, Person};
use txwatch::sandbox::transak::pusher;

use super::script::{Reply, Step};
use super::server::{Script, Server};
use super::txwatch::{Txwatch, command_for};

/// The id of the tests that need only one.
pub const ID: &str = "aa39d8e1-1111-4222-8333-44444444ce7f";

/// A command about the order [`ID`], without credentials.
pub fn command(name: &str, server: &Server, arguments: &[&str]) -> Txwatch {
    command_for(name, &format!("transak:{ID}"), arguments).transak(&server.url())
}

/// The path and query of the Pusher connection.
pub fn pusher_path() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("/app/1d9ffac87de599c61283?protocol=7&client=txwatch&version={version}")
}

/// The path of an order.
pub fn order_path(id: &str) -> String {
    format!("/partners/api/v2/order/{id}")
}

/// The path at which tokens are issued.
pub const REFRESH: &str = "/partners/api/v2/refresh-token";

impl Script {
    /// The replies of Transak's REST API about this order.
    pub fn order(self, id: &str, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(&order_path(id), replies)
    }

    /// The replies to upgrades of the Pusher connection, in order.
    pub fn pusher(self, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(&pusher_path(), replies)
    }
}

/// Parts of the personal data of an order.
pub const PERSONAL: [&str; 4] = ["14.142", "user-123", "BEEF", "Jane"];

const PERSON: Person<'_> = Person {
    user_id: "user-123",
    ip_address: "14.142.0.1",
    wallet: "0xD902BEEF",
    wallet_link: "https://chain.example/0xD902BEEF",
    message: "Dear Jane",
};

/// An order as in events, whose status was set so many seconds past ten.
pub fn order(id: &str, status: &str, second: u32) -> Value {
    with_status(id, status, second, format::order)
}

/// The answer of the REST API about an order.
pub fn record(id: &str, status: &str, second: u32) -> Reply {
    Reply::json(&format::found(with_status(id, status, second, format::record)))
}

/// The same as text.
pub fn record_text(id: &str, status: &str, second: u32) -> String {
    format::found(with_status(id, status, second, format::record)).to_string()
}

fn with_status(id: &str, status: &str, second: u32, write: fn(&Order<'_>) -> Value) -> Value {
    const BEGAN: &str = "2026-04-01T10:00:00.000Z";
    let time = format!("2026-04-01T10:00:{second:02}.000Z");
    let history = [("AWAITING_PAYMENT_FROM_USER", BEGAN), (status, time.as_str())];
    write(&Order {
        id,
        status,
        reference: Some("ref-7"),
        created_at: BEGAN,
        updated_at: &time,
        history: &history.map(|(status, at)| Passed { status, at, event: "ORDER_PROCESSING" }),
        person: PERSON,
        ..Order::default()
    })
}

/// An error of Transak's REST.
pub fn error(status: u16, name: &str, message: &str) -> Reply {
    Reply::status(status, format::error(status, name, message).to_string())
}

/// An access token that was issued.
pub fn issued(token: &str, expires_at: i64) -> Reply {
    Reply::json(&format::access_token(token, expires_at))
}

/// The first message of a Pusher server.
pub fn established() -> Step {
    Step::json(&pusher::connection_established("1.2", 120))
}

/// The answer to a subscription.
pub fn subscribed(channel: &str) -> Step {
    Step::json(&pusher::subscription_succeeded(channel))
}

/// A published event; data that is not a text is encoded as JSON in a text.
pub fn event(channel: &str, data: &Value) -> Step {
    let data = data.as_str().map_or_else(|| data.to_string(), str::to_owned);
    Step::json(&pusher::published("ORDER_PROCESSING", channel, data))
}

/// A connection on which the channel is subscribed, followed by these steps.
pub fn connection(channel: &str, steps: impl IntoIterator<Item = Step>) -> Reply {
    let steps: Vec<Step> = [established(), subscribed(channel)].into_iter().chain(steps).collect();
    Reply::upgrade(steps)
}
