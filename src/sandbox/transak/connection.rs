//! One Pusher connection: what it is subscribed to, and what it is told when. It has no socket.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::channel::{Subject, messages};
use super::pusher;
use super::server::Transak;
use crate::sandbox::API_KEY;
use crate::sandbox::fault::{ConnectionFault, Fault};
use crate::sandbox::scenario::Event;
use crate::sandbox::schedule::{EventQueue, Run};

/// The longest name of a channel.
const LONGEST_CHANNEL: usize = 164;

/// What is done on the connection.
#[derive(Debug, PartialEq)]
pub(super) enum Output {
    /// Say this.
    Say(Message),
    /// Close it with this code and reason.
    Close(u16, &'static str),
    /// It is lost without a word.
    Cut,
    /// Nothing more is said or heard.
    Stall,
}

/// A connection and its subscriptions.
pub(super) struct Connection {
    transak: Arc<Transak>,
    /// Each channel with the number of its subscription.
    channels: HashMap<Arc<str>, u64>,
    /// What each subscription is told next.
    events: EventQueue<Subscription>,
    /// Counts subscriptions.
    count: u64,
    /// When the market is looked at, while all orders are followed.
    visit: Option<Instant>,
    /// Whether it dies after its first event.
    stalls: bool,
}

/// A subscription to a channel. Another one to the same channel has another number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Subscription {
    channel: Arc<str>,
    number: u64,
}

/// Says a message of the protocol's own.
pub(super) fn say(message: &Value) -> Output {
    Output::Say(Message::text(message.to_string()))
}

/// What becomes of a new connection, unless it is served.
pub(super) fn welcome(transak: &Transak) -> Option<Output> {
    transak.schedule.refuse(Run::fault_of_newcomer).map(refusal)
}

/// How a connection ends that is not served.
fn refusal(fault: ConnectionFault) -> Output {
    match fault {
        ConnectionFault::Denied => Output::Close(4009, "Connection not authorized"),
        ConnectionFault::Quota => Output::Close(4004, "Over connection quota"),
        ConnectionFault::ShutDown => Output::Close(4200, "the server is shutting down"),
        ConnectionFault::Away | ConnectionFault::Flaky => Output::Cut,
    }
}

fn problem(channel: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-=@,.;".contains(c);
    if channel.is_empty() || channel.len() > LONGEST_CHANNEL || !channel.chars().all(allowed) {
        return Some("Invalid channel name");
    }
    ["private-", "presence-"]
        .iter()
        .any(|prefix| channel.starts_with(prefix))
        .then_some("Auth info required to subscribe")
}

impl Connection {
    pub(super) fn new(transak: Arc<Transak>) -> Self {
        Connection {
            transak,
            channels: HashMap::new(),
            events: EventQueue::default(),
            count: 0,
            visit: None,
            stalls: false,
        }
    }

    /// The client said something.
    pub(super) fn received(&mut self, text: &str) -> Vec<Output> {
        let Ok(said) = serde_json::from_str::<Value>(text) else {
            return vec![say(&pusher::error(None, "Invalid JSON"))];
        };
        let channel = said["data"]["channel"].as_str().unwrap_or_default();
        match said["event"].as_str() {
            Some("pusher:ping") => vec![say(&pusher::pong())],
            Some("pusher:subscribe") => match problem(channel) {
                Some(problem) => vec![say(&pusher::error(None, problem))],
                None if self.channels.contains_key(channel) => {
                    vec![say(&pusher::error(None, "Existing subscription to this channel"))]
                }
                None => vec![self.subscribe(channel).unwrap_or_else(refusal)],
            },
            Some("pusher:unsubscribe") => {
                self.channels.remove(channel);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn subscribe(&mut self, channel: &str) -> Result<Output, ConnectionFault> {
        self.count += 1;
        let subscription = Subscription { channel: channel.into(), number: self.count };
        let schedule = &self.transak.schedule;
        match Subject::of(channel) {
            Subject::Order(id) => {
                // Nobody needs a token for a public channel.
                if let Some(run) = schedule.connect(id, true)? {
                    self.stalls |= run.stalls();
                    self.events.follow_from_now(subscription.clone(), run);
                }
            }
            Subject::Account => {
                self.events.follow_all_from_now(&subscription, schedule);
                self.visit = Some(Instant::now());
            }
        }
        self.channels.insert(subscription.channel, subscription.number);
        Ok(say(&pusher::subscription_succeeded(channel)))
    }

    /// Whether it follows all orders.
    pub(super) fn follows_all(&self) -> bool {
        self.channels.contains_key(API_KEY)
    }

    /// Announces the orders that are new to who follows all.
    pub(super) fn follow_new(&mut self) {
        if let Some((channel, number)) = self.channels.get_key_value(API_KEY) {
            let account = Subscription { channel: channel.clone(), number: *number };
            self.events.follow_new(&account, &self.transak.schedule, |_| None);
        }
    }

    /// When something happens next.
    pub(super) fn due(&self) -> Option<Instant> {
        let visit = self.visit.filter(|_| self.follows_all());
        self.events.due().into_iter().chain(visit).min()
    }

    /// What happens then.
    pub(super) fn take_next(&mut self) -> Vec<Output> {
        let due = self.due();
        if self.events.due() != due {
            self.visit_market();
            return Vec::new();
        }
        let Some((subscription, run, event)) = self.events.take_next() else {
            return Vec::new();
        };
        if self.channels.get(&subscription.channel) != Some(&subscription.number) {
            return Vec::new();
        }
        self.happen(&subscription.channel, &run, event)
    }

    fn visit_market(&mut self) {
        let (id, next) = self.transak.market.visit();
        if let Some(id) = id {
            self.transak.schedule.begin(&id);
            self.follow_new();
        }
        self.visit = next;
    }

    /// The misfortunes of one order's connection are not those of who follows all.
    fn happen(&self, channel: &str, run: &Run, event: Event) -> Vec<Output> {
        let is_account = channel == API_KEY;
        let mut outputs: Vec<_> = match event {
            Event::Lost if is_account => Vec::new(),
            Event::Lost => return vec![refusal(run.script.fault.of_absence())],
            Event::Step(step) => {
                let secret = is_account.then(|| self.transak.token());
                let messages = messages(run, channel, step, secret.as_deref());
                messages.into_iter().map(Output::Say).collect()
            }
        };
        if self.stalls && run.script.fault == Fault::Stalled && !is_account {
            outputs.push(Output::Stall);
        }
        outputs
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
