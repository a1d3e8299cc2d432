//! Pusher Channels, protocol 7: many public channels on one connection, as a state machine without a
//! socket. It knows nothing of what is published on them.
//!
//! Facts from Pusher's protocol documentation (pusher.com/docs/channels/library_auth_reference/
//! pusher-websockets-protocol) and, where marked, from its official client pusher-js 8.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Closed, Reopen, Silence};
use crate::exit::Code;
use crate::wire::{Auth, Base, Request};

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
/// The longest name of a channel.
const LONGEST_CHANNEL: usize = 164;

/// The name of a channel. Cheap to copy.
pub(super) type Channel = Arc<str>;

/// Refuses what cannot be the name of a public channel.
pub(super) fn check_channel(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("it is empty".to_owned());
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-=@,.;".contains(c);
    if let Some(strange) = name.chars().find(|c| !allowed(*c)) {
        return Err(format!("it has '{}' in it", strange.escape_debug()));
    }
    if name.len() > LONGEST_CHANNEL {
        return Err(format!("it is {} characters long, more than {LONGEST_CHANNEL}", name.len()));
    }
    match ["private-", "presence-"].iter().find(|prefix| name.starts_with(**prefix)) {
        Some(prefix) => {
            Err(format!("it begins with {prefix}, which only signed-in clients may follow"))
        }
        None => Ok(()),
    }
}

/// What the machine makes of what happened.
#[derive(Debug)]
pub(super) enum Output {
    /// Send this.
    Send(String),
    /// The server has introduced itself: the connection works.
    Established,
    /// This channel's events come from now on.
    Subscribed(Channel),
    /// The server will not let us follow this channel.
    Rejected(Channel, String),
    /// Something was published on a channel that is followed.
    Event { channel: Channel, data: Data },
    /// The server complains, but goes on.
    Complaint(String),
    /// A message that makes no sense.
    Odd(String),
    /// The server refused us for good.
    Refused(Code, String),
}

/// What was published.
#[derive(Debug, PartialEq)]
pub(super) enum Data {
    /// JSON, however many times it was encoded.
    Json(Value),
    /// Text that is no JSON.
    Text(String),
}

/// A connection and the channels that it follows, whether it is open or not.
pub(super) struct Pusher {
    request: Request,
    channels: BTreeMap<Channel, Standing>,
    /// Channels that are still to be subscribed.
    waiting: VecDeque<Channel>,
    unanswered: usize,
    activity: Duration,
    established: bool,
    /// The last error that came as a message; some servers close without repeating it.
    error: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
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
    pub(super) fn new(base: &Base, key: &str, channels: impl IntoIterator<Item = Channel>) -> Self {
        let mut url = base.join(&["app", key]);
        url.query_pairs_mut()
            .append_pair("protocol", "7")
            .append_pair("client", env!("CARGO_PKG_NAME"))
            .append_pair("version", env!("CARGO_PKG_VERSION"));
        let waiting: VecDeque<Channel> = channels.into_iter().collect();
        Pusher {
            request: Request::get(url, Auth::None),
            channels: waiting.iter().map(|name| (name.clone(), Standing::Waiting)).collect(),
            waiting,
            unanswered: 0,
            activity: ACTIVITY,
            established: false,
            error: None,
        }
    }

    /// The connection to open.
    pub(super) fn request(&self) -> Request {
        self.request.clone()
    }

    /// The limits of silence: the shorter of our own and the server's.
    pub(super) fn silence(&self) -> Silence {
        Silence { ask_after: self.activity, dead_after: PONG }
    }

    /// The connection was silent for too long.
    pub(super) fn idle(&mut self) -> Vec<Output> {
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
    pub(super) fn unsubscribe(&mut self, channel: &str) -> Vec<Output> {
        let mut outputs = Vec::new();
        let standing = self.channels.remove(channel);
        if standing == Some(Standing::Asked) {
            self.unanswered = self.unanswered.saturating_sub(1);
        }
        if matches!(standing, Some(Standing::Asked | Standing::Subscribed)) {
            let data = json!({ "channel": channel });
            outputs.push(Output::Send(message("pusher:unsubscribe", data)));
            self.subscribe(&mut outputs);
        }
        outputs
    }

    /// A text message arrived.
    pub(super) fn received(&mut self, text: &str) -> Vec<Output> {
        let envelope: Envelope<'_> = match serde_json::from_str(text) {
            Ok(envelope) => envelope,
            Err(error) => {
                return vec![Output::Odd(format!("it is not a Pusher message ({error})"))];
            }
        };
        let mut outputs = Vec::new();
        match &*envelope.event {
            "pusher:connection_established" => self.introduced(envelope.data, &mut outputs),
            "pusher:ping" => outputs.push(Output::Send(message("pusher:pong", json!({})))),
            "pusher:error" => outputs.extend(self.told_error(envelope.data)),
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

    fn introduced(&mut self, data: Value, outputs: &mut Vec<Output>) {
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
                *standing = Standing::Asked;
                self.unanswered += 1;
                let data = json!({ "channel": &*channel });
                outputs.push(Output::Send(message("pusher:subscribe", data)));
            }
        }
    }

    /// The answer may come twice, and for channels that were given up meanwhile.
    fn answered(&mut self, channel: Option<Cow<'_, str>>, outputs: &mut Vec<Output>) {
        if let Some(channel) = self.settle(channel.as_deref(), Standing::Subscribed) {
            outputs.push(Output::Subscribed(channel));
        }
        self.subscribe(outputs);
    }

    fn rejected(&mut self, channel: Option<Cow<'_, str>>, data: Value, outputs: &mut Vec<Output>) {
        // Until the next connection, which may find the server in a better mood.
        if let Some(channel) = self.settle(channel.as_deref(), Standing::Waiting) {
            outputs.push(Output::Rejected(channel, Complaint::of(data).text()));
        }
        self.subscribe(outputs);
    }

    /// Notes the answer to a subscription; the channel, if it was asked for.
    fn settle(&mut self, channel: Option<&str>, answer: Standing) -> Option<Channel> {
        let channel = channel?;
        let (name, _) = self.channels.get_key_value(channel)?;
        let name = name.clone();
        let standing = self.channels.get_mut(channel)?;
        if *standing != Standing::Asked {
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

    fn told_error(&mut self, data: Value) -> Option<Output> {
        let complaint = Complaint::of(data);
        self.error = complaint.code.or(self.error);
        match complaint.code.map(meaning) {
            Some(Meaning { reopen: Reopen::Never(code), what }) => {
                let what = what.unwrap_or("it does not say why");
                Some(Output::Refused(code, format!("Pusher refused: {}: {what}", complaint.text())))
            }
            // What closes the connection is told when it is closed.
            Some(_) if complaint.code.is_some_and(|code| code < 4300) => None,
            _ => Some(Output::Complaint(complaint.text())),
        }
    }

    /// The connection was closed, perhaps with a code. Everything has to be subscribed anew.
    pub(super) fn closed(&mut self, code: Option<u16>) -> Closed {
        let established = std::mem::replace(&mut self.established, false);
        let code = code.filter(|code| *code >= 4000).or(self.error.take()).or(code);
        self.error = None;
        self.unanswered = 0;
        self.activity = ACTIVITY;
        self.waiting = self.channels.keys().cloned().collect();
        self.channels.values_mut().for_each(|standing| *standing = Standing::Waiting);
        let (reopen, why) = match code.map(meaning) {
            Some(Meaning { reopen, what }) => (reopen, what.map(str::to_owned)),
            None => (Reopen::Backoff(Duration::ZERO), None),
        };
        // Some servers treat an unknown key like this.
        let speechless = "it was dropped before a word was said; is the pusher_key right?";
        let why = why.or((!established).then(|| speechless.to_owned()));
        Closed { reopen, why }
    }
}

/// A message of ours; its data is an object, not a string.
fn message(event: &str, data: Value) -> String {
    json!({ "event": event, "data": data }).to_string()
}

/// Data is a string, usually of JSON, and in some servers that string is JSON's once more.
fn decode(data: Value) -> Data {
    const DEEPEST: usize = 3;
    let mut data = data;
    for _ in 0..DEEPEST {
        let Value::String(text) = data else {
            return Data::Json(data);
        };
        match serde_json::from_str(&text) {
            Ok(inner) => data = inner,
            Err(_) => return Data::Text(text),
        }
    }
    match data {
        Value::String(text) => Data::Text(text),
        data => Data::Json(data),
    }
}

/// What an error says: an object or a string, with a code or without.
struct Complaint {
    code: Option<u16>,
    message: Option<String>,
}

impl Complaint {
    fn of(data: Value) -> Self {
        match decode(data) {
            Data::Text(text) => Complaint { code: None, message: Some(text) },
            Data::Json(data) => {
                let number = |key| match data.get(key)? {
                    Value::String(text) => text.parse().ok(),
                    value => value.as_u64(),
                };
                let code = number("code").or_else(|| number("status"));
                let text = |key| data.get(key).and_then(Value::as_str).map(str::to_owned);
                Complaint {
                    code: code.and_then(|code| u16::try_from(code).ok()),
                    message: text("message").or_else(|| text("error")),
                }
            }
        }
    }

    fn text(&self) -> String {
        match (&self.message, self.code) {
            (Some(message), Some(code)) => format!("{} ({code})", message.trim_end_matches('.')),
            (Some(message), None) => message.clone(),
            (None, Some(code)) => format!("error {code}"),
            (None, None) => "no reason was given".to_owned(),
        }
    }
}

/// What a code means.
struct Meaning {
    reopen: Reopen,
    what: Option<&'static str>,
}

/// The table of close codes. Codes below 4000 are WebSocket's own; from 4300 on pusher-js does not
/// come back, but they are about single messages, so we do.
fn meaning(code: u16) -> Meaning {
    let never = |code, what| Meaning { reopen: Reopen::Never(code), what: Some(what) };
    let later = |floor, what| Meaning { reopen: Reopen::Backoff(floor), what };
    let second = Duration::from_secs(1);
    match code {
        4000 => never(Code::Denied, "it wants TLS: use wss:// in the push_url"),
        4001 => never(Code::Denied, "there is no such application; is the pusher_key right?"),
        4003 => never(Code::Denied, "the application is disabled"),
        4004 => never(Code::Unreachable, "the application is over its quota of connections"),
        4005 => never(Code::Denied, "there is no such path; is the push_url right?"),
        4006..=4008 => never(Code::Denied, "it does not speak version 7 of the protocol"),
        4009 => never(Code::Denied, "the connection is not authorised"),
        4010..=4099 => never(Code::Denied, "the application does not let us in"),
        4100..=4199 => later(second, Some("the server is over its capacity")),
        4201 => Meaning { reopen: Reopen::AtOnce, what: Some("it missed our pong") },
        4202 => Meaning { reopen: Reopen::AtOnce, what: Some("it was inactive for a day") },
        4200..=4299 => Meaning { reopen: Reopen::AtOnce, what: Some("it asks to come back") },
        4300.. => later(second, None),
        _ => later(Duration::ZERO, None),
    }
}

#[cfg(test)]
#[path = "pusher_tests.rs"]
mod tests;
