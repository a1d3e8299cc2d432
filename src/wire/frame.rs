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
    /// A sign of life without content: a ping (answered already), a pong, a comment, a part of something
    /// larger.
    Alive,
    /// The end of the connection, with the close code and the reason that the peer gave.
    Closed(Option<u16>, String),
}

impl Frame {
    /// What it is, in words, where it is not what a feed speaks.
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
