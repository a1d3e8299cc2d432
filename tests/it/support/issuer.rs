//! Transak's REST as far as tokens matter: issuing one puts the one before it out of force.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::script::Gate;
use super::server::Request;
use super::serving::{ServerThread, serve};
use super::transak::{ID, REFRESH};
use txwatch::sandbox::transak::format;

/// A running server. It answers about the order [`ID`], which is `PROCESSING` until [`Issuer::complete`].
pub struct Issuer {
    url: String,
    state: Arc<State>,
    _thread: ServerThread,
}

#[derive(Default)]
struct State {
    now: Mutex<Now>,
    /// Changes with every request.
    seen: watch::Sender<()>,
}

#[derive(Default)]
struct Now {
    issued: usize,
    /// How long an issued token lives, in seconds since 1970.
    expires_at: Option<i64>,
    valid: Option<String>,
    is_completed: bool,
    /// The token of each lookup, and whether it was accepted.
    lookups: Vec<(String, bool)>,
    /// For the next token that is issued.
    hold_issue: Option<Gate>,
    /// For the next lookup.
    hold_lookup: Option<Gate>,
    /// Lookups wait until there are so many.
    together: usize,
}

impl Issuer {
    pub fn start() -> Self {
        let state = Arc::new(State::default());
        let shared = state.clone();
        let (address, thread) = serve(move |stream| shared.clone().handle(stream));
        Issuer { url: format!("http://{address}"), state, _thread: thread }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.state.now()
    }

    /// Tokens that are issued from now on expire then, in seconds since 1970.
    pub fn expiring(&self, at: i64) {
        self.now().expires_at = Some(at);
    }

    /// Puts the current token out of force.
    pub fn revoke(&self) {
        self.now().valid = None;
    }

    /// Accepts this token alone, as if somebody else had had it issued.
    pub fn accept(&self, token: &str) {
        self.now().valid = Some(token.to_owned());
    }

    pub fn complete(&self) {
        self.now().is_completed = true;
    }

    /// Keeps the next token back until the gate opens.
    pub fn hold_issue(&self, gate: &Gate) {
        self.now().hold_issue = Some(gate.clone());
    }

    /// Keeps the answer to the next lookup back until the gate opens.
    pub fn hold_lookup(&self, gate: &Gate) {
        self.now().hold_lookup = Some(gate.clone());
    }

    /// Keeps the answers to lookups back until so many more have come.
    pub fn gather(&self, count: usize) {
        let mut now = self.now();
        now.together = now.lookups.len() + count;
    }

    /// How many tokens were issued or asked for.
    pub fn issued(&self) -> usize {
        self.now().issued
    }

    /// The tokens of the lookups so far, and whether each was accepted.
    pub fn lookups(&self) -> Vec<(String, bool)> {
        self.now().lookups.clone()
    }

    /// Waits until this holds.
    fn wait(&self, what: &str, holds: impl Fn(&Now) -> bool) {
        let mut seen = self.state.seen.subscribe();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let waited = runtime.block_on(async {
            tokio::time::timeout(std::time::Duration::from_secs(30), async {
                while !holds(&self.now()) {
                    seen.changed().await.unwrap();
                }
            })
            .await
        });
        assert!(waited.is_ok(), "{what} never came");
    }

    /// Waits until so many tokens were asked for.
    pub fn wait_for_issues(&self, count: usize) {
        self.wait("a request for a token", |now| now.issued >= count);
    }

    /// Waits until so many lookups have come.
    pub fn wait_for_lookups(&self, count: usize) {
        self.wait("a lookup", |now| now.lookups.len() >= count);
    }
}

impl State {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn handle(self: Arc<Self>, mut stream: TcpStream) {
        let Some(request) = Request::read(&mut stream).await else {
            return;
        };
        let (status, body) =
            if request.path == REFRESH { self.issue().await } else { self.look_up(&request).await };
        let length = body.len();
        let response = format!(
            "HTTP/1.1 {status} Scripted\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        // A client may be gone.
        let _ = stream.write_all(response.as_bytes()).await;
        let _ = stream.shutdown().await;
    }

    async fn issue(&self) -> (u16, String) {
        let (token, expires_at, gate) = {
            let mut now = self.now();
            now.issued += 1;
            let token = format!("issued-token-{}", now.issued);
            now.valid = Some(token.clone());
            (token, now.expires_at.unwrap_or(4_000_000_000), now.hold_issue.take())
        };
        self.seen.send_replace(());
        if let Some(gate) = gate {
            gate.wait().await;
        }
        (200, format::access_token(&token, expires_at).to_string())
    }

    async fn look_up(&self, request: &Request) -> (u16, String) {
        let token = request.header("access-token").unwrap_or_default().to_owned();
        let (is_valid, is_completed, gate) = {
            let mut now = self.now();
            let is_valid = now.valid.as_ref() == Some(&token);
            now.lookups.push((token, is_valid));
            (is_valid, now.is_completed, now.hold_lookup.take())
        };
        let mut seen = self.seen.subscribe();
        self.seen.send_replace(());
        loop {
            {
                let now = self.now();
                if now.lookups.len() >= now.together {
                    break;
                }
            }
            let _ = seen.changed().await;
        }
        if let Some(gate) = gate {
            gate.wait().await;
        }
        if !is_valid {
            return (401, format::error(401, "Unauthorized", "Authorization Required").to_string());
        }
        let status = if is_completed { "COMPLETED" } else { "PROCESSING" };
        let record = super::transak::record_text(ID, status, u32::from(is_completed));
        (200, record)
    }
}
