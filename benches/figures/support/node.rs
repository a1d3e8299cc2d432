//! A Casper node that answers at once, and tells events only when it is told to. It blocks in plain
//! threads, so that whoever tells them does it by its own hand, and knows the moment.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::spawn;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use txwatch::sandbox::casper::format::server_sent;

use super::http::read_head;

/// How long a client may take to come, or to read on.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server, and the listeners that nobody has looked at yet.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    arrivals: Receiver<TcpStream>,
}

/// A client that listens to events.
pub(crate) struct Listener {
    stream: TcpStream,
}

impl Node {
    /// Every question to its JSON-RPC has this answer.
    pub(crate) fn start(answer: String) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, arrivals) = channel();
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sender, answer) = (sender.clone(), answer.clone());
                // A client that leaves in the middle is missed by whoever waits for it.
                spawn(move || serve(stream, &answer, &sender).ok());
            }
        });
        Ok(Node { address, arrivals })
    }

    /// Waits for a client that listens.
    pub(crate) fn await_listener(&self) -> Result<Listener> {
        let stream = self.arrivals.recv_timeout(PATIENCE).context("the client did not come")?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Listener { stream })
    }
}

impl Listener {
    /// Tells these events, in the chunks of [`chunk`], and then ends the stream.
    pub(crate) fn tell(&mut self, chunks: &[u8]) -> Result<()> {
        self.stream.write_all(chunks).context("the client did not hear everything")?;
        // A client that knows enough by now is gone.
        let _ = self.stream.write_all(b"0\r\n\r\n");
        let _ = self.stream.shutdown(Shutdown::Write);
        Ok(())
    }
}

/// Appends an event, in a chunk of its own as nodes do it.
pub(crate) fn chunk(chunks: &mut Vec<u8>, id: Option<u64>, data: &str) -> Result<()> {
    let event = server_sent(id, data);
    Ok(write!(chunks, "{:x}\r\n{event}\r\n", event.len())?)
}

/// Answers the one request of a connection.
fn serve(mut stream: TcpStream, answer: &str, arrivals: &Sender<TcpStream>) -> Result<()> {
    stream.set_nodelay(true)?;
    match read_head(&stream)?.path.as_str() {
        "/rpc" => {
            let length = answer.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
                 connection: close\r\n\r\n{answer}"
            );
            Ok(stream.write_all(answer.as_bytes())?)
        }
        "/events" => {
            stream.write_all(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n\
                  transfer-encoding: chunked\r\n\r\n",
            )?;
            Ok(arrivals.send(stream)?)
        }
        path => bail!("there is no {path}"),
    }
}
