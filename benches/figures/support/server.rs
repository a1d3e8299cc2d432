//! A Proof-compatible server that speaks only when it is told to. It blocks in plain threads, so that
//! whoever pushes does it by its own hand, and knows the moment.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::spawn;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Message, WebSocket};
use txwatch::sandbox::proof::format::{self, Transaction};

use super::http::{read_head, upgrade};

/// The only token that it knows.
pub(crate) const TOKEN: &str = "figures-token-0123456789";
/// The transaction that is over when a request asks for it; every other one goes on until the push.
pub(crate) const ENDED: &str = "550e8400-e29b-41d4-a716-446655440000";
/// When a transaction ends.
pub(crate) const AT_LAST: &str = "2026-04-01T10:03:45Z";
/// How long a client may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a client did.
enum Visit {
    /// It upgraded to WebSocket.
    Socket(TcpStream),
    /// Its request was answered.
    Request(TcpStream),
}

/// The server, and what its clients did.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    visits: Receiver<Visit>,
}

/// A client that waits for its push. Nobody reads its connections, so that no thread of the server wakes
/// when it ends and stands in the way of whoever measures that.
pub(crate) struct Waiting {
    socket: WebSocket<TcpStream>,
    _request: Option<TcpStream>,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, visits) = channel();
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                // A client that leaves in the middle is missed by whoever waits for its visit.
                spawn(move || serve(stream, &sender).ok());
            }
        });
        Ok(Server { address, visits })
    }

    /// Waits for a client's WebSocket, and, if it asks too, for the answer to its request.
    pub(crate) fn await_client(&self, asks_too: bool) -> Result<Waiting> {
        let (mut socket, mut request) = (None, None);
        while socket.is_none() || (asks_too && request.is_none()) {
            match self.visits.recv_timeout(PATIENCE).context("the client did not come")? {
                Visit::Socket(stream) => socket = Some(stream),
                Visit::Request(stream) => request = Some(stream),
            }
        }
        let stream = socket.context("no socket")?;
        let socket = WebSocket::from_raw_socket(stream, Role::Server, None);
        Ok(Waiting { socket, _request: request })
    }

    /// Forgets what clients did, before the next one is started.
    pub(crate) fn forget(&self) {
        while self.visits.try_recv().is_ok() {}
    }
}

impl Waiting {
    /// Pushes the end of the transaction.
    pub(crate) fn push(&mut self, id: &str) -> Result<()> {
        Ok(self.socket.send(Message::text(update(id, "completed", AT_LAST).to_string()))?)
    }
}

/// Answers the one request of a connection; it stays open, as a provider's does.
fn serve(mut stream: TcpStream, visits: &Sender<Visit>) -> Result<()> {
    stream.set_nodelay(true)?;
    let head = read_head(&stream)?;
    if head.token.as_deref() != Some(TOKEN) {
        stream.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n")?;
        bail!("a client without the token");
    }
    if let Some(key) = head.key {
        upgrade(&stream, &key)?;
        return Ok(visits.send(Visit::Socket(stream))?);
    }
    let body = record(head.path.rsplit('/').next().unwrap_or_default()).to_string();
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes())?;
    Ok(visits.send(Visit::Request(stream))?)
}

/// What is pushed when a transaction has a new status.
pub(crate) fn update(id: &str, status: &str, occurred_at: &str) -> Value {
    format::update(&transaction(id, status, occurred_at))
}

/// What is answered about a transaction.
pub(crate) fn record(id: &str) -> Value {
    let (status, updated) =
        if id == ENDED { ("completed", AT_LAST) } else { ("processing", "2026-04-01T10:01:00Z") };
    format::record(&transaction(id, status, updated))
}

fn transaction<'a>(id: &'a str, status: &'a str, changed_at: &'a str) -> Transaction<'a> {
    Transaction { id, status, changed_at: Some(changed_at), ..Transaction::default() }
}
