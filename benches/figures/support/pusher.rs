//! A server of Pusher Channels (protocol 7) that speaks only when it is told to. Whoever measures does its
//! side of the conversation by its own hand, and knows the moments.

use std::io::{copy, sink};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::spawn;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Message, WebSocket};
use txwatch::sandbox::transak::pusher;

use super::http::{read_head, upgrade};

/// The key of the only application.
pub(crate) const APP_KEY: &str = "figures-key";
/// How long a client may take to come, or to say what it has to.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server, and the connections that nobody has looked at yet.
pub(crate) struct Pusher {
    pub(crate) address: SocketAddr,
    arrivals: Receiver<TcpStream>,
}

/// A client that has subscribed and waits.
pub(crate) struct Subscriber {
    socket: WebSocket<TcpStream>,
    /// When its last subscription arrived.
    pub(crate) since: Instant,
}

impl Pusher {
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, arrivals) = channel();
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                // A client that leaves in the middle is missed by whoever waits for it.
                spawn(move || accept(stream, &sender).ok());
            }
        });
        Ok(Pusher { address, arrivals })
    }

    /// Waits for a client, and for its subscriptions to so many channels.
    pub(crate) fn await_subscriber(&self, channels: usize) -> Result<Subscriber> {
        let stream = self.arrivals.recv_timeout(PATIENCE).context("the client did not come")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let socket = WebSocket::from_raw_socket(stream, Role::Server, None);
        let mut subscriber = Subscriber { socket, since: Instant::now() };
        subscriber.say(&pusher::connection_established("1.1", 120))?;
        let mut subscribed = 0;
        while subscribed < channels {
            subscribed += usize::from(subscriber.hear()?);
        }
        Ok(subscriber)
    }
}

/// Upgrades a connection.
fn accept(stream: TcpStream, arrivals: &Sender<TcpStream>) -> Result<()> {
    stream.set_nodelay(true)?;
    let head = read_head(&stream)?;
    let path = head.path.split('?').next().unwrap_or_default();
    ensure!(path.strip_prefix("/app/") == Some(APP_KEY), "{path} is of another application");
    upgrade(&stream, &head.key.context("no upgrade")?)?;
    Ok(arrivals.send(stream)?)
}

impl Subscriber {
    /// Answers one message; tells whether it was a subscription.
    fn hear(&mut self) -> Result<bool> {
        let message = self.socket.read().context("it said nothing more")?;
        let Message::Text(text) = &message else {
            return Ok(false);
        };
        let heard: Value = serde_json::from_str(text)?;
        match heard["event"].as_str() {
            Some("pusher:subscribe") => {
                self.since = Instant::now();
                let channel = heard["data"]["channel"].as_str().context("no channel")?;
                self.say(&pusher::subscription_succeeded(channel))?;
                Ok(true)
            }
            Some("pusher:ping") => {
                self.say(&pusher::pong())?;
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    fn say(&mut self, message: &Value) -> Result<()> {
        Ok(self.socket.send(Message::text(message.to_string()))?)
    }

    /// Publishes to this client. The data is text already: an object in JSON, or a signed token.
    pub(crate) fn publish(&mut self, channel: &str, event: &str, data: &str) -> Result<()> {
        self.say(&pusher::published(event, channel, data))
    }

    /// Throws away whatever the client says from now on, so that it never has to wait for its turn.
    pub(crate) fn listen_no_more(&self) -> Result<()> {
        let mut stream = self.socket.get_ref().try_clone()?;
        stream.set_read_timeout(None)?;
        spawn(move || copy(&mut stream, &mut sink()));
        Ok(())
    }

    /// Another hand to write frames with.
    pub(crate) fn writer(&self) -> Result<TcpStream> {
        Ok(self.socket.get_ref().try_clone()?)
    }
}

/// Appends the frame that publishes this.
pub(crate) fn frame(frames: &mut Vec<u8>, channel: &str, event: &str, data: &str) -> Result<()> {
    let text = pusher::published(event, channel, data).to_string();
    let frame = Frame::message(text, OpCode::Data(Data::Text), true);
    Ok(frame.format(frames)?)
}
