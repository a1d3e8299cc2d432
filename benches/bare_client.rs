//! The least that follows a Proof transaction: a tungstenite client without retries, requests or options.
//! `figures` compares txwatch with it.
//!
//! Usage: `bare-client WS-ADDRESS TOKEN`

use std::env::args;
use std::io::{Write, stdout};

use anyhow::Context;
use futures_util::StreamExt;
use serde_json::Value;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let (address, token) = args().nth(1).zip(args().nth(2)).context("an address and a token")?;
    let mut request = address.into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    let (mut socket, _) = connect_async(request).await?;
    while let Some(message) = socket.next().await {
        let update: Value = serde_json::from_str(message?.to_text()?)?;
        if update["event"] == "tx.update" && update["status"] == "completed" {
            stdout().write_all(b"completed\n")?;
            return Ok(());
        }
    }
    anyhow::bail!("the connection ended first")
}
