//! A server for thousands of clients at once, or for one with thousands of transactions. It speaks only
//! when it is told to.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::spawn;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::http::{Head, read_head, upgrade};
use super::server::TOKEN;

/// How long nothing may come of a crowd that is still expected.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a client did: it opened a socket, or asked, for what its path ends with.
enum Visit {
    Socket(String, TcpStream),
    Request(String),
}

/// The server, and what its clients did.
pub(crate) struct Crowd {
    pub(crate) address: SocketAddr,
    visits: Receiver<Visit>,
}

/// The sockets that wait for a push, by what their paths end with.
pub(crate) struct Gathered(HashMap<String, TcpStream>);

impl Crowd {
    /// A request is answered with what is known of the id that its path ends with.
    pub(crate) fn start(answer: fn(&str) -> Value) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, visits) = channel();
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                // A client that leaves in the middle is missed by whoever waits for its visit.
                spawn(move || serve(stream, answer, &sender).ok());
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
    pub(crate) fn push(&mut self, id: &str, message: &Value) -> Result<()> {
        let stream = self.0.get_mut(id).context("nobody waits for it")?;
        write(stream, message)
    }

    /// Pushes to the only socket.
    pub(crate) fn push_to_all(&mut self, message: &Value) -> Result<()> {
        self.0.values_mut().try_for_each(|stream| write(stream, message))
    }
}

fn write(stream: &mut TcpStream, message: &Value) -> Result<()> {
    let mut frame = Vec::new();
    Frame::message(message.to_string(), OpCode::Data(Data::Text), true).format(&mut frame)?;
    Ok(stream.write_all(&frame)?)
}

/// Answers the requests of a connection until one of them upgrades it.
fn serve(mut stream: TcpStream, answer: fn(&str) -> Value, visits: &Sender<Visit>) -> Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let Head { path, token, key } = read_head(&stream)?;
        ensure!(token.as_deref() == Some(TOKEN), "a client without the token");
        let id = path.rsplit(['/', '=']).next().unwrap_or_default().to_owned();
        if let Some(key) = key {
            upgrade(&stream, &key)?;
            return Ok(visits.send(Visit::Socket(id, stream))?);
        }
        let body = answer(&id).to_string();
        let length = body.len();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
        stream.write_all(format!("{head} {length}\r\n\r\n{body}").as_bytes())?;
        visits.send(Visit::Request(id))?;
    }
}
