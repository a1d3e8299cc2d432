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
    /// The text of a message: that of a text message, or of a binary one that begins as a JSON object does. Bytes of it
    /// that are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// It is something else, which is named.
    pub fn into_text(self) -> Result<String, String> {
        const BOM: &[u8] = "\u{feff}".as_bytes();
        match self {
            Frame::Text(text) => Ok(text),
            Frame::Binary(bytes) => {
                let start = bytes.strip_prefix(BOM).unwrap_or(&bytes);
                if start.trim_ascii_start().starts_with(b"{") {
                    Ok(String::from_utf8_lossy(&bytes).into_owned())
                } else {
                    Err("it is binary".to_owned())
                }
            }
            other => Err(format!("it is {}", other.kind())),
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_binary_messages_that_may_be_json_are_text() {
        for (bytes, text) in [
            (&b"{\"a\":1}"[..], Ok("{\"a\":1}")),
            (b" \r\n{}", Ok(" \r\n{}")),
            (b"\xef\xbb\xbf{}", Ok("\u{feff}{}")),
            (b"{\"a\":\"caf\xe9\"}", Ok("{\"a\":\"caf\u{fffd}\"}")),
            (b"", Err("it is binary")),
            (b"Ping", Err("it is binary")),
            (b"\xff\xfe{\0", Err("it is binary")),
            (b"\x1f\x8b{", Err("it is binary")),
        ] {
            let read = Frame::Binary(bytes.to_vec()).into_text();
            assert_eq!(read.as_deref().map_err(String::as_str), text, "{bytes:?}");
        }
        assert_eq!(Frame::Text("Ping".to_owned()).into_text(), Ok("Ping".to_owned()));
        let event = Frame::Event { id: None, data: "{}".to_owned() };
        assert_eq!(event.into_text(), Err("it is an event".to_owned()));
    }
}
