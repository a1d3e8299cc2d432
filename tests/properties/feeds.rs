//! Stories of feeds, a line a happening.

use std::collections::HashSet;

use serde_json::{Value, json};
use txwatch::protocol::jwt;
use txwatch::provider::{Feed, FeedAction, FeedSignal, Id};
use txwatch::wire::{Frame, Token};
use url::Url;

use super::{ANY_TEXT, Subject, judge};

/// How many subscriptions may be unanswered at once.
const WINDOW: usize = 64;
/// The access token of a story.
const TOKEN: &str = "access-token";

/// The feeds of the transactions of the samples.
pub fn story(subject: &'static Subject, bytes: &[u8]) {
    for (feed, ids) in subject.provider.feeds(&subject.ids) {
        Story::new(&subject.name, feed, Some(ids)).play(bytes);
    }
}

/// The feed of more orders than may be subscribed in one gulp: `o0` to `o99`.
pub fn pusher(bytes: &[u8]) {
    let ids: Vec<Id> = (0..100).map(|number| Id::new(&format!("o{number}"))).collect();
    let (feed, ids) = Subject::named("transak").provider.feeds(&ids).remove(0);
    Story::new("transak", feed, Some(ids)).play(bytes);
}

/// The feed of a whole account, on which only what is signed is believed.
pub fn account(bytes: &[u8]) {
    if let Ok(feed) = Subject::named("transak").provider.account_feed() {
        Story::new("transak", feed, None).play(bytes);
    }
}

/// A feed, and what it may do next.
struct Story {
    provider: &'static str,
    feed: Box<dyn Feed>,
    /// What is followed; of an account, everything that is signed.
    ids: Option<Vec<Id>>,
    /// The channels of what is followed.
    followed: HashSet<String>,
    /// Channels that were subscribed on this connection, or asked for.
    asked: HashSet<String>,
    unanswered: usize,
    live: bool,
    signed: bool,
    refused: bool,
}

impl Story {
    fn new(provider: &'static str, mut feed: Box<dyn Feed>, ids: Option<Vec<Id>>) -> Self {
        feed.token(&Token::new(TOKEN.to_owned().into(), 0));
        let followed = match &ids {
            Some(ids) => ids.iter().map(judge::channel).collect(),
            None => HashSet::from([ANY_TEXT.to_owned()]),
        };
        Story {
            provider,
            feed,
            ids,
            followed,
            asked: HashSet::new(),
            unanswered: 0,
            live: false,
            signed: false,
            refused: false,
        }
    }

    fn play(mut self, bytes: &[u8]) {
        let actions = self.feed.opened();
        self.check(actions);
        for line in bytes.split(|byte| *byte == b'\n') {
            self.signed = line.first() == Some(&b'$');
            let text = String::from_utf8_lossy(line);
            let actions = match line.first() {
                Some(b'!') => {
                    self.unanswered = 0;
                    self.feed.idle()
                }
                Some(b'-') => self.forget(&text[1..]),
                Some(b'x') => self.reopen(&text[1..]),
                Some(b'#') => self.feed.received(Frame::Binary(line.to_vec())),
                Some(b'$') => self.publish(&text[1..]),
                _ => {
                    let frame = frame(&self.feed.request().url, &text);
                    self.feed.received(frame)
                }
            };
            self.check(actions);
            if self.refused {
                return;
            }
        }
    }

    fn forget(&mut self, number: &str) -> Vec<FeedAction> {
        let number: usize = number.trim().parse().unwrap_or_default();
        let Some(ids) = self.ids.as_mut().filter(|ids| number < ids.len()) else {
            return Vec::new();
        };
        let id = ids.remove(number);
        // Whether it was answered is not known here, so it is allowed that it was not.
        self.unanswered = self.unanswered.saturating_sub(1);
        let channel = judge::channel(&id);
        self.asked.remove(&channel);
        self.followed.remove(&channel);
        self.feed.forget(&id)
    }

    fn reopen(&mut self, code: &str) -> Vec<FeedAction> {
        self.feed.closed(code.trim().parse().ok());
        self.asked.clear();
        (self.unanswered, self.live) = (0, false);
        let request = self.feed.request();
        assert!(!request.url.as_str().contains(TOKEN), "{} has the token", request.url);
        self.feed.opened()
    }

    /// An event of the account, as Transak signs it.
    fn publish(&mut self, order: &str) -> Vec<FeedAction> {
        let order: Value = serde_json::from_str(order).unwrap_or_default();
        let data = jwt::sign(&order, TOKEN.as_bytes()).unwrap_or_default();
        let event = json!({ "event": "ORDER_X", "channel": ANY_TEXT, "data": data });
        self.feed.received(Frame::Text(event.to_string()))
    }

    fn check(&mut self, actions: Vec<FeedAction>) {
        for action in actions {
            assert!(!self.refused, "after a refusal comes {action:?}");
            match action {
                FeedAction::Send(text) => self.sent(&text),
                FeedAction::Signal(signal) => self.signalled(signal),
            }
        }
    }

    fn signalled(&mut self, signal: FeedSignal) {
        match signal {
            FeedSignal::Live => {
                assert!(!std::mem::replace(&mut self.live, true), "it was live already");
            }
            FeedSignal::Subscribed(ids) | FeedSignal::SubscriptionRejected(ids, _) => {
                self.unanswered = self.unanswered.saturating_sub(ids.len().max(1));
                ids.iter().for_each(|id| self.is_followed(id));
            }
            FeedSignal::Observed(id, report) => {
                self.is_followed(&id);
                assert!(self.ids.is_some() || self.signed, "{report:?} is not signed");
                judge::report(self.provider, &id, &report);
            }
            FeedSignal::Changed(ids) => {
                ids.iter().flatten().for_each(|id| self.is_followed(id));
            }
            FeedSignal::Exists(id) => self.is_followed(&id),
            FeedSignal::Warning(warning) => {
                let code = warning.code.as_str();
                assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
                assert!(!warning.message.is_empty());
            }
            FeedSignal::Refused(_) => self.refused = true,
        }
    }

    fn is_followed(&self, id: &Id) {
        let ids = self.ids.as_ref();
        assert!(ids.is_none_or(|ids| ids.contains(id)), "{id} is not followed");
    }

    /// Messages of ours are well-formed, and never more at once than the server has room for.
    fn sent(&mut self, text: &str) {
        let Ok(message) = serde_json::from_str::<Value>(text) else { panic!("{text} was sent") };
        let channel = message["data"]["channel"].as_str().unwrap_or_default();
        match message["event"].as_str() {
            Some("pusher:subscribe") => {
                assert!(self.followed.contains(channel), "{channel} is not followed");
                assert!(self.live, "the connection is not established");
                assert!(self.asked.insert(channel.to_owned()), "{channel} was asked for twice");
                self.unanswered += 1;
                assert!(self.unanswered <= WINDOW, "{} unanswered", self.unanswered);
            }
            Some("pusher:unsubscribe") => {
                assert!(!self.followed.contains(channel), "{channel} is followed");
            }
            Some("pusher:ping" | "pusher:pong") => {}
            other => panic!("{other:?} was sent"),
        }
    }
}

/// What a line of a story is on a connection to this address: text, or an event with its id before the first
/// space.
pub fn frame(url: &Url, line: &str) -> Frame {
    if matches!(url.scheme(), "ws" | "wss") {
        return Frame::Text(line.to_owned());
    }
    match line.split_once(' ') {
        Some((id, data)) => Frame::Event { id: Some(id.to_owned()), data: data.to_owned() },
        None => Frame::Event { id: None, data: line.to_owned() },
    }
}
