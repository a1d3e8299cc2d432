//! Pusher Channels, protocol 7: many public channels on one connection, as a state machine without a
//! socket. It does not know what is published on the channels.
//!
//! Facts from Pusher's protocol documentation (pusher.com/docs/channels/library_auth_reference/
//! pusher-websockets-protocol) and, where marked, from its official client pusher-js 8.

mod channel;
mod close_codes;
mod payload;

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::json::{Unreadable, object, without_bom};
use super::{Closed, KeepAlive, Reconnect, Refusal};
use crate::wire::{Auth, BaseUrl, Request};
use close_codes::{CloseCode, close_code};
use payload::{ErrorPayload, decode, message};

pub(crate) use channel::{Channel, check_channel};

/// After this long without a message a ping is sent, unless the server asks for a shorter time. Together with
/// [`PONG_TIMEOUT`] a dead connection is noticed within 45 s.
const ACTIVITY_TIMEOUT: Duration = Duration::from_secs(15);
/// A shorter time that the server asks for is raised to this.
const MIN_ACTIVITY_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a pong may take, counted from the ping.
const PONG_TIMEOUT: Duration = Duration::from_secs(30);
/// How many subscriptions may be unanswered at once, so that thousands of channels do not flood the server.
const MAX_UNANSWERED: usize = 64;

/// What follows from an input.
#[derive(Debug)]
pub(crate) enum Output {
    /// Send this text message.
    Send(String),
    /// The server has accepted the connection.
    Established,
    /// The server has accepted the subscription to this channel.
    Subscribed(Channel),
    /// The server has rejected the subscription to this channel, for this reason.
    Rejected(Channel, String),
    /// Something was published on a subscribed channel: text, usually of JSON, once all levels of encoding are undone.
    Event { channel: Channel, data: String },
    /// A message for this channel, or for any if it is none, has a key twice and was ignored, for this reason.
    Ambiguous(Option<Channel>, String),
    /// The server reports an error that does not end the connection.
    ServerError(String),
    /// A message cannot be understood, for this reason.
    Malformed(String),
    /// The server has refused the connection for good.
    Refused(Refusal),
}

/// A connection and its channels. It is kept while the connection is down, and subscribes again after that.
pub(crate) struct Pusher {
    request: Request,
    channels: BTreeMap<Channel, SubscriptionState>,
    /// Channels to subscribe, in this order.
    queued: VecDeque<Channel>,
    unanswered: usize,
    activity_timeout: Duration,
    established: bool,
    /// The last code that came in an error message: some servers close without repeating it.
    error_code: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SubscriptionState {
    Queued,
    Requested,
    Subscribed,
}

/// A message of the server; one a frame.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    channel: Option<ChannelName<'a>>,
    /// As it is written: a key that is twice in it is found later.
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// The same of a message that serde_json's plain parser does not read.
struct LenientEnvelope {
    event: String,
    channel: Option<String>,
    data: String,
}

impl LenientEnvelope {
    fn read(text: &str) -> Option<Self> {
        let mut object = object(text.as_bytes(), &["event", "channel", "data"]).ok()?;
        let channel = match object.remove("channel") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name),
            Some(_) => return None,
        };
        let Some(Value::String(event)) = object.remove("event") else {
            return None;
        };
        let data = object.remove("data").unwrap_or_default().to_string();
        Some(LenientEnvelope { event, channel, data })
    }
}

/// Serde borrows the text of a `Cow` in a field of its own, but not inside an `Option`.
#[derive(Deserialize)]
struct ChannelName<'a>(#[serde(borrow)] Cow<'a, str>);

impl Pusher {
    /// The connection to `{base}/app/{key}` with these channels.
    pub(crate) fn new(
        base: &BaseUrl,
        key: &str,
        channels: impl IntoIterator<Item = Channel>,
    ) -> Self {
        let mut url = base.join(&["app", key]);
        url.query_pairs_mut()
            .append_pair("protocol", "7")
            .append_pair("client", env!("CARGO_PKG_NAME"))
            .append_pair("version", env!("CARGO_PKG_VERSION"));
        let queued: VecDeque<Channel> = channels.into_iter().collect();
        Pusher {
            request: Request::get(url, Auth::None),
            channels: queued.iter().map(|name| (name.clone(), SubscriptionState::Queued)).collect(),
            queued,
            unanswered: 0,
            activity_timeout: ACTIVITY_TIMEOUT,
            established: false,
            error_code: None,
        }
    }

    /// The WebSocket to open.
    pub(crate) fn request(&self) -> Request {
        self.request.clone()
    }

    /// The shorter of our own limits and the server's.
    pub(crate) fn keep_alive(&self) -> KeepAlive {
        KeepAlive { idle: self.activity_timeout, timeout: PONG_TIMEOUT }
    }

    /// No message arrived for [`KeepAlive::idle`].
    pub(crate) fn idle(&mut self) -> Vec<Output> {
        if !self.established {
            return Vec::new();
        }
        // The other subscriptions do not wait any longer for a server that left these unanswered.
        self.unanswered = 0;
        let ping = Output::Send(message("pusher:ping", json!({})));
        [ping].into_iter().chain(self.subscribe()).collect()
    }

    /// Removes a channel.
    pub(crate) fn unsubscribe(&mut self, channel: &str) -> Vec<Output> {
        let state = self.channels.remove(channel);
        if state == Some(SubscriptionState::Requested) {
            self.unanswered = self.unanswered.saturating_sub(1);
        }
        if matches!(state, None | Some(SubscriptionState::Queued)) {
            return Vec::new();
        }
        let data = json!({ "channel": channel });
        let unsubscribe = Output::Send(message("pusher:unsubscribe", data));
        [unsubscribe].into_iter().chain(self.subscribe()).collect()
    }

    /// A text message arrived.
    pub(crate) fn received(&mut self, text: &str) -> Vec<Output> {
        let text = without_bom(text);
        match serde_json::from_str::<Envelope<'_>>(text) {
            Ok(Envelope { event, channel, data }) => {
                let data = data.map_or("null", RawValue::get);
                self.on_message(&event, channel.as_ref().map(|name| &*name.0), data)
            }
            Err(error) => match LenientEnvelope::read(text) {
                Some(LenientEnvelope { event, channel, data }) => {
                    self.on_message(&event, channel.as_deref(), &data)
                }
                None => vec![self.unreadable(text, &error)],
            },
        }
    }

    /// A message; `data` as it is written.
    fn on_message(&mut self, event: &str, channel: Option<&str>, data: &str) -> Vec<Output> {
        match event {
            "pusher:connection_established" => self.on_established(data),
            "pusher:ping" => vec![Output::Send(message("pusher:pong", json!({})))],
            "pusher:error" => self.on_error(data).into_iter().collect(),
            // Servers and their documentation differ on the prefix.
            "pusher_internal:subscription_succeeded" | "pusher:subscription_succeeded" => {
                self.on_subscribed(channel)
            }
            "pusher:subscription_error" | "pusher_internal:subscription_error" => {
                self.on_rejected(channel, data)
            }
            internal
                if internal.starts_with("pusher:") || internal.starts_with("pusher_internal:") =>
            {
                Vec::new()
            }
            _ => self.on_event(channel, data),
        }
    }

    /// A message that is no envelope: something else, or an envelope with a key twice.
    fn unreadable(&self, text: &str, error: &serde_json::Error) -> Output {
        let Err(Unreadable::Ambiguous(problem)) =
            object(text.as_bytes(), &["event", "channel", "data"])
        else {
            return Output::Malformed(format!("it is not a Pusher message ({error})"));
        };
        let channel = match object(text.as_bytes(), &["channel"]) {
            Ok(message) => message.get("channel").and_then(Value::as_str).map(Channel::from),
            Err(_) => None,
        };
        Output::Ambiguous(channel, problem)
    }

    fn on_established(&mut self, data: &str) -> Vec<Output> {
        let data: Value = serde_json::from_str(&decode(data)).unwrap_or_default();
        let requested = data.get("activity_timeout").and_then(Value::as_u64);
        let requested = requested.map_or(ACTIVITY_TIMEOUT, Duration::from_secs);
        self.activity_timeout = requested.clamp(MIN_ACTIVITY_TIMEOUT, ACTIVITY_TIMEOUT);
        if std::mem::replace(&mut self.established, true) {
            return Vec::new();
        }
        [Output::Established].into_iter().chain(self.subscribe()).collect()
    }

    /// Subscribes to the next channels, up to [`MAX_UNANSWERED`].
    fn subscribe(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        while self.established
            && self.unanswered < MAX_UNANSWERED
            && let Some(channel) = self.queued.pop_front()
        {
            // It may have been unsubscribed meanwhile.
            if let Some(state) = self.channels.get_mut(&channel) {
                *state = SubscriptionState::Requested;
                self.unanswered += 1;
                let data = json!({ "channel": &*channel });
                outputs.push(Output::Send(message("pusher:subscribe", data)));
            }
        }
        outputs
    }

    /// The message may come twice, and for a channel that was unsubscribed meanwhile.
    fn on_subscribed(&mut self, channel: Option<&str>) -> Vec<Output> {
        let subscribed = self.answered(channel, SubscriptionState::Subscribed);
        subscribed.map(Output::Subscribed).into_iter().chain(self.subscribe()).collect()
    }

    /// The subscription is requested again on the next connection.
    fn on_rejected(&mut self, channel: Option<&str>, data: &str) -> Vec<Output> {
        let rejected = self
            .answered(channel, SubscriptionState::Queued)
            .map(|channel| Output::Rejected(channel, ErrorPayload::of(data).text()));
        rejected.into_iter().chain(self.subscribe()).collect()
    }

    /// Sets the state of a channel whose subscription was requested, and returns the channel; none if it was not
    /// requested.
    fn answered(&mut self, channel: Option<&str>, state: SubscriptionState) -> Option<Channel> {
        let (channel, _) = self.channels.get_key_value(channel?)?;
        let channel = channel.clone();
        let current = self.channels.get_mut(&channel)?;
        if *current != SubscriptionState::Requested {
            return None;
        }
        *current = state;
        self.unanswered = self.unanswered.saturating_sub(1);
        Some(channel)
    }

    /// An event of a channel implies that it is subscribed, even if that message got lost.
    fn on_event(&mut self, channel: Option<&str>, data: &str) -> Vec<Output> {
        let known = channel.and_then(|channel| self.channels.get_key_value(channel));
        let Some((known, state)) = known.map(|(known, state)| (known.clone(), *state)) else {
            return Vec::new();
        };
        let mut outputs = match state {
            SubscriptionState::Requested => self.on_subscribed(channel),
            _ => self.subscribe(),
        };
        outputs.push(Output::Event { channel: known, data: decode(data).into_owned() });
        outputs
    }

    fn on_error(&mut self, data: &str) -> Option<Output> {
        let error = ErrorPayload::of(data);
        self.error_code = error.code.or(self.error_code);
        match error.code.map(close_code) {
            Some(CloseCode { reconnect: Reconnect::Never(kind), meaning }) => {
                let meaning = meaning.unwrap_or("it does not say why");
                let message = format!("Pusher refused: {}: {meaning}", error.text());
                Some(Output::Refused(Refusal { kind, message }))
            }
            // The server closes the connection after this error; it is reported then.
            Some(_) if error.code.is_some_and(|code| code < 4300) => None,
            _ => Some(Output::ServerError(error.text())),
        }
    }

    /// The connection was closed, with the code of the close frame. All channels have to be subscribed again.
    pub(crate) fn closed(&mut self, code: Option<u16>) -> Closed {
        let was_established = std::mem::replace(&mut self.established, false);
        let error_code = self.error_code.take();
        let code = code.filter(|code| *code >= 4000).or(error_code).or(code);
        self.unanswered = 0;
        self.activity_timeout = ACTIVITY_TIMEOUT;
        self.queued = self.channels.keys().cloned().collect();
        self.channels.values_mut().for_each(|state| *state = SubscriptionState::Queued);
        let (reconnect, meaning) = match code.map(close_code) {
            Some(CloseCode { reconnect, meaning }) => (reconnect, meaning),
            None => (Reconnect::Backoff(Duration::ZERO), None),
        };
        // Some servers close like this if the key is unknown.
        let closed_early = "it was dropped before a word was said; is the pusher_key right?";
        let reason = meaning.or((!was_established).then_some(closed_early));
        Closed { reconnect, reason: reason.map(str::to_owned) }
    }
}

#[cfg(test)]
mod tests;
