//! Proxies that connect to one destination whatever they are asked for: HTTP proxies that know only CONNECT, and
//! SOCKS 5.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::server::Request;
use super::serving::{ServerThread, serve};

/// Tunnels every CONNECT to the same address, whatever its authority, and records the requests.
pub struct ConnectProxy {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    _thread: ServerThread,
}

impl ConnectProxy {
    pub fn to(origin: SocketAddr) -> Self {
        ConnectProxy::failing_first(origin, 0)
    }

    /// The same, but it answers so many requests at first that it cannot resolve the name.
    pub fn failing_first(origin: SocketAddr, failures: usize) -> Self {
        ConnectProxy::rejecting_first(origin, failures, "502 No such host")
    }

    /// It answers every request with this status line.
    pub fn rejecting(status: &'static str) -> Self {
        ConnectProxy::rejecting_first(SocketAddr::from(([127, 0, 0, 1], 9)), usize::MAX, status)
    }

    /// It is reached with TLS.
    pub fn with_tls(origin: SocketAddr, config: Arc<ServerConfig>) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (recorded, tls) = (requests.clone(), TlsAcceptor::from(config));
        let (address, thread) = serve(move |stream| {
            let (recorded, tls) = (recorded.clone(), tls.clone());
            async move {
                let stream = tls.accept(stream).await.expect("the proxy received no TLS");
                tunnel(stream, origin, recorded, 0, "").await;
            }
        });
        ConnectProxy { address, requests, _thread: thread }
    }

    fn rejecting_first(origin: SocketAddr, failures: usize, status: &'static str) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let recorded = requests.clone();
        let (address, thread) =
            serve(move |stream| tunnel(stream, origin, recorded.clone(), failures, status));
        ConnectProxy { address, requests, _thread: thread }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address with these credentials.
    pub fn url_with(&self, credentials: &str) -> String {
        format!("http://{credentials}@{}", self.address)
    }

    /// The requests received so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// What was asked for so far: the authorities of the CONNECTs.
    #[track_caller]
    pub fn connects(&self) -> Vec<String> {
        let check = |request: Request| {
            assert_eq!(request.method, "CONNECT");
            assert_eq!(request.header("Authorization"), None, "the proxy received the token");
            assert_eq!(request.header("Host"), Some(&*request.path), "{request:?}");
            request.path
        };
        self.requests().into_iter().map(check).collect()
    }
}

async fn tunnel(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    origin: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    failures: usize,
    status: &'static str,
) {
    let Some(request) = Request::read(&mut client).await else {
        return;
    };
    let is_connect = request.method == "CONNECT";
    let earlier = {
        let mut requests = requests.lock().unwrap();
        requests.push(request);
        requests.len() - 1
    };
    let rejection = if earlier < failures {
        Some(status)
    } else if !is_connect {
        Some("405 Only CONNECT")
    } else {
        None
    };
    if let Some(rejection) = rejection {
        // The client may have disconnected already.
        let answer =
            format!("HTTP/1.1 {rejection}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        let _ = client.write_all(answer.as_bytes()).await;
        let _ = client.read(&mut [0]).await;
        return;
    }
    let mut origin = TcpStream::connect(origin).await.unwrap();
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
    client.flush().await.unwrap();
    // Either side may disconnect at any time.
    let _ = copy_bidirectional(&mut client, &mut origin).await;
}

/// A SOCKS 5 proxy (RFC 1928) that lets in whoever has the password, or everybody.
pub struct SocksProxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    _thread: ServerThread,
}

impl SocksProxy {
    /// Connects to this address whatever it is asked for; `login` is a user and a password with their lengths.
    pub fn to(origin: SocketAddr, login: Option<&'static [u8]>) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let recorded = asked.clone();
        let (address, thread) = serve(move |mut client| {
            let asked = recorded.clone();
            async move {
                // A client that is not let in disconnects.
                let _ = socks(&mut client, origin, login, &asked).await;
            }
        });
        SocksProxy { address, asked, _thread: thread }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was asked for so far, as `HOST:PORT`.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn socks(
    client: &mut TcpStream,
    origin: SocketAddr,
    login: Option<&'static [u8]>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    const VERSION: u8 = 5;
    const NO_LOGIN: u8 = 0;
    const LOGIN: u8 = 2;
    const NAME: u8 = 3;
    assert_eq!(client.read_u8().await?, VERSION);
    let mut methods = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut methods).await?;
    match login {
        None => client.write_all(&[VERSION, NO_LOGIN]).await?,
        Some(_) if !methods.contains(&LOGIN) => return client.write_all(&[VERSION, 0xff]).await,
        Some(login) => {
            client.write_all(&[VERSION, LOGIN]).await?;
            let mut given = vec![0; 1 + login.len()];
            client.read_exact(&mut given).await?;
            let is_wrong = given[1..] != *login;
            client.write_all(&[1, is_wrong.into()]).await?;
        }
    }
    let mut request = [0; 4];
    client.read_exact(&mut request).await?;
    assert_eq!(request, [VERSION, 1, 0, NAME], "a connection to a name");
    let mut name = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut name).await?;
    let port = client.read_u16().await?;
    asked.lock().unwrap().push(format!("{}:{port}", String::from_utf8(name).unwrap()));
    let mut origin = TcpStream::connect(origin).await?;
    client.write_all(&[VERSION, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    copy_bidirectional(client, &mut origin).await.map(drop)
}
