//! Proof's records and events, and where they are served.

use serde_json::Value;
use txwatch::sandbox::proof::format::{self, Transaction};

use super::script::{Gate, Reply, Step};
use super::server::{Script, Server};
use super::txwatch::{Txwatch, command_for};

/// The id of the tests that need only one.
pub const ID: &str = "550e8400-e29b-41d4-a716-446655440000";

/// A command about the transaction [`ID`].
pub fn command(name: &str, server: &Server, arguments: &[&str]) -> Txwatch {
    command_for(name, &format!("proof:{ID}"), arguments).proof(&server.url())
}

/// A server whose REST API always gives this reply about [`ID`], and whose push connection is silent.
pub fn always_answering(reply: Reply) -> Server {
    Script::new().rest(ID, [reply]).push(ID, [Reply::upgrade([])]).start()
}

/// A transaction that is pending when it is first requested, and then completed by push.
pub fn completed_by_push() -> Script {
    let requested = Gate::new();
    let steps = [Step::Await(requested.clone()), Step::json(&update(ID, "completed", 1))];
    Script::new()
        .rest(ID, [Reply::json(&record(ID, "pending", 0)).opens(&requested)])
        .push(ID, [Reply::upgrade(steps)])
}

/// The path of a transaction in the REST API.
pub fn rest_path(id: &str) -> String {
    format!("/widget/transactions/{id}")
}

/// The path and query of a transaction's WebSocket.
pub fn push_path(id: &str) -> String {
    format!("/ws?tx_id={id}")
}

impl Script {
    /// The replies of Proof's REST API about this transaction.
    pub fn rest(self, id: &str, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(&rest_path(id), replies)
    }

    /// The replies to WebSocket upgrades for this transaction.
    pub fn push(self, id: &str, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(&push_path(id), replies)
    }
}

/// The answer of the REST API: a status set so many seconds past ten.
pub fn record(id: &str, status: &str, second: u32) -> Value {
    with_status(id, status, second, format::record)
}

/// The message of the WebSocket about it.
pub fn update(id: &str, status: &str, second: u32) -> Value {
    with_status(id, status, second, format::update)
}

fn with_status(id: &str, status: &str, second: u32, write: fn(&Transaction<'_>) -> Value) -> Value {
    let time = format!("2026-04-01T10:{:02}:{:02}Z", second / 60, second % 60);
    write(&Transaction {
        id,
        status,
        user_id: "user-123",
        crypto_amount: "99.50",
        fiat_amount: "100.00",
        created_at: "2026-04-01T10:00:00Z",
        changed_at: Some(&time),
    })
}

/// An error body in the current form.
pub fn error(slug: &str, code: &str) -> String {
    format::error(slug, code, &format!("the message of {code}")).to_string()
}
