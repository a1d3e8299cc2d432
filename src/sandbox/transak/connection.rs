//! One Pusher connection: what it is subscribed to, and what it is told when. It has no socket.
#![allow(clippy::disallowed_methods)] // it has clocks of its own

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::channel::{OrderRun, Subject};
use super::pusher;
use super::server::Transak;
use crate::sandbox::API_KEY;
use crate::sandbox::clocks::Start;
use crate::sandbox::player::Double;
use crate::sandbox::scenario::{Event, Fault, Script};

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
pub(super) struct Line {
    transak: Arc<Transak>,
    /// Each channel with the number of its subscription.
    channels: HashMap<String, u64>,
    agenda: BTreeMap<(Instant, u64), Due>,
    /// Numbers subscriptions, and what is due at one instant.
    count: u64,
    /// How many orders were announced on the channel of all orders.
    announced: usize,
    /// Whether it dies after its first event.
    stalls: bool,
}

/// Something that will happen on a channel, if it is still subscribed.
struct Due {
    channel: String,
    subscription: u64,
    what: What,
}

enum What {
    /// An order goes on.
    Goes(OrderRun, Event),
    /// The market is looked at.
    Visit,
}

/// Says a message of the protocol's own.
pub(super) fn say(message: &Value) -> Output {
    Output::Say(Message::text(message.to_string()))
}

/// What becomes of a new connection, unless it is served.
pub(super) fn welcome(transak: &Transak) -> Option<Output> {
    transak.clocks.find(|id, start| {
        let play = Script::of(Double::Transak, id)?;
        match play.quirk {
            // Whoever comes after the first subscription was cut is most likely the same client.
            Fault::Flaky if start.upgrades == 1 => {
                start.upgrades += 1;
                Some(Output::Cut)
            }
            Fault::Shutdown(..) if play.is_away(start.age()) => Some(SHUTDOWN),
            _ => None,
        }
    })
}

const SHUTDOWN: Output = Output::Close(4200, "the server is shutting down");

/// What becomes of a connection that subscribes to this, unless it is subscribed.
fn refusal(play: &Script, start: &Start) -> Option<Output> {
    let is_away = play.is_away(start.age());
    match play.quirk {
        Fault::Denied => Some(Output::Close(4009, "Connection not authorized")),
        Fault::Quota => Some(Output::Close(4004, "Over connection quota")),
        Fault::Shutdown(..) if is_away => Some(SHUTDOWN),
        Fault::Drop(..) if is_away => Some(Output::Cut),
        Fault::Flaky if start.upgrades == 1 => Some(Output::Cut),
        _ => None,
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

impl Line {
    pub(super) fn new(transak: Arc<Transak>) -> Self {
        Line {
            transak,
            channels: HashMap::new(),
            agenda: BTreeMap::new(),
            count: 0,
            announced: 0,
            stalls: false,
        }
    }

    /// The client said something.
    pub(super) fn heard(&mut self, text: &str) -> Vec<Output> {
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
                None => self.subscribe(channel),
            },
            Some("pusher:unsubscribe") => {
                self.channels.remove(channel);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn subscribe(&mut self, channel: &str) -> Vec<Output> {
        self.count += 1;
        let number = self.count;
        let clocks = &self.transak.clocks;
        match Subject::of(channel) {
            Subject::Order(id, play) => {
                let start = clocks.touch(&id, |start| start.upgrades += 1);
                if let Some(refusal) = refusal(&play, &start) {
                    return vec![refusal];
                }
                self.stalls |= play.quirk == Fault::Stalled && start.upgrades == 1;
                self.channels.insert(channel.to_owned(), number);
                self.follow(channel, OrderRun { id, play, start }, Some(start.age()));
            }
            Subject::Account => {
                let known = clocks.since(0);
                self.announced = known.len();
                self.channels.insert(channel.to_owned(), number);
                for (id, start) in known {
                    self.announce(id, start, Some(start.age()));
                }
                self.plan(Instant::now(), channel, What::Visit);
            }
            Subject::Nothing => drop(self.channels.insert(channel.to_owned(), number)),
        }
        vec![say(&pusher::subscription_succeeded(channel))]
    }

    /// Whether it follows all orders.
    pub(super) fn follows_all(&self) -> bool {
        self.channels.contains_key(API_KEY)
    }

    /// Announces the orders that are new to who follows all.
    pub(super) fn discover(&mut self) {
        if self.follows_all() {
            for (id, start) in self.transak.clocks.since(self.announced) {
                self.announced += 1;
                self.announce(id, start, None);
            }
        }
    }

    fn announce(&mut self, id: String, start: Start, told: Option<Duration>) {
        if let Some(play) = Script::of(Double::Transak, &id) {
            self.follow(API_KEY, OrderRun { id, play, start }, told);
        }
    }

    /// Plans what happens to an order next.
    fn follow(&mut self, channel: &str, tale: OrderRun, told: Option<Duration>) {
        if let Some((at, event)) = tale.play.next(told) {
            self.plan(tale.start.instant + at, channel, What::Goes(tale, event));
        }
    }

    fn plan(&mut self, due: Instant, channel: &str, what: What) {
        let Some(subscription) = self.channels.get(channel).copied() else {
            return;
        };
        self.count += 1;
        let due = (due, self.count);
        self.agenda.insert(due, Due { channel: channel.to_owned(), subscription, what });
    }

    /// When something happens next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.agenda.first_key_value().map(|((due, _), _)| *due)
    }

    /// What happens then.
    pub(super) fn happen(&mut self) -> Vec<Output> {
        let Some((_, Due { channel, subscription, what })) = self.agenda.pop_first() else {
            return Vec::new();
        };
        if self.channels.get(&channel) != Some(&subscription) {
            return Vec::new();
        }
        match what {
            What::Goes(tale, event) => self.goes(&channel, tale, event),
            What::Visit => {
                let (id, next) = self.transak.market.visit();
                if let Some(id) = id {
                    self.transak.clocks.touch(&id, |_| {});
                    self.discover();
                }
                if let Some(next) = next {
                    self.plan(next, &channel, What::Visit);
                }
                Vec::new()
            }
        }
    }

    /// The misfortunes of one order's connection are not those of who follows all.
    fn goes(&mut self, channel: &str, tale: OrderRun, event: Event) -> Vec<Output> {
        let is_account = channel == API_KEY;
        let (at, mut outputs) = match event {
            Event::Lost if is_account => (tale.start.age(), Vec::new()),
            Event::Lost => {
                let is_announced = matches!(tale.play.quirk, Fault::Shutdown(..));
                return vec![if is_announced { SHUTDOWN } else { Output::Cut }];
            }
            Event::Step(index) => {
                let secret = is_account.then(|| self.transak.token());
                let messages = tale.messages(channel, index, secret.as_deref());
                (tale.play.story[index].at(), messages.into_iter().map(Output::Say).collect())
            }
        };
        if self.stalls && tale.play.quirk == Fault::Stalled && !is_account {
            outputs.push(Output::Stall);
        }
        self.follow(channel, tale, Some(at));
        outputs
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
