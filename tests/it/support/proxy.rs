//! An HTTP proxy that knows only CONNECT, and one destination.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

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
        let requests = Arc::new(Mutex::new(Vec::new()));
        let recorded = requests.clone();
        let (address, thread) =
            serve(move |stream| tunnel(stream, origin, recorded.clone(), failures));
        ConnectProxy { address, requests, _thread: thread }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests received so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn tunnel(
    mut client: TcpStream,
    origin: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    failures: usize,
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
    let rejection = if !is_connect {
        Some("405 Only CONNECT")
    } else if earlier < failures {
        Some("502 No such host")
    } else {
        None
    };
    if let Some(rejection) = rejection {
        // The client may have disconnected already.
        let answer = format!("HTTP/1.1 {rejection}\r\nConnection: close\r\n\r\n");
        let _ = client.write_all(answer.as_bytes()).await;
        let _ = client.read(&mut [0]).await;
        return;
    }
    let mut origin = TcpStream::connect(origin).await.unwrap();
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
    // Either side may disconnect at any time.
    let _ = copy_bidirectional(&mut client, &mut origin).await;
}
