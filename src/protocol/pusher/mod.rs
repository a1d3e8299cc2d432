//! Pusher Channels, protocol 7: many public channels on one connection, as a state machine without a
//! socket. It knows nothing of what is published on them.
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
use serde_json::{Value, json};

use super::{Closed, KeepAlive, Refusal, Reopen};
use crate::wire::{Auth, BaseUrl, Request};
use close_codes::{Meaning, meaning};
use payload::{ErrorPayload, decode, message};

pub(crate) use channel::{Channel, check_channel};
pub(crate) use payload::Data;

/// How long a connection may be silent before a sign of life is asked for, unless the server wants to be
/// asked earlier. With [`PONG`] it keeps the promise that a dead connection is noticed within 45 s.
const ACTIVITY: Duration = Duration::from_secs(15);
/// A server that asks for less than this is not obeyed.
const LEAST_ACTIVITY: Duration = Duration::from_secs(1);
/// How long a pong may take.
const PONG: Duration = Duration::from_secs(30);
/// How many subscriptions may be unanswered at once: thousands of channels are not thrown at the server
/// in one gulp.
const MOST_UNANSWERED: usize = 64;
/// What the machine makes of what happened.
#[derive(Debug)]
pub(crate) enum Output {
    /// Send this.
    Send(String),
    /// The server has accepted the connection: it works.
    Established,
    /// This channel's events come from now on.
    Subscribed(Channel),
    /// The server will not let us follow this channel.
    Rejected(Channel, String),
    /// Something was published on a channel that is followed.
    Event { channel: Channel, data: Data },
    /// The server reports an error, but goes on.
    ServerError(String),
    /// A message that makes no sense.
    Malformed(String),
    /// The server refused us for good.
    Refused(Refusal),
}

/// A connection and the channels that it follows, whether it is open or not.
pub(crate) struct Pusher {
    request: Request,
    channels: BTreeMap<Channel, SubscriptionState>,
    /// Channels that are still to be subscribed.
    waiting: VecDeque<Channel>,
    unanswered: usize,
    activity: Duration,
    established: bool,
    /// The last error that came as a message; some servers close without repeating it.
    error: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SubscriptionState {
    Waiting,
    Asked,
    Subscribed,
}

/// A message; exactly one a frame.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    channel: Option<Cow<'a, str>>,
    #[serde(default)]
    data: Value,
}

impl Pusher {
    /// The connection at `{base}/app/{key}` that follows these channels.
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
        let waiting: VecDeque<Channel> = channels.into_iter().collect();
        Pusher {
            request: Request::get(url, Auth::None),
            channels: waiting
                .iter()
                .map(|name| (name.clone(), SubscriptionState::Waiting))
                .collect(),
            waiting,
            unanswered: 0,
            activity: ACTIVITY,
            established: false,
            error: None,
        }
    }

    /// The connection to open.
    pub(crate) fn request(&self) -> Request {
        self.request.clone()
    }

    /// The limits of silence: the shorter of our own and the server's.
    pub(crate) fn keep_alive(&self) -> KeepAlive {
        KeepAlive { idle: self.activity, timeout: PONG }
    }

    /// The connection was silent for too long.
    pub(crate) fn idle(&mut self) -> Vec<Output> {
        if !self.established {
            return Vec::new();
        }
        let mut outputs = vec![Output::Send(message("pusher:ping", json!({})))];
        // A server that answers no subscription must not hold up the rest of them for ever.
        self.unanswered = 0;
        self.subscribe(&mut outputs);
        outputs
    }

    /// Follows a channel no longer.
    pub(crate) fn unsubscribe(&mut self, channel: &str) -> Vec<Output> {
        let mut outputs = Vec::new();
        let standing = self.channels.remove(channel);
        if standing == Some(SubscriptionState::Asked) {
            self.unanswered = self.unanswered.saturating_sub(1);
        }
        if matches!(standing, Some(SubscriptionState::Asked | SubscriptionState::Subscribed)) {
            let data = json!({ "channel": channel });
            outputs.push(Output::Send(message("pusher:unsubscribe", data)));
            self.subscribe(&mut outputs);
        }
        outputs
    }

    /// A text message arrived.
    pub(crate) fn received(&mut self, text: &str) -> Vec<Output> {
        let envelope: Envelope<'_> = match serde_json::from_str(text) {
            Ok(envelope) => envelope,
            Err(error) => {
                return vec![Output::Malformed(format!("it is not a Pusher message ({error})"))];
            }
        };
        let mut outputs = Vec::new();
        match &*envelope.event {
            "pusher:connection_established" => self.on_established(envelope.data, &mut outputs),
            "pusher:ping" => outputs.push(Output::Send(message("pusher:pong", json!({})))),
            "pusher:error" => outputs.extend(self.server_error(envelope.data)),
            // Servers and their documentation differ on the prefix.
            "pusher_internal:subscription_succeeded" | "pusher:subscription_succeeded" => {
                self.answered(envelope.channel, &mut outputs);
            }
            "pusher:subscription_error" | "pusher_internal:subscription_error" => {
                self.rejected(envelope.channel, envelope.data, &mut outputs);
            }
            own if own.starts_with("pusher:") || own.starts_with("pusher_internal:") => {}
            _ => self.event(envelope.channel, envelope.data, &mut outputs),
        }
        outputs
    }

    fn on_established(&mut self, data: Value, outputs: &mut Vec<Output>) {
        let asked = match decode(data) {
            Data::Json(data) => data.get("activity_timeout").and_then(Value::as_u64),
            Data::Text(_) => None,
        };
        let asked = asked.map_or(ACTIVITY, Duration::from_secs);
        self.activity = asked.clamp(LEAST_ACTIVITY, ACTIVITY);
        if !std::mem::replace(&mut self.established, true) {
            outputs.push(Output::Established);
            self.subscribe(outputs);
        }
    }

    /// Subscribes to the next channels, as many as the server's answers make room for.
    fn subscribe(&mut self, outputs: &mut Vec<Output>) {
        while self.established && self.unanswered < MOST_UNANSWERED {
            let Some(channel) = self.waiting.pop_front() else {
                return;
            };
            // It may have been unsubscribed meanwhile.
            if let Some(standing) = self.channels.get_mut(&channel) {
                *standing = SubscriptionState::Asked;
                self.unanswered += 1;
                let data = json!({ "channel": &*channel });
                outputs.push(Output::Send(message("pusher:subscribe", data)));
            }
        }
    }

    /// The answer may come twice, and for channels that were given up meanwhile.
    fn answered(&mut self, channel: Option<Cow<'_, str>>, outputs: &mut Vec<Output>) {
        if let Some(channel) = self.settle(channel.as_deref(), SubscriptionState::Subscribed) {
            outputs.push(Output::Subscribed(channel));
        }
        self.subscribe(outputs);
    }

    fn rejected(&mut self, channel: Option<Cow<'_, str>>, data: Value, outputs: &mut Vec<Output>) {
        // Until the next connection, which may find the server in a better mood.
        if let Some(channel) = self.settle(channel.as_deref(), SubscriptionState::Waiting) {
            outputs.push(Output::Rejected(channel, ErrorPayload::of(data).text()));
        }
        self.subscribe(outputs);
    }

    /// Notes the answer to a subscription; the channel, if it was asked for.
    fn settle(&mut self, channel: Option<&str>, answer: SubscriptionState) -> Option<Channel> {
        let channel = channel?;
        let (name, _) = self.channels.get_key_value(channel)?;
        let name = name.clone();
        let standing = self.channels.get_mut(channel)?;
        if *standing != SubscriptionState::Asked {
            return None;
        }
        *standing = answer;
        self.unanswered = self.unanswered.saturating_sub(1);
        Some(name)
    }

    /// Whoever sends an event of a channel has subscribed it, even if the answer got lost.
    fn event(&mut self, channel: Option<Cow<'_, str>>, data: Value, outputs: &mut Vec<Output>) {
        let Some(name) = channel.as_deref() else {
            return;
        };
        if let Some((known, _)) = self.channels.get_key_value(name) {
            let known = known.clone();
            self.answered(channel, outputs);
            outputs.push(Output::Event { channel: known, data: decode(data) });
        }
    }

    fn server_error(&mut self, data: Value) -> Option<Output> {
        let error = ErrorPayload::of(data);
        self.error = error.code.or(self.error);
        match error.code.map(meaning) {
            Some(Meaning { reopen: Reopen::Never(kind), what }) => {
                let what = what.unwrap_or("it does not say why");
                let message = format!("Pusher refused: {}: {what}", error.text());
                Some(Output::Refused(Refusal { kind, message }))
            }
            // What closes the connection is told when it is closed.
            Some(_) if error.code.is_some_and(|code| code < 4300) => None,
            _ => Some(Output::ServerError(error.text())),
        }
    }

    /// The connection was closed, perhaps with a code. Everything has to be subscribed anew.
    pub(crate) fn closed(&mut self, code: Option<u16>) -> Closed {
        let established = std::mem::replace(&mut self.established, false);
        let code = code.filter(|code| *code >= 4000).or(self.error.take()).or(code);
        self.error = None;
        self.unanswered = 0;
        self.activity = ACTIVITY;
        self.waiting = self.channels.keys().cloned().collect();
        self.channels.values_mut().for_each(|standing| *standing = SubscriptionState::Waiting);
        let (reopen, why) = match code.map(meaning) {
            Some(Meaning { reopen, what }) => (reopen, what.map(str::to_owned)),
            None => (Reopen::Backoff(Duration::ZERO), None),
        };
        // Some servers treat an unknown key like this.
        let closed_early = "it was dropped before a word was said; is the pusher_key right?";
        let why = why.or((!established).then(|| closed_early.to_owned()));
        Closed { reopen, why }
    }
}

#[cfg(test)]
mod tests;
