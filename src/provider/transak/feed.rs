//! Transak's channels, on one connection: an order's, a partner reference's, or a whole account's.

use std::collections::HashMap;

use super::id::{PARTNER, check_id};
use super::order::Order;
use super::signed::{Ignored, Keys};
use crate::protocol::pusher::{Channel, Data, Output, Pusher};
use crate::protocol::{Closed, KeepAlive, jwt};
use crate::provider::{Feed, FeedAction, FeedSignal, Id, Report};
use crate::warning::WarningCode;
use crate::wire::{BaseUrl, Frame, Request, Token};

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
    pub(super) fn of_ids(base: &BaseUrl, key: &str, api_key: Option<&str>, ids: &[Id]) -> Self {
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
    pub(super) fn of_account(base: &BaseUrl, key: &str, api_key: &str) -> Self {
        let channel = Channel::from(api_key);
        let subjects = HashMap::from([(channel.clone(), Subject::Account)]);
        Self::new(Pusher::new(base, key, [channel]), subjects, Some(api_key))
    }

    fn new(pusher: Pusher, subjects: HashMap<Channel, Subject>, api_key: Option<&str>) -> Self {
        TransakFeed { pusher, subjects, api_key: api_key.map(str::to_owned), keys: Keys::default() }
    }

    fn actions(&mut self, outputs: Vec<Output>) -> Vec<FeedAction> {
        outputs.into_iter().filter_map(|output| self.action(output)).collect()
    }

    fn action(&mut self, output: Output) -> Option<FeedAction> {
        Some(match output {
            Output::Send(text) => FeedAction::Send(text),
            Output::Established => FeedAction::Signal(FeedSignal::Live),
            Output::Subscribed(channel) => {
                FeedAction::Signal(FeedSignal::Subscribed(self.subjects.get(&channel)?.ids()))
            }
            Output::Rejected(channel, why) => {
                let ids = self.subjects.get(&channel)?.ids();
                FeedAction::Signal(FeedSignal::SubscriptionRejected(ids, why))
            }
            Output::Event { channel, data } => match self.event(&channel, data) {
                Ok((id, report)) => FeedAction::observed(id, report),
                Err(ignored) => warning(&ignored),
            },
            Output::ServerError(text) => FeedAction::warning(
                WarningCode::PusherError,
                format!("the Pusher server complains: {text}"),
            ),
            Output::Malformed(problem) => malformed(&problem),
            Output::Refused(refusal) => FeedAction::Signal(FeedSignal::Refused(refusal)),
        })
    }

    fn event(&mut self, channel: &Channel, data: Data) -> Result<(Id, Report), Ignored> {
        let subject = self.subjects.get(channel).ok_or("nobody follows its channel")?;
        let order = match data {
            Data::Text(text) if jwt::is_jwt(&text) => self.keys.open(&text)?,
            _ if matches!(subject, Subject::Account) => return Err("it is not signed".into()),
            Data::Json(payload) => Order::of(payload)?,
            Data::Text(_) => return Err("it is text, not an order".into()),
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

/// What is said of an event that is ignored.
fn warning(ignored: &Ignored) -> FeedAction {
    match ignored {
        Ignored::Malformed(problem) => malformed(problem),
        Ignored::BadSignature(problem) => FeedAction::warning(
            WarningCode::BadSignature,
            format!("a message was ignored: {problem}"),
        ),
    }
}

fn malformed(problem: &str) -> FeedAction {
    FeedAction::malformed("a message", problem)
}

impl Feed for TransakFeed {
    fn request(&self) -> Request {
        self.pusher.request()
    }

    fn token(&mut self, token: &Token) {
        self.keys.renew(token);
    }

    /// The server speaks first.
    fn opened(&mut self) -> Vec<FeedAction> {
        Vec::new()
    }

    fn received(&mut self, frame: Frame) -> Vec<FeedAction> {
        match frame {
            Frame::Text(text) => {
                let outputs = self.pusher.received(&text);
                self.actions(outputs)
            }
            other => vec![malformed(&format!("it is {}", other.kind()))],
        }
    }

    fn idle(&mut self) -> Vec<FeedAction> {
        let outputs = self.pusher.idle();
        self.actions(outputs)
    }

    /// An order of an account that has ended may still be paid back, so its channel is kept.
    fn forget(&mut self, id: &Id) -> Vec<FeedAction> {
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

    fn keep_alive(&self) -> KeepAlive {
        self.pusher.keep_alive()
    }

    fn closed(&mut self, code: Option<u16>) -> Closed {
        self.pusher.closed(code)
    }
}
