//! A server on loopback that does what a test wrote down, and remembers what it was asked.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::script::{Head, Reply, Step, frame};
use super::serving::{Serving, serve};

/// What a server answers, by path and query. Of several answers each is given once, the last for ever.
#[derive(Default)]
pub struct Script {
    routes: HashMap<String, Route>,
    tls: Option<Arc<ServerConfig>>,
}

struct Route {
    replies: Vec<Reply>,
    asked: usize,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// A running server. Dropped, it fails the test if it was asked for anything that its script has not.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    state: Arc<State>,
    arrivals: mpsc::Receiver<Seen>,
    serving: Option<Serving>,
}

struct State {
    routes: Mutex<HashMap<String, Route>>,
    seen: Mutex<Vec<Seen>>,
    unexpected: Mutex<Vec<String>>,
    arrived: mpsc::Sender<Seen>,
}

impl Script {
    pub fn new() -> Self {
        Script::default()
    }

    /// What is answered to this path and query.
    pub fn route(mut self, target: &str, replies: impl Into<Vec<Reply>>) -> Self {
        let route = Route { replies: replies.into(), asked: 0 };
        self.routes.insert(target.to_owned(), route);
        self
    }

    /// What Proof's REST answers for this transaction.
    pub fn rest(self, id: &str, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(&rest(id), replies)
    }

    /// What Proof's WebSocket does for this transaction.
    pub fn push(self, id: &str, replies: impl Into<Vec<Reply>>) -> Self {
        self.route(&push(id), replies)
    }

    /// Serves over TLS.
    pub fn tls(mut self, config: Arc<ServerConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Listens. A request made from now on is answered.
    pub fn start(self) -> Server {
        let (arrived, arrivals) = mpsc::channel();
        let state = Arc::new(State {
            routes: Mutex::new(self.routes),
            seen: Mutex::default(),
            unexpected: Mutex::default(),
            arrived,
        });
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let tls = self.tls.map(TlsAcceptor::from);
        let serving = state.clone();
        let (address, serving) = serve(move |stream| {
            let (state, tls) = (serving.clone(), tls.clone());
            async move {
                match tls {
                    None => state.converse(stream).await,
                    // A client that does not trust us goes away here.
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            state.converse(stream).await;
                        }
                    }
                }
            }
        });
        Server { address, scheme, state, arrivals, serving: Some(serving) }
    }
}

/// The path of a transaction.
pub fn rest(id: &str) -> String {
    format!("/widget/transactions/{id}")
}

/// The path and query of a transaction's WebSocket.
pub fn push(id: &str) -> String {
    format!("/ws?tx_id={id}")
}

impl Server {
    /// Its base address, by number.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Its base address under a name.
    pub fn url_as(&self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.address.port())
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything it was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        locked(&self.state.seen).clone()
    }

    /// The paths of everything it was asked so far.
    pub fn targets(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.target).collect()
    }

    /// How often it was asked for this.
    pub fn asked(&self, target: &str) -> usize {
        self.targets().iter().filter(|seen| *seen == target).count()
    }

    /// Waits for a request for this.
    pub fn wait_for(&self, target: &str) -> Seen {
        loop {
            match self.arrivals.recv_timeout(Duration::from_secs(30)) {
                Ok(seen) if seen.target == target => return seen,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => panic!("nobody asked for {target}"),
                Err(RecvTimeoutError::Disconnected) => panic!("the server is gone"),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.end();
        }
        let unexpected = locked(&self.state.unexpected);
        if !thread::panicking() {
            assert!(unexpected.is_empty(), "the server was asked for {unexpected:?}");
        }
    }
}

impl Seen {
    /// The value of a header; not found twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} was sent twice: {self:?}");
        value
    }

    /// Reads a request from a connection; none if it was closed before it was whole.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(key, value)| (key.to_owned(), value.trim().to_owned()));
        let headers: Vec<(String, String)> = headers.collect();
        let mut seen = Seen { method, target, headers, body: String::new() };
        let length = seen.header("Content-Length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        seen.body = String::from_utf8(body).unwrap();
        Some(seen)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl State {
    /// One request, one answer; a client that breaks off in between is none of our business.
    async fn converse(self: Arc<Self>, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Some(request) = Seen::read(&mut stream).await else {
            return;
        };
        let reply = self.reply_to(&request);
        if let Some(gate) = &reply.opens {
            gate.open();
        }
        if let Some(gate) = &reply.awaits {
            gate.wait().await;
        }
        let _ = send(&mut stream, &request, &reply).await;
        let _ = stream.shutdown().await;
    }

    fn reply_to(&self, request: &Seen) -> Reply {
        let mut routes = locked(&self.routes);
        let reply = routes.get_mut(&request.target).map(|route| {
            let index = route.asked.min(route.replies.len() - 1);
            route.asked += 1;
            route.replies[index].clone()
        });
        locked(&self.seen).push(request.clone());
        // If the test waits for nothing more, nobody listens.
        let _ = self.arrived.send(request.clone());
        reply.unwrap_or_else(|| {
            locked(&self.unexpected).push(format!("{} {}", request.method, request.target));
            Reply::status(500, "not in the script")
        })
    }
}

async fn send<S>(stream: &mut S, request: &Seen, reply: &Reply) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head = match &reply.head {
        Head::Raw => String::new(),
        Head::Events(..) => "HTTP/1.1 200 Scripted\r\nConnection: close\r\n".to_owned(),
        Head::Status(status, _) => format!("HTTP/1.1 {status} Scripted\r\nConnection: close\r\n"),
        Head::Upgrade(accept, _, _) => {
            let key = request.header("Sec-WebSocket-Key").unwrap_or_default();
            let accept = accept.clone().unwrap_or_else(|| derive_accept_key(key.as_bytes()));
            format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n"
            )
        }
    };
    if let Head::Status(_, headers) | Head::Upgrade(_, headers, _) | Head::Events(headers, _) =
        &reply.head
    {
        head.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
        if matches!(reply.head, Head::Status(..)) {
            head += &format!("Content-Length: {}\r\n", reply.body.len());
        }
        head += "\r\n";
    }
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&reply.body).await?;
    stream.flush().await?;
    match &reply.head {
        Head::Upgrade(_, _, steps) | Head::Events(_, steps) => perform(stream, steps).await,
        _ => Ok(()),
    }
}

/// The opcode of a pong.
const PONG: u8 = 0xa;

/// Reads a frame of the client's, which is masked and short.
async fn next_opcode(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<u8> {
    const MASK: usize = 4;
    let (first, length) = (stream.read_u8().await?, stream.read_u8().await? & 0x7f);
    let length = match length {
        126 => stream.read_u16().await?.into(),
        length => usize::from(length),
    };
    stream.read_exact(&mut vec![0; MASK + length]).await?;
    Ok(first & 0x0f)
}

async fn perform<S>(stream: &mut S, steps: &[Step]) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for step in steps {
        match step {
            Step::Text(text) => stream.write_all(&frame(0x81, text.as_bytes())).await?,
            Step::Raw(bytes) => stream.write_all(bytes).await?,
            Step::Close(code, reason) => {
                let payload = [&code.to_be_bytes()[..], reason.as_bytes()].concat();
                stream.write_all(&frame(0x88, &payload)).await?;
            }
            Step::Drop => return Ok(()),
            Step::Await(gate) => gate.wait().await,
            Step::AwaitPong => while next_opcode(stream).await? != PONG {},
        }
        stream.flush().await?;
    }
    copy(stream, &mut sink()).await.map(drop)
}
