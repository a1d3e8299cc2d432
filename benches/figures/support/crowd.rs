//! A server for thousands of clients at once, or for one with thousands of transactions. It speaks only
//! when it is told to.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::spawn;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::http::{Head, read_head, upgrade};
use super::server::TOKEN;

/// How long nothing may come of a crowd that is still expected.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a client did: it opened a socket, or asked, for what its path ends with.
enum Visit {
    Socket(String, UnboundedSender<Message>),
    Request(String),
}

/// The server, and what its clients did.
pub(crate) struct Crowd {
    pub(crate) address: SocketAddr,
    visits: Receiver<Visit>,
}

/// The sockets that wait for a push, by what their paths end with.
pub(crate) struct Gathered(HashMap<String, UnboundedSender<Message>>);

impl Crowd {
    /// A request is answered with what is known of the id that its path ends with.
    pub(crate) fn start(answer: fn(&str) -> Value) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, visits) = channel();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let keeper = runtime.handle().clone();
        spawn(move || runtime.block_on(std::future::pending::<()>()));
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sender, keeper) = (sender.clone(), keeper.clone());
                // A client that leaves in the middle is missed by whoever waits for its visit.
                spawn(move || serve(stream, answer, &sender, &keeper).ok());
            }
        });
        Ok(Crowd { address, visits })
    }

    /// Forgets what clients did, before the next one is started.
    pub(crate) fn forget(&self) {
        while self.visits.try_recv().is_ok() {}
    }

    /// Waits for so many sockets, and until so many transactions were asked for.
    pub(crate) fn gather(&self, sockets: usize, requests: usize) -> Result<Gathered> {
        let (mut open, mut asked) = (HashMap::new(), HashSet::new());
        while open.len() < sockets || asked.len() < requests {
            match self.visits.recv_timeout(PATIENCE).context("the clients did not all come")? {
                Visit::Socket(id, stream) => drop(open.insert(id, stream)),
                Visit::Request(id) => drop(asked.insert(id)),
            }
        }
        Ok(Gathered(open))
    }
}

impl Gathered {
    /// Pushes to the socket whose path ends with this.
    pub(crate) fn push(&self, id: &str, message: &Value) -> Result<()> {
        let socket = self.0.get(id).context("nobody waits for it")?;
        Ok(socket.send(Message::text(message.to_string()))?)
    }

    /// Pushes to every socket.
    pub(crate) fn push_to_all(&self, message: &Value) -> Result<()> {
        let text = message.to_string();
        self.0.values().try_for_each(|socket| Ok(socket.send(Message::text(text.as_str()))?))
    }

    /// Gives every socket a sign of life, so that nobody asks for one for a while.
    pub(crate) fn ping_all(&self) -> Result<()> {
        self.0.values().try_for_each(|socket| Ok(socket.send(Message::Ping("".into()))?))
    }
}

/// Holds a socket: sends what is pushed, and answers pings.
async fn hold(stream: TcpStream, mut pushed: UnboundedReceiver<Message>) -> Result<()> {
    let stream = tokio::net::TcpStream::from_std(stream)?;
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    loop {
        tokio::select! {
            Some(message) = pushed.recv() => socket.send(message).await?,
            heard = socket.next() => drop(heard.context("the client is gone")??),
        }
    }
}

/// Answers the requests of a connection until one of them upgrades it.
fn serve(
    mut stream: TcpStream,
    answer: fn(&str) -> Value,
    visits: &Sender<Visit>,
    keeper: &Handle,
) -> Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let Head { path, token, key } = read_head(&stream)?;
        ensure!(token.as_deref() == Some(TOKEN), "a client without the token");
        let id = path.rsplit(['/', '=']).next().unwrap_or_default().to_owned();
        if let Some(key) = key {
            upgrade(&stream, &key)?;
            stream.set_nonblocking(true)?;
            let (push, pushed) = unbounded_channel();
            keeper.spawn(hold(stream, pushed));
            return Ok(visits.send(Visit::Socket(id, push))?);
        }
        let body = answer(&id).to_string();
        let length = body.len();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
        stream.write_all(format!("{head} {length}\r\n\r\n{body}").as_bytes())?;
        visits.send(Visit::Request(id))?;
    }
}
