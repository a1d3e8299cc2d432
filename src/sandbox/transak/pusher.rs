//! The messages of a Pusher Channels server, protocol 7.
//!
//! The data of a message is a string, usually of JSON; that of an error is an object.

use serde_json::{Value, json};

/// A message of the protocol's own, to the connection or about a channel.
pub fn message(event: &str, channel: Option<&str>, data: &Value) -> Value {
    let mut message = json!({ "event": event, "data": data.to_string() });
    if let Some(channel) = channel {
        message["channel"] = channel.into();
    }
    message
}

/// The first message on a connection. After so many seconds of silence the client is to send a ping.
pub fn connection_established(socket_id: &str, activity_timeout: u64) -> Value {
    let data = json!({ "socket_id": socket_id, "activity_timeout": activity_timeout });
    message("pusher:connection_established", None, &data)
}

/// The client follows a channel from now on.
pub fn subscription_succeeded(channel: &str) -> Value {
    message("pusher_internal:subscription_succeeded", Some(channel), &json!({}))
}

/// The answer to a ping.
pub fn pong() -> Value {
    message("pusher:pong", None, &json!({}))
}

/// An error; the code is that with which the connection is closed, if it is.
pub fn error(code: Option<u16>, text: &str) -> Value {
    json!({ "event": "pusher:error", "data": { "code": code, "message": text } })
}

/// Something that was published on a channel. Who publishes JSON encodes it as a string.
pub fn published(event: &str, channel: &str, data: impl Into<Value>) -> Value {
    json!({ "event": event, "channel": channel, "data": data.into() })
}
