//! A server that plays every provider, and repeats the secrets that it was sent, wherever it can.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use txwatch::config::Registry;
use txwatch::sandbox::transak::{format, pusher};

use super::canary::echoes;
use super::chain::HASH;
use super::script::frame;
use super::server::Seen;
use super::serving::{Serving, serve};

pub const PROOF: &str = "cnry/proof+7Qx==";
pub const TRANSAK: &str = "cnry/transak+8Wy==";
pub const ISSUER: &str = "cnry/issuer+9Ez==";
/// One that could be part of a host.
pub const CSPR: &str = "cnry0cspr5rv";
/// What somebody's personal data says.
pub const PERSON: &str = "cnry-jane-doe";
pub const SECRETS: [&str; 5] = [PROOF, TRANSAK, ISSUER, CSPR, PERSON];

/// How it answers, as the first part of its path.
pub const MOODS: [&str; 4] = ["fields", "denied", "moved", "broken"];

pub struct Echo {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<Seen>>>,
    running: Option<Serving>,
}

impl Echo {
    /// Where it redirects to, everybody who asks gets there with the secret.
    pub fn start(elsewhere: &str) -> Self {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let (seen, elsewhere) = (sent.clone(), elsewhere.to_owned());
        let (address, running) = serve(move |mut stream| {
            let (seen, elsewhere) = (seen.clone(), elsewhere.clone());
            async move {
                if let Some(request) = Seen::read(&mut stream).await {
                    seen.lock().unwrap().push(request.clone());
                    let (provider, secret) = played(&request);
                    // What it was never sent, it cannot repeat.
                    let known = knows(&seen.lock().unwrap(), secret);
                    let secret = if known { secret } else { "cnry0none" };
                    let echo = Answer { request, provider, secret, elsewhere };
                    // A client that breaks off is none of our business.
                    let _ = echo.give(&mut stream).await;
                    let _ = stream.shutdown().await;
                }
            }
        });
        Echo { address, sent, running: Some(running) }
    }

    pub fn url(&self, mood: &str) -> String {
        format!("http://{}/{mood}", self.address)
    }

    /// Whether it was sent this secret.
    pub fn knows(&self, secret: &str) -> bool {
        knows(&self.sent.lock().unwrap(), secret)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.end();
        }
    }
}

fn knows(sent: &[Seen], secret: &str) -> bool {
    sent.iter().flat_map(|seen| &seen.headers).any(|(_, value)| value.contains(secret))
}

/// The provider that is played, and the secret that is repeated.
fn played(request: &Seen) -> (&'static str, &'static str) {
    match request.target.as_str() {
        target if target.contains("/refresh-token") => ("transak", ISSUER),
        target if target.contains("/partners") || target.contains("/app/") => ("transak", TRANSAK),
        target if target.contains("/deploys") => ("cspr", CSPR),
        target if target.contains("/widget") || target.contains("/ws") => ("proof", PROOF),
        // Nobody sends a node any.
        _ => ("casper", "cnry0none"),
    }
}

/// JSON in which every text repeats the secret, written by hand, for its escapes have to stay.
fn body(provider: &str, secret: &str) -> String {
    let spec = Registry::built_in().find(provider).unwrap().spec();
    let common = ["email", "ip_address", "firstName", "phone", "userId", "date_of_birth"];
    let names = spec.personal.iter().map(String::as_str).chain(common);
    let person: serde_json::Map<_, _> =
        names.map(|name| ((*name).to_owned(), Value::from(PERSON))).collect();
    let fields = json!({
        "status": "ECHO", "currency": "ECHO", "network": "ECHO", "fiat_amount": "ECHO",
        "fiatAmount": "ECHO", "fiatCurrency": "ECHO", "cost": "ECHO", "error_message": "ECHO",
        "ECHO": "ECHO", "transactionHash": "ECHO", "person": person, "list": [person],
    });
    let execution = json!({ "Version2": { "error_message": "ECHO", "cost": "ECHO" } });
    let result = json!({
        "transaction": { "Version1": { "hash": HASH, "payload": { "timestamp": "ECHO" } } },
        "execution_info": { "block_hash": "ECHO", "execution_result": execution },
    });
    let error = json!({ "code": "ECHO", "name": "ECHO", "message": "ECHO" });
    let mut all = fields.clone();
    for (key, value) in [("event", "tx.update".into()), ("code", "ECHO".into()), ("data", fields)] {
        all[key] = value;
    }
    match provider {
        "casper" => all["result"] = result,
        _ => all["error"] = error,
    }
    all.to_string().replace("ECHO", &echoes(secret).join(" "))
}

/// An answer to a request, and what it repeats.
struct Answer {
    request: Seen,
    provider: &'static str,
    secret: &'static str,
    elsewhere: String,
}

impl Answer {
    async fn give(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    ) -> std::io::Result<()> {
        let Answer { request, secret, .. } = self;
        let upgrades = request.header("Upgrade").is_some();
        let (status, headers) = self.head(upgrades);
        let issued = format::access_token(TRANSAK, 9_999_999_999);
        let body = match (request.target.contains("/refresh-token"), status) {
            (true, 200) => issued.to_string(),
            // Of a refused upgrade only a short body is read.
            _ if upgrades && status != 101 => {
                json!({ "error": "ECHO" }).to_string().replace("ECHO", &echoes(secret).join(" "))
            }
            _ => body(self.provider, secret),
        };
        let length = match status {
            101 => String::new(),
            _ => format!("Content-Length: {}\r\n", body.len()),
        };
        let head = format!("HTTP/1.1 {status} {secret}\r\n{headers}{length}\r\n");
        stream.write_all(head.as_bytes()).await?;
        match status {
            101 => self.push(stream, &body).await,
            _ => stream.write_all(body.as_bytes()).await,
        }
    }

    /// The status and the headers.
    fn head(&self, upgrades: bool) -> (u16, String) {
        let Answer { request, secret, elsewhere, .. } = self;
        let headers = format!(
            "Connection: close\r\nX-Echo: {secret}\r\nSet-Cookie: t={secret}\r\nRetry-After: {secret}\r\n"
        );
        match request.target.split('/').nth(1).unwrap_or_default() {
            "fields" if upgrades => {
                let key = request.header("Sec-WebSocket-Key").unwrap_or_default();
                let accept = derive_accept_key(key.as_bytes());
                let upgrade = format!("Upgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n");
                (101, upgrade + "Connection: Upgrade\r\n")
            }
            "fields" => (200, headers),
            "denied" => (401, headers),
            // A host has no slash in it.
            "moved" if secret.contains('/') => {
                (302, format!("{headers}Location: {elsewhere}/steal?token={secret}\r\n"))
            }
            "moved" => {
                let host = elsewhere.replace("127.0.0.1", &format!("{secret}.localhost"));
                (307, format!("{headers}Location: {host}/steal/{secret}\r\n"))
            }
            _ => (502, headers),
        }
    }

    /// Messages, and a close whose reason repeats the secret.
    async fn push(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        body: &str,
    ) -> std::io::Result<()> {
        let secret = self.secret;
        let mut messages =
            vec![body.to_owned(), format!("no JSON: {secret}"), format!("\"{secret}\"")];
        if self.provider == "transak" {
            let error = pusher::error(Some(4301), "ECHO").to_string();
            messages.push(pusher::connection_established("1.1", 120).to_string());
            messages.push(error.replace("ECHO", &echoes(secret).join(" ")));
        }
        for message in messages {
            stream.write_all(&frame(0x81, message.as_bytes())).await?;
        }
        let reason = [&1008u16.to_be_bytes()[..], secret.as_bytes()].concat();
        stream.write_all(&frame(0x88, &reason)).await?;
        stream.flush().await?;
        while stream.read(&mut [0; 64]).await? > 0 {}
        Ok(())
    }
}
