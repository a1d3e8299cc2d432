//! A server that imitates every provider, and repeats the secrets it received wherever it can.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use txwatch::config::Registry;
use txwatch::sandbox::transak::{format, pusher};

use super::canary::server_encodings;
use super::chain::HASH;
use super::script::frame;
use super::server::Request;
use super::serving::{ServerThread, serve};

pub const PROOF: &str = "cnry/proof+7Qx==";
pub const TRANSAK: &str = "cnry/transak+8Wy==";
pub const ISSUER: &str = "cnry/issuer+9Ez==";
/// A secret that could be part of a host name.
pub const CSPR: &str = "cnry0cspr5rv";
/// The value of each personal field.
pub const PERSON: &str = "cnry-jane-doe";
pub const SECRETS: [&str; 5] = [PROOF, TRANSAK, ISSUER, CSPR, PERSON];
/// Stands for a secret that the server has not received.
const UNKNOWN: &str = "cnry0none";

/// How it answers, chosen by the first segment of the path.
pub const BEHAVIOURS: [&str; 4] = ["fields", "denied", "moved", "broken"];

pub struct EchoServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    _thread: ServerThread,
}

impl EchoServer {
    /// Starts it. Its redirects lead to this URL, with the secret in their host or path.
    pub fn start(redirect_to: &str) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (recorded, redirect_to) = (requests.clone(), redirect_to.to_owned());
        let (address, thread) = serve(move |mut stream| {
            let (recorded, redirect_to) = (recorded.clone(), redirect_to.clone());
            async move {
                if let Some(request) = Request::read(&mut stream).await {
                    recorded.lock().unwrap().push(request.clone());
                    let (provider, secret) = imitated(&request);
                    // It cannot repeat what it has not received.
                    let is_known = has_secret(&recorded.lock().unwrap(), secret);
                    let secret = if is_known { secret } else { UNKNOWN };
                    let answer = Answer { request, provider, secret, redirect_to };
                    // The client may disconnect at any time.
                    let _ = answer.send(&mut stream).await;
                    let _ = stream.shutdown().await;
                }
            }
        });
        EchoServer { address, requests, _thread: thread }
    }

    pub fn url(&self, behaviour: &str) -> String {
        format!("http://{}/{behaviour}", self.address)
    }

    /// Whether it received this secret in a header.
    pub fn has_received(&self, secret: &str) -> bool {
        has_secret(&self.requests.lock().unwrap(), secret)
    }
}

fn has_secret(requests: &[Request], secret: &str) -> bool {
    let mut headers = requests.iter().flat_map(|request| &request.headers);
    headers.any(|(_, value)| value.contains(secret))
}

/// The provider to imitate, and the secret to repeat.
fn imitated(request: &Request) -> (&'static str, &'static str) {
    match request.path.as_str() {
        path if path.contains("/refresh-token") => ("transak", ISSUER),
        path if path.contains("/partners") || path.contains("/app/") => ("transak", TRANSAK),
        path if path.contains("/deploys") => ("cspr", CSPR),
        path if path.contains("/widget") || path.contains("/ws") => ("proof", PROOF),
        // A node needs no secret.
        _ => ("casper", UNKNOWN),
    }
}

/// JSON about the transaction that is asked for, in which every other text repeats the secret in all its encodings, whose
/// escapes a serializer would change.
fn body(provider: &str, secret: &str, path: &str) -> String {
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
    if let (None, Some(id)) = (path.split_once('?'), path.rsplit('/').next()) {
        all["merchant_transaction_id"] = id.into();
    }
    match provider {
        "casper" => all["result"] = result,
        _ => all["error"] = error,
    }
    all.to_string().replace("ECHO", &server_encodings(secret).join(" "))
}

/// The answer to a request, and the secret it repeats.
struct Answer {
    request: Request,
    provider: &'static str,
    secret: &'static str,
    redirect_to: String,
}

impl Answer {
    async fn send(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    ) -> std::io::Result<()> {
        let Answer { request, secret, .. } = self;
        let upgrades = request.header("Upgrade").is_some();
        let (status, headers) = self.head(upgrades);
        let issued = format::access_token(TRANSAK, 9_999_999_999);
        let body = match (request.path.contains("/refresh-token"), status) {
            (true, 200) => issued.to_string(),
            // The client reads only a short body of a refused upgrade.
            _ if upgrades && status != 101 => json!({ "error": "ECHO" })
                .to_string()
                .replace("ECHO", &server_encodings(secret).join(" ")),
            _ => body(self.provider, secret, &request.path),
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
        let Answer { request, secret, redirect_to, .. } = self;
        let headers = format!(
            "Connection: close\r\nX-Echo: {secret}\r\nSet-Cookie: t={secret}\r\nRetry-After: {secret}\r\n"
        );
        match request.path.split('/').nth(1).unwrap_or_default() {
            "fields" if upgrades => {
                let key = request.header("Sec-WebSocket-Key").unwrap_or_default();
                let accept = derive_accept_key(key.as_bytes());
                let upgrade = format!("Upgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n");
                (101, upgrade + "Connection: Upgrade\r\n")
            }
            "fields" => (200, headers),
            "denied" => (401, headers),
            // This secret cannot be part of a host.
            "moved" if secret.contains('/') => {
                (302, format!("{headers}Location: {redirect_to}/steal?token={secret}\r\n"))
            }
            "moved" => {
                let host = redirect_to.replace("127.0.0.1", &format!("{secret}.localhost"));
                (307, format!("{headers}Location: {host}/steal/{secret}\r\n"))
            }
            _ => (502, headers),
        }
    }

    /// Sends messages, and a close frame whose reason repeats the secret.
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
            messages.push(error.replace("ECHO", &server_encodings(secret).join(" ")));
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
