//! A proxy that knows only CONNECT, and one way.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use super::server::{Running, Seen, serve};

/// Takes every CONNECT to the same address, whatever it asks for, and remembers what that was.
pub struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Seen>>>,
    running: Option<Running>,
}

impl Proxy {
    pub fn to(origin: SocketAddr) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remembered = asked.clone();
        let (address, running) = serve(move |stream| carry(stream, origin, remembered.clone()));
        Proxy { address, asked, running: Some(running) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything it was asked.
    pub fn asked(&self) -> Vec<Seen> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.end();
        }
    }
}

async fn carry(mut client: TcpStream, origin: SocketAddr, asked: Arc<Mutex<Vec<Seen>>>) {
    let Some(request) = Seen::read(&mut client).await else {
        return;
    };
    let connects = request.method == "CONNECT";
    asked.lock().unwrap().push(request);
    if !connects {
        // A client that went away does not hear it.
        let _ = client.write_all(b"HTTP/1.1 405 Only CONNECT\r\nConnection: close\r\n\r\n").await;
        let _ = client.read(&mut [0]).await;
        return;
    }
    let mut origin = TcpStream::connect(origin).await.unwrap();
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
    // Either side may go away at any time.
    let _ = copy_bidirectional(&mut client, &mut origin).await;
}
