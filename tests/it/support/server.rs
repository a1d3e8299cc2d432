//! A scripted server on loopback, which records the requests it receives.

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
use super::serving::{ServerThread, serve};

/// The replies of a server, by path and query. Each of several replies is used once, the last for all later
/// requests.
#[derive(Default)]
pub struct Script {
    routes: HashMap<String, Route>,
    tls: Option<Arc<ServerConfig>>,
}

struct Route {
    replies: Vec<Reply>,
    used: usize,
}

/// A request that was received.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// The path and query, or the authority of a CONNECT.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// A running server. When dropped, it fails the test if it received a request that its script does not have.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    state: Arc<State>,
    arrivals: mpsc::Receiver<Request>,
    thread: ServerThread,
}

struct State {
    routes: Mutex<HashMap<String, Route>>,
    requests: Mutex<Vec<Request>>,
    unexpected: Mutex<Vec<String>>,
    arrived: mpsc::Sender<Request>,
}

impl Script {
    pub fn new() -> Self {
        Script::default()
    }

    /// The replies to this path and query.
    pub fn route(mut self, path: &str, replies: impl Into<Vec<Reply>>) -> Self {
        let route = Route { replies: replies.into(), used: 0 };
        self.routes.insert(path.to_owned(), route);
        self
    }

    /// Serves over TLS.
    pub fn tls(mut self, config: Arc<ServerConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Listens on a free port; requests are answered from the moment this returns.
    pub fn start(self) -> Server {
        let (arrived, arrivals) = mpsc::channel();
        let state = Arc::new(State {
            routes: Mutex::new(self.routes),
            requests: Mutex::default(),
            unexpected: Mutex::default(),
            arrived,
        });
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let tls = self.tls.map(TlsAcceptor::from);
        let shared = state.clone();
        let (address, thread) = serve(move |stream| {
            let (state, tls) = (shared.clone(), tls.clone());
            async move {
                match tls {
                    None => state.handle(stream).await,
                    // A client that does not trust the certificate disconnects here.
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            state.handle(stream).await;
                        }
                    }
                }
            }
        });
        Server { address, scheme, state, arrivals, thread }
    }
}

impl Server {
    /// Its base address, with the IP address as its host.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Its base address, with this name as its host.
    pub fn url_as(&self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.address.port())
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests received so far.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.state.requests).clone()
    }

    /// The path and query of each request received so far.
    pub fn paths(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.path).collect()
    }

    /// How many requests for this path and query were received.
    pub fn request_count(&self, path: &str) -> usize {
        self.paths().iter().filter(|received| *received == path).count()
    }

    /// The value of a header in each request for this path and query.
    #[track_caller]
    pub fn header_values(&self, path: &str, name: &str) -> Vec<String> {
        let requests = self.requests().into_iter().filter(|request| request.path == path);
        requests.map(|request| request.header(name).unwrap().to_owned()).collect()
    }

    /// Waits for a request for this path and query.
    pub fn wait_for(&self, path: &str) -> Request {
        loop {
            let request = self.next_request(path);
            if request.path == path {
                return request;
            }
        }
    }

    /// Waits until so many of the received requests satisfy the condition.
    pub fn wait_for_count(&self, count: usize, is_counted: impl Fn(&Request) -> bool) {
        while self.requests().iter().filter(|request| is_counted(request)).count() < count {
            self.next_request("more");
        }
    }

    /// Waits for the next request that no wait has taken yet.
    fn next_request(&self, awaited: &str) -> Request {
        match self.arrivals.recv_timeout(Duration::from_secs(30)) {
            Ok(request) => request,
            Err(RecvTimeoutError::Timeout) => panic!("no request for {awaited} was received"),
            Err(RecvTimeoutError::Disconnected) => panic!("the server has stopped"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.thread.stop();
        let unexpected = locked(&self.state.unexpected);
        if !thread::panicking() {
            assert!(unexpected.is_empty(), "the script has no reply to {unexpected:?}");
        }
    }
}

impl Request {
    /// The value of a header, which may be sent only once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} was sent twice: {self:?}");
        value
    }

    /// Reads a request; `None` if the connection was closed before it was complete.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let mut first = lines.next()?.split(' ');
        let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(key, value)| (key.to_owned(), value.trim().to_owned()));
        let headers: Vec<(String, String)> = headers.collect();
        let mut request = Request { method, path, headers, body: String::new() };
        let length = request.header("Content-Length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        request.body = String::from_utf8(body).unwrap();
        Some(request)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl State {
    /// Answers one request. A client may disconnect at any time.
    async fn handle(self: Arc<Self>, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Some(request) = Request::read(&mut stream).await else {
            return;
        };
        // A client asks whether what was no HTTP/1.1 is HTTP/2.
        if request.method == "PRI" {
            return;
        }
        let reply = self.reply_to(&request);
        let reply = match &reply.later {
            Some((gate, later)) if gate.is_open() => (**later).clone(),
            _ => reply,
        };
        if let Some(gate) = &reply.opens {
            gate.open();
        }
        if let Some(gate) = &reply.awaits {
            gate.wait().await;
        }
        let _ = send(&mut stream, &request, &reply).await;
        let _ = stream.shutdown().await;
    }

    fn reply_to(&self, request: &Request) -> Reply {
        let mut routes = locked(&self.routes);
        let reply = routes.get_mut(&request.path).map(|route| {
            let index = route.used.min(route.replies.len() - 1);
            route.used += 1;
            route.replies[index].clone()
        });
        locked(&self.requests).push(request.clone());
        // The receiver is gone once the test has dropped the server.
        let _ = self.arrived.send(request.clone());
        reply.unwrap_or_else(|| {
            locked(&self.unexpected).push(format!("{} {}", request.method, request.path));
            Reply::status(500, "not in the script")
        })
    }
}

async fn send<S>(stream: &mut S, request: &Request, reply: &Reply) -> std::io::Result<()>
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
        Head::Upgrade(_, _, steps) | Head::Events(_, steps) => run_steps(stream, steps).await,
        _ => Ok(()),
    }
}

/// The opcode of a pong.
const PONG: u8 = 0xa;

/// Reads a frame of the client, which is masked and shorter than 64 KiB.
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

async fn run_steps<S>(stream: &mut S, steps: &[Step]) -> std::io::Result<()>
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
            Step::Open(gate) => gate.open(),
            Step::Drop => return Ok(()),
            Step::Await(gate) => gate.wait().await,
            Step::AwaitPong => while next_opcode(stream).await? != PONG {},
        }
        stream.flush().await?;
    }
    copy(stream, &mut sink()).await.map(drop)
}
