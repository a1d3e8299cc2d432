//! A TCP proxy that breaks connections the way networks do.
//!
//! The crate `noxious` was tried for this: it cannot reset a connection, does not report which port it
//! bound, applies a toxic to all connections or none, and brings two dozen crates along.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::yield_now;

use super::script::Gate;
use super::server::Request;
use super::serving::{ServerThread, serve, serve_at};

/// What the proxy does to a connection.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Forwards everything.
    None,
    /// Reads the request, forwards nothing, and fails.
    Unanswered(Failure),
    /// Forwards the server's bytes up to and including the first occurrence of this text, then fails.
    After(&'static str, Failure),
    /// Sends every byte of the server in a packet of its own.
    ByteByByte,
}

/// How a connection fails.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// With a TCP reset.
    Reset,
    /// With an orderly close, as if the message were complete.
    Closed,
    /// It stays open, and nothing is forwarded any more.
    Stalled,
}

/// A proxy in front of a server.
pub struct FaultyProxy {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    _thread: ServerThread,
}

impl FaultyProxy {
    /// Each fault applies to one connection, the last to all later ones.
    pub fn new(server: SocketAddr, faults: impl Into<Vec<Fault>>) -> Self {
        let (faults, connections) = (faults.into(), Arc::<AtomicUsize>::default());
        let count = connections.clone();
        let (address, thread) = serve(move |client| {
            let index = count.fetch_add(1, Ordering::Relaxed);
            relay(client, server, faults[index.min(faults.len() - 1)].clone())
        });
        FaultyProxy { address, connections, _thread: thread }
    }

    /// Refuses every connection until the gate opens; from then on it has no fault.
    pub fn refusing(server: SocketAddr, until: &Gate) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let until = until.clone();
        let listen = async move {
            // A port that is bound but does not listen refuses connections.
            until.wait().await;
            socket.listen(16).unwrap()
        };
        let thread = serve_at(listen, move |client| relay(client, server, Fault::None));
        FaultyProxy { address, connections: Arc::default(), _thread: thread }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections it has accepted.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn relay(mut client: TcpStream, server: SocketAddr, fault: Fault) {
    if let Fault::Unanswered(failure) = fault {
        if Request::read(&mut client).await.is_some() {
            fail(client, failure).await;
        }
        return;
    }
    client.set_nodelay(true).unwrap();
    // A server that does not accept looks to the client like one that closes.
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = forward(&mut from_server, &mut to_client, &fault);
    tokio::select! {
        failure = answers => {
            let client = from_client.reunite(to_client).unwrap();
            fail(client, failure).await;
        }
        _ = copy(&mut from_client, &mut to_server) => {}
    }
}

/// Forwards what the server sends, until it closes the connection or the fault applies.
async fn forward(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, fault: &Fault) -> Failure {
    let (mut chunk, mut received) = ([0; 4_096], Vec::new());
    loop {
        let Ok(count @ 1..) = from.read(&mut chunk).await else {
            return Failure::Closed;
        };
        let forwarded = received.len();
        received.extend_from_slice(&chunk[..count]);
        let until = match fault {
            Fault::After(needle, _) => end_of(needle.as_bytes(), &received),
            _ => None,
        };
        let step = if matches!(fault, Fault::ByteByByte) { 1 } else { count };
        for bytes in received[forwarded..until.unwrap_or(received.len())].chunks(step) {
            if to.write_all(bytes).await.is_err() {
                return Failure::Closed;
            }
            yield_now().await;
        }
        if let (Some(_), Fault::After(_, failure)) = (until, fault) {
            return *failure;
        }
    }
}

/// The offset after the first occurrence.
fn end_of(needle: &[u8], haystack: &[u8]) -> Option<usize> {
    let at = haystack.windows(needle.len()).position(|window| window == needle)?;
    Some(at + needle.len())
}

async fn fail(mut client: TcpStream, failure: Failure) {
    match failure {
        Failure::Reset => client.set_zero_linger().unwrap(),
        // The client may have disconnected already.
        Failure::Closed => drop(client.shutdown().await),
        Failure::Stalled => drop(copy(&mut client, &mut sink()).await),
    }
}
