//! Transak's channels, on one connection: an order's, a partner reference's, or a whole account's.

use std::collections::HashMap;

use super::order::Order;
use super::{PARTNER, check_id};
use crate::lifecycle::Report;
use crate::provider::pusher::{Channel, Data, Output, Pusher};
use crate::provider::{Action, BAD_SIGNATURE, Closed, Feed, Frame, Id, Silence};
use crate::wire::{Base, Request, Token, jwt};

/// What is followed on one connection.
pub(super) struct TransakFeed {
    pusher: Pusher,
    subjects: HashMap<Channel, Subject>,
    api_key: Option<String>,
    keys: Keys,
}

/// What a channel is about.
enum Subject {
    /// One order.
    Order(Id),
    /// The orders with a partner's reference, of which the newest counts.
    Reference(Id),
    /// Every order of an account. Anybody may publish under a name that is known, so only what is
    /// signed is believed.
    Account,
}

/// `{orderId}`, or `{API_KEY}_{partnerOrderId}`.
pub(super) fn channel(id: &Id, api_key: Option<&str>) -> Channel {
    match (id.as_str().strip_prefix(PARTNER), api_key) {
        (Some(reference), Some(key)) => format!("{key}_{reference}").into(),
        _ => id.text(),
    }
}

impl TransakFeed {
    /// Follows these ids.
    pub(super) fn of_ids(base: &Base, key: &str, api_key: Option<&str>, ids: &[Id]) -> Self {
        let subject = |id: &Id| {
            if id.as_str().starts_with(PARTNER) {
                Subject::Reference(id.clone())
            } else {
                Subject::Order(id.clone())
            }
        };
        // In the order in which they were given.
        let channels: Vec<Channel> = ids.iter().map(|id| channel(id, api_key)).collect();
        let subjects = channels.iter().cloned().zip(ids.iter().map(subject)).collect();
        Self::new(Pusher::new(base, key, channels), subjects, api_key)
    }

    /// Follows every order of an account.
    pub(super) fn of_account(base: &Base, key: &str, api_key: &str) -> Self {
        let channel = Channel::from(api_key);
        let subjects = HashMap::from([(channel.clone(), Subject::Account)]);
        Self::new(Pusher::new(base, key, [channel]), subjects, Some(api_key))
    }

    fn new(pusher: Pusher, subjects: HashMap<Channel, Subject>, api_key: Option<&str>) -> Self {
        TransakFeed { pusher, subjects, api_key: api_key.map(str::to_owned), keys: Keys::default() }
    }

    fn actions(&mut self, outputs: Vec<Output>) -> Vec<Action> {
        outputs.into_iter().filter_map(|output| self.action(output)).collect()
    }

    fn action(&mut self, output: Output) -> Option<Action> {
        Some(match output {
            Output::Send(text) => Action::Send(text),
            Output::Established => Action::Live,
            Output::Subscribed(channel) => Action::Subscribed(self.subjects.get(&channel)?.ids()),
            Output::Rejected(channel, why) => {
                Action::Unserved(self.subjects.get(&channel)?.ids(), why)
            }
            Output::Event { channel, data } => match self.event(&channel, data) {
                Ok((id, report)) => Action::Observed(id, Box::new(report)),
                Err(problem) => ignored(&problem),
            },
            Output::Complaint(text) => {
                Action::Warning("pusher_error", format!("the Pusher server complains: {text}"))
            }
            Output::Odd(problem) => ignored(&problem),
            Output::Refused(code, message) => Action::Refused(code, message),
        })
    }

    fn event(&mut self, channel: &Channel, data: Data) -> Result<(Id, Report), String> {
        let subject = self.subjects.get(channel).ok_or("nobody follows its channel")?;
        let order = match data {
            Data::Text(text) if jwt::is_signed(&text) => self.keys.open(&text)?,
            _ if matches!(subject, Subject::Account) => return Err("it is not signed".to_owned()),
            Data::Json(payload) => Order::of(payload)?,
            Data::Text(_) => return Err("it is text, not an order".to_owned()),
        };
        let id = subject.claim(&order)?;
        let report = match subject {
            // A user who begins again makes a new order with the same reference.
            Subject::Reference(_) => order.report_of_attempt()?,
            Subject::Order(_) | Subject::Account => order.report()?,
        };
        Ok((id, report))
    }
}

impl Subject {
    /// The ids that are served by the channel, as far as they are known beforehand.
    fn ids(&self) -> Vec<Id> {
        match self {
            Subject::Order(id) | Subject::Reference(id) => vec![id.clone()],
            Subject::Account => Vec::new(),
        }
    }

    /// The id that an order on this channel belongs to.
    fn claim(&self, order: &Order) -> Result<Id, String> {
        match self {
            Subject::Order(id) => match order.id() {
                Some(other) if other != id.as_str() => Err("it is about another order".to_owned()),
                _ => Ok(id.clone()),
            },
            Subject::Reference(id) => {
                let mine = id.as_str().strip_prefix(PARTNER);
                if order.reference().is_some_and(|other| mine != Some(other.as_str())) {
                    return Err("it is about another reference".to_owned());
                }
                Ok(id.clone())
            }
            Subject::Account => {
                let id = order.id().ok_or("its order has no id")?;
                check_id(&id).map_err(|error| format!("its order's id is none: {error}"))?;
                Ok(Id::new(&id))
            }
        }
    }
}

fn ignored(problem: &str) -> Action {
    let code = if problem == jwt::WRONG_SIGNATURE { BAD_SIGNATURE } else { "bad_frame" };
    Action::Warning(code, format!("a message was ignored: {problem}"))
}

/// What signed messages are checked with: the access token, and the one before it.
#[derive(Default)]
struct Keys {
    current: Token,
    previous: Token,
}

impl Keys {
    fn renew(&mut self, token: &Token) {
        if token.text() != self.current.text() {
            self.previous = std::mem::replace(&mut self.current, token.clone());
        }
    }

    fn open(&self, text: &str) -> Result<Order, String> {
        let secrets: Vec<&[u8]> = [&self.current, &self.previous]
            .into_iter()
            .filter_map(Token::text)
            .map(str::as_bytes)
            .collect();
        if secrets.is_empty() {
            return Err("it is signed, and there is no access token to check it with".to_owned());
        }
        Order::of(jwt::verify(text, &secrets)?)
    }
}

impl Feed for TransakFeed {
    fn request(&self) -> Request {
        self.pusher.request()
    }

    fn token(&mut self, token: &Token) {
        self.keys.renew(token);
    }

    /// The server speaks first.
    fn opened(&mut self) -> Vec<Action> {
        Vec::new()
    }

    fn received(&mut self, frame: Frame<'_>) -> Vec<Action> {
        match frame {
            Frame::Text(text) => {
                let outputs = self.pusher.received(text);
                self.actions(outputs)
            }
            other => vec![ignored(&format!("it is {}", other.kind()))],
        }
    }

    fn idle(&mut self) -> Vec<Action> {
        let outputs = self.pusher.idle();
        self.actions(outputs)
    }

    /// An order of an account that has ended may still be paid back, so its channel is kept.
    fn forget(&mut self, id: &Id) -> Vec<Action> {
        let channel = channel(id, self.api_key.as_deref());
        match self.subjects.get(&channel) {
            None | Some(Subject::Account) => Vec::new(),
            Some(_) => {
                self.subjects.remove(&channel);
                let outputs = self.pusher.unsubscribe(&channel);
                self.actions(outputs)
            }
        }
    }

    fn silence(&self) -> Silence {
        self.pusher.silence()
    }

    fn closed(&mut self, code: Option<u16>) -> Closed {
        self.pusher.closed(code)
    }
}
