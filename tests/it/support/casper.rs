//! Bare clients of CSPR.cloud and of a Casper node, as the sandbox plays them.

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::rehearsal::{Answer, PATIENCE, Pusher, Rehearsal, exchange, send};

/// The hash that the sandbox reads as this id.
pub fn hash(id: &str) -> String {
    let digits: String = id.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits:0<64}")
}

/// Asks CSPR.cloud for a deploy.
pub async fn deploy(sandbox: &Rehearsal, hash: &str, token: &str) -> Answer {
    let url = format!("{}/deploys/{hash}", sandbox.variable("CSPR_URL"));
    exchange("GET", &url, &[("authorization", token)], "").await
}

/// Opens CSPR.cloud's stream; or the status with which it is refused.
pub async fn stream(sandbox: &Rehearsal, query: &str, token: &str) -> Result<Pusher, u16> {
    let url = format!("{}/deploys{query}", sandbox.variable("CSPR_PUSH_URL"));
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("authorization", token.parse().unwrap());
    match connect_async(request).await {
        Ok((stream, _)) => Ok(Pusher(stream)),
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// Calls a node.
pub async fn call(sandbox: &Rehearsal, method: &str, params: Value) -> Answer {
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    exchange("POST", sandbox.variable("CASPER_URL"), &[], &body.to_string()).await
}

/// Asks a node for a transaction by its variant and hash.
pub async fn transaction(sandbox: &Rehearsal, variant: &str, id: &str) -> Answer {
    let params = json!({ "transaction_hash": { variant: hash(id) }, "finalized_approvals": false });
    call(sandbox, "info_get_transaction", params).await
}

/// A node's events.
pub struct Events {
    stream: TcpStream,
    unread: String,
    /// What was said before the first event: status line and headers.
    pub head: String,
}

/// An event: its number, if it has one, and its data.
pub type Event = (Option<u64>, String);

impl Events {
    pub async fn open(sandbox: &Rehearsal, query: &str) -> Self {
        let url = format!("{}{query}", sandbox.variable("CASPER_PUSH_URL"));
        let mut stream = send("GET", &url, &[("accept", "text/event-stream")], "").await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        Events { stream, unread: String::new(), head }
    }

    /// Waits for what comes next, be it a comment; none if the connection was lost.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.unread = rest;
                // Between them are the lengths of the chunks.
                let is_said = |line: &&str| line.contains(':');
                return Some(block.lines().filter(is_said).collect::<Vec<_>>().join("\n"));
            }
            let mut bytes = [0; 4_096];
            let count = timeout(PATIENCE, self.stream.read(&mut bytes)).await.unwrap();
            match count {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.unread += std::str::from_utf8(&bytes[..count]).unwrap(),
            }
        }
    }

    /// Waits for an event; none if the connection was lost.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            let Some(data) = block.lines().find_map(|line| line.strip_prefix("data:")) else {
                assert_eq!(block, ":");
                continue;
            };
            let id = block.lines().find_map(|line| line.strip_prefix("id:"));
            return Some((id.map(|id| id.parse().unwrap()), data.to_owned()));
        }
    }

    /// Waits for an event of this kind.
    pub async fn find(&mut self, kind: &str) -> (u64, Value) {
        loop {
            let (id, data) = self.next().await.expect("the connection was lost");
            let event: Value = serde_json::from_str(&data).unwrap_or_default();
            if let Some(inner) = event.get(kind) {
                return (id.unwrap(), inner.clone());
            }
        }
    }

    /// Waits for a comment.
    pub async fn comment(&mut self) {
        while self.block().await.expect("the connection was lost") != ":" {}
    }
}
