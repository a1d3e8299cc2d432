//! A running `txwatch sandbox`, and clients of its wire that know nothing of txwatch's own.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::running::Running;
use super::txwatch::{Txwatch, txwatch};

/// Longer than anything that a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A sandbox for several programs.
pub struct Rehearsal {
    variables: HashMap<String, String>,
    _sandbox: Running,
}

/// An answer to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

/// A bare client of a WebSocket, mostly Pusher's.
pub struct Pusher(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What a connection says.
#[derive(Debug)]
pub enum Heard {
    /// A message.
    Message(Value),
    /// Text that is no JSON, or no text.
    Noise,
    /// A close frame with this code.
    Closed(u16),
    /// The end, without a close frame.
    Cut,
}

impl Rehearsal {
    /// Starts it. Its scenarios run ten times as fast.
    pub fn start() -> Self {
        Rehearsal::of(txwatch(["sandbox"]))
    }

    /// Starts it, in real time.
    pub fn start_in_real_time() -> Self {
        Rehearsal::of(txwatch(["sandbox"]).in_real_time())
    }

    /// Starts it by this command, and reads the environment that it prints.
    pub fn of(command: Txwatch) -> Self {
        let mut sandbox = command.start_piped();
        let mut variables = HashMap::new();
        while !variables.contains_key("TXWATCH_CASPER_PUSH_URL") {
            let line = sandbox.wait_for_stdout("export ");
            let line = line.trim_end().strip_prefix("export ").unwrap();
            let (name, value) = line.split_once('=').unwrap();
            variables.insert(name.to_owned(), value.to_owned());
        }
        Rehearsal { variables, _sandbox: sandbox }
    }

    /// A variable that it printed, by what follows `TXWATCH_`.
    pub fn variable(&self, name: &str) -> &str {
        &self.variables[&format!("TXWATCH_{name}")]
    }

    /// A command line that has its environment.
    pub fn txwatch(&self, arguments: &[&str]) -> Txwatch {
        let command = txwatch(arguments);
        self.variables.iter().fold(command, |command, (name, value)| command.env(name, value))
    }

    /// Asks Transak's REST with its access token.
    pub async fn ask(&self, path: &str) -> Answer {
        self.request(
            &format!("GET {path}"),
            &[("access-token", self.variable("TRANSAK_TOKEN"))],
            "",
        )
        .await
    }

    /// Makes a request to `/partners/api/v2`.
    pub async fn request(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let url = format!("{}/partners/api/v2/{path}", self.variable("TRANSAK_URL"));
        exchange(method, &url, headers, body).await
    }

    /// Opens a connection to `/app/` and this.
    pub async fn open(&self, rest: &str) -> Pusher {
        let url = format!("{}/app/{rest}", self.variable("TRANSAK_PUSH_URL"));
        Pusher(connect_async(url).await.unwrap().0)
    }

    /// Opens a connection, hears its greeting and subscribes.
    pub async fn subscribed(&self, channels: &[&str]) -> Pusher {
        let key = self.variable("TRANSAK_PUSHER_KEY");
        let mut pusher = self.open(&format!("{key}?protocol=7&client=test&version=1")).await;
        assert_eq!(pusher.message().await["event"], "pusher:connection_established");
        for channel in channels {
            pusher.subscribe(channel).await;
            let answer = pusher.message().await;
            assert_eq!(answer["event"], "pusher_internal:subscription_succeeded", "{answer}");
            assert_eq!((&answer["channel"], &answer["data"]), (&json!(channel), &json!("{}")));
        }
        pusher
    }
}

/// Opens a connection and makes a request on it.
pub async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut request = format!("{method} /{path} HTTP/1.1\r\nHost: {address}\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Makes a request and reads the answer.
pub async fn exchange(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = send(method, url, headers, body).await;
    let mut text = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut text)).await.unwrap().unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: serde_json::from_str(body).unwrap(),
    }
}

impl Pusher {
    pub async fn say(&mut self, event: &str, data: Value) {
        let message = json!({ "event": event, "data": data });
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn subscribe(&mut self, channel: &str) {
        self.say("pusher:subscribe", json!({ "channel": channel })).await;
    }

    /// Sends a ping of WebSocket's own.
    pub async fn ping(&mut self) {
        self.0.send(Message::Ping(Vec::new().into())).await.unwrap();
    }

    /// Waits for whatever comes next.
    pub async fn next(&mut self) -> Heard {
        loop {
            let heard = timeout(PATIENCE, self.0.next()).await.expect("nothing came");
            return match heard {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(message @ Value::Object(_)) => Heard::Message(message),
                    _ => Heard::Noise,
                },
                Some(Ok(Message::Binary(_))) => Heard::Noise,
                Some(Ok(Message::Close(Some(CloseFrame { code, .. })))) => {
                    Heard::Closed(code.into())
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Heard::Cut,
            };
        }
    }

    /// Waits for a message.
    pub async fn message(&mut self) -> Value {
        match self.next().await {
            Heard::Message(message) => message,
            other => panic!("not a message: {other:?}"),
        }
    }

    /// Waits for an event of an order: its name, the channel, and the data that is encoded in it.
    pub async fn event(&mut self) -> (String, String, Value) {
        let message = self.message().await;
        let text = |key: &str| message[key].as_str().unwrap().to_owned();
        (text("event"), text("channel"), serde_json::from_str(&text("data")).unwrap())
    }

    /// Whether nothing at all comes for a while.
    pub async fn is_mute(&mut self, span: Duration) -> bool {
        timeout(span, self.0.next()).await.is_err()
    }
}
