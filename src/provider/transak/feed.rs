//! Transak's Pusher channels, all on one connection: of an order, of a partner's reference, or of an account.

use std::collections::HashMap;

use super::id::{PARTNER_PREFIX, check_id};
use super::order::Order;
use super::signed::{IgnoreReason, SigningKeys, read_order};
use crate::protocol::pusher::{Channel, Output, Pusher};
use crate::protocol::{Closed, KeepAlive, jwt};
use crate::provider::{Feed, FeedAction, FeedSignal, Id, Report, Status};
use crate::warning::WarningCode;
use crate::wire::{BaseUrl, Frame, Request, Token};

/// One connection and its channels.
pub(super) struct TransakFeed {
    pusher: Pusher,
    subjects: HashMap<Channel, ChannelSubject>,
    api_key: Option<String>,
    keys: SigningKeys,
}

/// What the orders on a channel have in common.
enum ChannelSubject {
    /// One order.
    Order(Id),
    /// The orders with a partner's reference, of which one counts.
    Reference(Id),
    /// All orders of an account. Only signed messages are accepted, as Transak sends them on this channel.
    Account,
}

/// The name of an id's channel: `{orderId}`, or `{API_KEY}_{partnerOrderId}`.
pub(super) fn channel(id: &Id, api_key: Option<&str>) -> Channel {
    match (id.as_str().strip_prefix(PARTNER_PREFIX), api_key) {
        (Some(reference), Some(key)) => format!("{key}_{reference}").into(),
        _ => id.text(),
    }
}

impl TransakFeed {
    /// The channels of these ids.
    pub(super) fn of_ids(base: &BaseUrl, key: &str, api_key: Option<&str>, ids: &[Id]) -> Self {
        let subject = |id: &Id| {
            if id.as_str().starts_with(PARTNER_PREFIX) {
                ChannelSubject::Reference(id.clone())
            } else {
                ChannelSubject::Order(id.clone())
            }
        };
        let channels: Vec<Channel> = ids.iter().map(|id| channel(id, api_key)).collect();
        let subjects = channels.iter().cloned().zip(ids.iter().map(subject)).collect();
        Self::new(Pusher::new(base, key, channels), subjects, api_key)
    }

    /// The channel of an account.
    pub(super) fn of_account(base: &BaseUrl, key: &str, api_key: &str) -> Self {
        let channel = Channel::from(api_key);
        let subjects = HashMap::from([(channel.clone(), ChannelSubject::Account)]);
        Self::new(Pusher::new(base, key, [channel]), subjects, Some(api_key))
    }

    fn new(
        pusher: Pusher,
        subjects: HashMap<Channel, ChannelSubject>,
        api_key: Option<&str>,
    ) -> Self {
        TransakFeed {
            pusher,
            subjects,
            api_key: api_key.map(str::to_owned),
            keys: SigningKeys::default(),
        }
    }

    fn actions(&mut self, outputs: Vec<Output>) -> Vec<FeedAction> {
        outputs.into_iter().flat_map(|output| self.actions_of(output)).collect()
    }

    /// What follows from an output. An event that is not understood may be a change, which a lookup can find.
    fn actions_of(&mut self, output: Output) -> Vec<FeedAction> {
        match output {
            Output::Event { channel, data } => match self.event(&channel, &data) {
                Ok((id, report)) if is_ending_of_one_attempt(&report) => {
                    let changed = FeedAction::Signal(FeedSignal::Changed(Some(vec![id.clone()])));
                    vec![FeedAction::observed(id, report), changed]
                }
                Ok((id, report)) => vec![FeedAction::observed(id, report)],
                Err(reason) => {
                    [warning(&reason)].into_iter().chain(self.changed(&channel)).collect()
                }
            },
            Output::Ambiguous(Some(channel), problem) => {
                [malformed(&problem)].into_iter().chain(self.changed(&channel)).collect()
            }
            Output::Ambiguous(None, problem) => {
                vec![malformed(&problem), FeedAction::Signal(FeedSignal::Changed(None))]
            }
            output => self.action(output).into_iter().collect(),
        }
    }

    /// Has the ids of a channel looked up; those of an account are not known.
    fn changed(&self, channel: &Channel) -> Option<FeedAction> {
        let ids = self.subjects.get(channel)?.ids();
        (!ids.is_empty()).then_some(FeedAction::Signal(FeedSignal::Changed(Some(ids))))
    }

    fn action(&mut self, output: Output) -> Option<FeedAction> {
        Some(match output {
            Output::Event { .. } | Output::Ambiguous(..) => return None,
            Output::Send(text) => FeedAction::Send(text),
            Output::Established => FeedAction::Signal(FeedSignal::Live),
            Output::Subscribed(channel) => {
                FeedAction::Signal(FeedSignal::Subscribed(self.subjects.get(&channel)?.ids()))
            }
            Output::Rejected(channel, why) => {
                let ids = self.subjects.get(&channel)?.ids();
                FeedAction::Signal(FeedSignal::SubscriptionRejected(ids, why))
            }
            Output::ServerError(text) => FeedAction::warning(
                WarningCode::PusherError,
                format!("the Pusher server complains: {text}"),
            ),
            Output::Malformed(problem) => malformed(&problem),
            Output::Refused(refusal) => FeedAction::Signal(FeedSignal::Refused(refusal)),
        })
    }

    fn event(&mut self, channel: &Channel, data: &str) -> Result<(Id, Report), IgnoreReason> {
        let subject = self.subjects.get(channel).ok_or("nobody follows its channel")?;
        let is_signed = jwt::is_jwt(data);
        let order = match subject {
            _ if is_signed => self.keys.verify(data)?,
            ChannelSubject::Account => return Err("it is not signed".into()),
            ChannelSubject::Order(_) | ChannelSubject::Reference(_) => read_order(data)?,
        };
        let id = subject.id_of(&order)?;
        let report = match subject {
            // A user who starts over creates another order with the same reference.
            ChannelSubject::Reference(_) => order.report_attempt()?,
            ChannelSubject::Order(_) | ChannelSubject::Account => order.report()?,
        };
        Ok((id, Report { is_unsigned: !is_signed, ..report }))
    }
}

/// Whether an order ended badly that may not be the only one with its reference, so that the list decides.
fn is_ending_of_one_attempt(report: &Report) -> bool {
    report.attempt.is_some() && report.status.is_final() && report.status != Status::Completed
}

impl ChannelSubject {
    /// The ids that the channel serves; none for an account, whose orders are not known in advance.
    fn ids(&self) -> Vec<Id> {
        match self {
            ChannelSubject::Order(id) | ChannelSubject::Reference(id) => vec![id.clone()],
            ChannelSubject::Account => Vec::new(),
        }
    }

    /// The id that an order on this channel is reported under.
    ///
    /// # Errors
    /// The order does not belong on this channel.
    fn id_of(&self, order: &Order) -> Result<Id, String> {
        match self {
            ChannelSubject::Order(id) => match order.id() {
                Some(other) if !id.is(&other) => Err("it is about another order".to_owned()),
                _ => Ok(id.clone()),
            },
            ChannelSubject::Reference(id) => {
                let mine = id.as_str().strip_prefix(PARTNER_PREFIX);
                if order.reference().is_some_and(|other| mine != Some(other.as_str())) {
                    return Err("it is about another reference".to_owned());
                }
                Ok(id.clone())
            }
            ChannelSubject::Account => {
                let id = order.id().ok_or("its order has no id")?;
                check_id(&id).map_err(|error| format!("its order's id is none: {error}"))?;
                Ok(Id::of_uuid_or(&id))
            }
        }
    }
}

/// The warning about an event that was ignored.
fn warning(reason: &IgnoreReason) -> FeedAction {
    match reason {
        IgnoreReason::Malformed(problem) => malformed(problem),
        IgnoreReason::BadSignature(problem) => FeedAction::warning(
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
        self.keys.set_current(token);
    }

    /// The server sends the first message.
    fn opened(&mut self) -> Vec<FeedAction> {
        Vec::new()
    }

    fn received(&mut self, frame: Frame) -> Vec<FeedAction> {
        match frame.into_text() {
            Ok(text) => {
                let outputs = self.pusher.received(&text);
                self.actions(outputs)
            }
            Err(problem) => vec![malformed(&problem)],
        }
    }

    fn idle(&mut self) -> Vec<FeedAction> {
        let outputs = self.pusher.idle();
        self.actions(outputs)
    }

    /// The channel of an account is kept.
    fn forget(&mut self, id: &Id) -> Vec<FeedAction> {
        let channel = channel(id, self.api_key.as_deref());
        match self.subjects.get(&channel) {
            None | Some(ChannelSubject::Account) => Vec::new(),
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
