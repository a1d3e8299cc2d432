//! A proxy that knows only CONNECT, and one way.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use super::server::Seen;
use super::serving::{Serving, serve};

/// Takes every CONNECT to the same address, whatever it asks for, and remembers what that was.
pub struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Seen>>>,
    serving: Option<Serving>,
}

impl Proxy {
    pub fn to(origin: SocketAddr) -> Self {
        Proxy::to_after(origin, 0)
    }

    /// The same, but so many times at first it cannot resolve the name.
    pub fn to_after(origin: SocketAddr, failures: usize) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remembered = asked.clone();
        let (address, serving) =
            serve(move |stream| carry(stream, origin, remembered.clone(), failures));
        Proxy { address, asked, serving: Some(serving) }
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
        if let Some(serving) = self.serving.take() {
            serving.end();
        }
    }
}

async fn carry(
    mut client: TcpStream,
    origin: SocketAddr,
    asked: Arc<Mutex<Vec<Seen>>>,
    failures: usize,
) {
    let Some(request) = Seen::read(&mut client).await else {
        return;
    };
    let connects = request.method == "CONNECT";
    let earlier = {
        let mut asked = asked.lock().unwrap();
        asked.push(request);
        asked.len() - 1
    };
    let refusal = match connects {
        true if earlier >= failures => None,
        true => Some("502 No such host"),
        false => Some("405 Only CONNECT"),
    };
    if let Some(refusal) = refusal {
        // A client that went away does not hear it.
        let answer = format!("HTTP/1.1 {refusal}\r\nConnection: close\r\n\r\n");
        let _ = client.write_all(answer.as_bytes()).await;
        let _ = client.read(&mut [0]).await;
        return;
    }
    let mut origin = TcpStream::connect(origin).await.unwrap();
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
    // Either side may go away at any time.
    let _ = copy_bidirectional(&mut client, &mut origin).await;
}
