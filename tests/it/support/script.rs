//! The replies of a scripted server, and the steps on an open connection.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

/// A one-shot signal between the test and its servers: once opened, it stays open.
#[derive(Clone, Debug)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    pub fn new() -> Self {
        Gate(Arc::new(watch::Sender::new(false)))
    }

    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(super) fn is_open(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is open; panics after 30 seconds, so that a failing test does not hang.
    pub(super) async fn wait(&self) {
        let mut gate = self.0.subscribe();
        let opened = timeout(Duration::from_secs(30), gate.wait_for(|open| *open)).await;
        assert!(opened.is_ok(), "a gate was never opened");
    }
}

/// The reply to one request.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) head: Head,
    pub(super) body: Arc<[u8]>,
    /// Opened when the request has been received.
    pub(super) opens: Option<Gate>,
    /// Awaited before the reply is sent.
    pub(super) awaits: Option<Gate>,
    /// The reply once this gate is open.
    pub(super) later: Option<(Gate, Arc<Reply>)>,
}

#[derive(Clone, Debug)]
pub(super) enum Head {
    /// A status, and headers in addition to those of every reply.
    Status(u16, Vec<(String, String)>),
    /// `101`: a wrong `Sec-WebSocket-Accept` if there is one here, additional headers, and the steps after it.
    Upgrade(Option<String>, Vec<(String, String)>, Vec<Step>),
    /// `200` with an event stream: additional headers, and the steps after them.
    Events(Vec<(String, String)>, Vec<Step>),
    /// None: only the body is sent.
    Raw,
}

/// A step on a WebSocket or an event stream. After the last step the connection stays open until the client
/// closes it.
#[derive(Clone, Debug)]
pub enum Step {
    /// A text frame.
    Text(String),
    /// Bytes, sent unchanged.
    Raw(Vec<u8>),
    /// A close frame.
    Close(u16, &'static str),
    /// The server closes the connection without a close frame.
    Drop,
    /// Waits until the gate opens.
    Await(Gate),
    /// Opens the gate.
    Open(Gate),
    /// Waits for the client's pong.
    AwaitPong,
}

impl Reply {
    fn new(head: Head, body: impl Into<Vec<u8>>) -> Self {
        Reply { head, body: body.into().into(), opens: None, awaits: None, later: None }
    }

    /// A status and a body.
    pub fn status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Reply::new(Head::Status(status, Vec::new()), body)
    }

    /// `200` with a JSON body.
    pub fn json(body: &Value) -> Self {
        Reply::status(200, body.to_string()).header("Content-Type", "application/json")
    }

    /// Bytes in place of an HTTP response.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Reply::new(Head::Raw, bytes)
    }

    /// An accepted WebSocket upgrade.
    pub fn upgrade(steps: impl Into<Vec<Step>>) -> Self {
        Reply::new(Head::Upgrade(None, Vec::new(), steps.into()), "")
    }

    /// An upgrade with this `Sec-WebSocket-Accept`.
    pub fn upgrade_with_accept(accept: &str) -> Self {
        Reply::new(Head::Upgrade(Some(accept.to_owned()), Vec::new(), Vec::new()), "")
    }

    /// An event stream, which begins like that of a Casper node.
    pub fn events(steps: impl Into<Vec<Step>>) -> Self {
        let version = Step::Raw(b"data:{\"ApiVersion\":\"2.0.0\"}\n\n".to_vec());
        let steps = [version].into_iter().chain(steps.into()).collect();
        Reply::new(Head::Events(Vec::new(), steps), "").header("Content-Type", "text/event-stream")
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match &mut self.head {
            Head::Status(_, headers) | Head::Upgrade(_, headers, _) | Head::Events(headers, _) => {
                headers.push((name.to_owned(), value.to_owned()));
            }
            Head::Raw => panic!("raw bytes have no headers"),
        }
        self
    }

    /// The same with another body, made of this one.
    pub fn edited(mut self, edit: impl Fn(&str) -> String) -> Self {
        self.body = edit(std::str::from_utf8(&self.body).unwrap()).into_bytes().into();
        self
    }

    /// Opens a gate when the request has been received.
    pub fn opens(mut self, gate: &Gate) -> Self {
        self.opens = Some(gate.clone());
        self
    }

    /// Another reply comes in its place once a gate is open.
    pub fn until(mut self, gate: &Gate, later: Reply) -> Self {
        self.later = Some((gate.clone(), Arc::new(later)));
        self
    }

    /// Adds a step after those on the open connection, if they contain this text.
    pub fn followed_by(mut self, text: &str, step: &Step) -> Self {
        if let Head::Upgrade(_, _, steps) | Head::Events(_, steps) = &mut self.head {
            let sent: Vec<&[u8]> = steps.iter().filter_map(Step::bytes).collect();
            if String::from_utf8_lossy(&sent.concat()).contains(text) {
                steps.push(step.clone());
            }
        }
        self
    }

    /// Whether this text is in the body.
    pub fn contains(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(text)
    }

    /// Waits for a gate before it is sent.
    pub fn awaits(mut self, gate: &Gate) -> Self {
        self.awaits = Some(gate.clone());
        self
    }
}

impl Step {
    /// The same message with another text, made of this one.
    pub fn edited(self, edit: impl Fn(&str) -> String) -> Self {
        match self {
            Step::Text(text) => Step::Text(edit(&text)),
            Step::Raw(bytes) => Step::Raw(edit(std::str::from_utf8(&bytes).unwrap()).into_bytes()),
            other => panic!("{other:?} has no text"),
        }
    }

    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Step::Text(text) => Some(text.as_bytes()),
            Step::Raw(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A text frame of JSON.
    pub fn json(value: &Value) -> Self {
        Step::Text(value.to_string())
    }

    /// A server-sent event with an id.
    pub fn event(id: u32, value: &Value) -> Self {
        Step::Raw(format!("data:{value}\nid:{id}\n\n").into_bytes())
    }

    /// A comment, which is a keep-alive.
    pub fn comment() -> Self {
        Step::Raw(b":\n\n".to_vec())
    }
}

/// A WebSocket frame of a server, which is not masked; `first` holds the FIN and RSV bits and the opcode.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(length as u8),
        length @ 126..=0xffff => {
            frame.push(126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}
