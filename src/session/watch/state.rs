//! What a command knows of its targets, profiles and push connections.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use super::messages::Route;
use super::pulls;
use crate::exit::Code;
use crate::lifecycle::{Source, Tracker};
use crate::provider::Id;
use crate::render::Name;
use crate::transport::Backoff;

pub(super) struct TargetState {
    pub(super) name: Name,
    pub(super) id: Id,
    pub(super) profile: usize,
    /// Since when it is followed, as time of the command.
    pub(super) since: Duration,
    pub(super) tracker: Tracker,
    pub(super) feed: Option<usize>,
    /// Whether its feed brings its changes at present.
    pub(super) subscribed: bool,
    pub(super) pull: PullState,
    /// Unreadable answers in a row.
    pub(super) strikes: u8,
    pub(super) reconnects: u32,
    pub(super) warned: HashSet<&'static str>,
    /// The goal was reached by a push that lacks what an expectation looks for; a request will tell.
    pub(super) in_doubt: bool,
    pub(super) settled: Option<Code>,
    /// When, as time of the command.
    pub(super) settled_at: Duration,
}

/// Where a target's next request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum PullState {
    /// None is planned.
    #[default]
    None,
    /// Planned for this time of the command.
    At(Duration),
    /// Waiting at the gate.
    Queued,
    /// On the wire; and if true, wanted again as soon as it is back.
    Asked(bool),
}

pub(super) struct ProfileState {
    /// Whether its work has begun.
    pub(super) begun: bool,
    pub(super) gate: pulls::Gate,
    pub(super) backoff: Backoff,
    /// Since when the provider owes an answer, if it does.
    pub(super) silence: Option<Silence>,
    /// Whether anything it answered was ever understood.
    pub(super) understood: bool,
    /// The token that it accepted last.
    pub(super) accepted: Option<u32>,
    pub(super) renewal: Renewal,
    /// When it is planned, as time of the command.
    pub(super) renew_at: Option<Duration>,
    /// When the token ends that counts now, if that is known.
    pub(super) ends: Option<Timestamp>,
    /// Whether it was said that there is no newer one.
    pub(super) told_unrenewed: bool,
    pub(super) generation: u32,
}

/// The provider is silent since the first question that it did not answer.
pub(super) struct Silence {
    pub(super) since: Duration,
    /// What became of the last question, if it came to something.
    pub(super) reason: Option<String>,
}

/// Reading a token again is tried once for each side of the provider that refuses it, until that same
/// side has accepted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    Possible,
    Running(Option<Source>),
    Spent(Source),
}

pub(super) struct FeedState {
    pub(super) profile: usize,
    pub(super) targets: BTreeMap<Id, usize>,
    /// Whether it brings whatever the account has.
    pub(super) account: bool,
    /// Whether it carries the token, and so tells whether that is accepted.
    pub(super) authenticated: bool,
    pub(super) unsettled: usize,
    pub(super) link: LinkState,
    pub(super) was_live: bool,
    pub(super) heard: Duration,
    pub(super) warned: bool,
    /// How many odd messages it brought, and which of them were told.
    pub(super) oddities: u32,
    pub(super) quoted: HashSet<String>,
    /// Since when it is down.
    pub(super) down_since: Option<Duration>,
}

pub(super) enum LinkState {
    Connecting,
    Live,
    Down { reason: String, retry_at: Duration },
}

impl TargetState {
    pub(super) fn new(name: Name, id: Id, profile: usize) -> Self {
        TargetState {
            name,
            id,
            profile,
            since: Duration::ZERO,
            tracker: Tracker::default(),
            feed: None,
            subscribed: false,
            pull: PullState::None,
            strikes: 0,
            reconnects: 0,
            warned: HashSet::new(),
            in_doubt: false,
            settled: None,
            settled_at: Duration::ZERO,
        }
    }
}

impl FeedState {
    pub(super) fn new(route: Route) -> Self {
        FeedState {
            profile: route.profile,
            account: route.account,
            authenticated: route.authenticated,
            unsettled: route.targets.len(),
            targets: route.targets.into_iter().collect(),
            link: LinkState::Connecting,
            was_live: false,
            heard: Duration::ZERO,
            warned: false,
            oddities: 0,
            quoted: HashSet::new(),
            down_since: None,
        }
    }
}
