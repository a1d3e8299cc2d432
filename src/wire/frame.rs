//! What arrives on a push connection.

/// Something that arrived on a push connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A server-sent event.
    Event {
        /// Its id, if it has one.
        id: Option<String>,
        /// Its data.
        data: String,
    },
    /// Activity without content: a ping (answered already), a pong, an SSE comment, a part of a larger event.
    Alive,
    /// The connection was closed, with the close code and the reason that the peer gave.
    Closed(Option<u16>, String),
}

impl Frame {
    /// The kind of frame, for the message about one that a feed does not expect.
    pub fn kind(&self) -> &'static str {
        match self {
            Frame::Text(_) => "text",
            Frame::Binary(_) => "binary",
            Frame::Event { .. } => "an event",
            Frame::Alive => "a sign of life",
            Frame::Closed(..) => "a close frame",
        }
    }
}
