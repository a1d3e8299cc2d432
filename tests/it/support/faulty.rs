//! A proxy that breaks connections the way networks do.
//!
//! The crate `noxious` was tried for this: it cannot reset a connection, does not tell which port it
//! bound, has a toxic befall all connections or none, and brings two dozen crates along.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::yield_now;

use super::script::Gate;
use super::server::Seen;
use super::serving::{Serving, serve, serve_at};

/// What becomes of a connection.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing: whatever is said passes.
    None,
    /// Its request arrives, and that is answered by this.
    Unanswered(End),
    /// What the server says passes until this was in it.
    After(&'static str, End),
    /// Every byte of the server's comes in a packet of its own.
    ByteByByte,
}

/// How a connection ends before its time.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// By a packet that says so.
    Reset,
    /// In order, as if all had been said.
    Closed,
    /// Not at all: nothing passes any more, and nobody is told.
    Silent,
}

/// A proxy in front of a server.
pub struct Faulty {
    address: SocketAddr,
    met: Arc<AtomicUsize>,
    serving: Option<Serving>,
}

impl Faulty {
    /// Each of the faults befalls one connection, the last all that come later.
    pub fn before(server: SocketAddr, faults: impl Into<Vec<Fault>>) -> Self {
        let (faults, met) = (faults.into(), Arc::<AtomicUsize>::default());
        let count = met.clone();
        let (address, serving) = serve(move |client| {
            let index = count.fetch_add(1, Ordering::Relaxed);
            carry(client, server, faults[index.min(faults.len() - 1)].clone())
        });
        Faulty { address, met, serving: Some(serving) }
    }

    /// Refuses every connection until the gate opens, and is then without a fault.
    pub fn refusing(server: SocketAddr, until: &Gate) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let until = until.clone();
        let listen = async move {
            // What is bound and does not listen refuses.
            until.wait().await;
            socket.listen(16).unwrap()
        };
        let serving = serve_at(listen, move |client| carry(client, server, Fault::None));
        Faulty { address, met: Arc::default(), serving: Some(serving) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections there were.
    pub fn met(&self) -> usize {
        self.met.load(Ordering::Relaxed)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.end();
        }
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr, fault: Fault) {
    if let Fault::Unanswered(end) = fault {
        if Seen::read(&mut client).await.is_some() {
            finish(client, end).await;
        }
        return;
    }
    client.set_nodelay(true).unwrap();
    // A server that is gone is as good as one that closes.
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = pass(&mut from_server, &mut to_client, &fault);
    tokio::select! {
        end = answers => {
            let client = from_client.reunite(to_client).unwrap();
            finish(client, end).await;
        }
        _ = copy(&mut from_client, &mut to_server) => {}
    }
}

/// Passes on what the server says, until it says no more or the fault befalls it.
async fn pass(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, fault: &Fault) -> End {
    let (mut chunk, mut said) = ([0; 4_096], Vec::new());
    loop {
        let Ok(count @ 1..) = from.read(&mut chunk).await else {
            return End::Closed;
        };
        let before = said.len();
        said.extend_from_slice(&chunk[..count]);
        let until = match fault {
            Fault::After(needle, _) => end_of(needle.as_bytes(), &said),
            _ => None,
        };
        let step = if matches!(fault, Fault::ByteByByte) { 1 } else { count };
        for bytes in said[before..until.unwrap_or(said.len())].chunks(step) {
            if to.write_all(bytes).await.is_err() {
                return End::Closed;
            }
            yield_now().await;
        }
        if let (Some(_), Fault::After(_, end)) = (until, fault) {
            return *end;
        }
    }
}

/// Where this ends for the first time.
fn end_of(needle: &[u8], said: &[u8]) -> Option<usize> {
    let at = said.windows(needle.len()).position(|window| window == needle)?;
    Some(at + needle.len())
}

async fn finish(mut client: TcpStream, end: End) {
    match end {
        End::Reset => client.set_zero_linger().unwrap(),
        // It may be gone already.
        End::Closed => drop(client.shutdown().await),
        End::Silent => drop(copy(&mut client, &mut sink()).await),
    }
}
