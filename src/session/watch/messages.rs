//! What a [`Watch`](super::Watch) is told, and what it tells to do.

use std::time::Duration;

use jiff::Timestamp;

use crate::error::Failure;
use crate::exit::Code;
use crate::lifecycle::Report;
use crate::provider::{Id, Reading};
use crate::render::Stamped;
use crate::transport;

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// The command begins.
    Begun,
    /// A timer may be due.
    Woken,
    /// Something has to be said: a stable word for scripts and a sentence.
    Noticed(&'static str, String),
    /// On the feed of this index.
    Feed(usize, FeedInput),
    /// The request for the target of this index ended.
    Pulled(usize, Pulled),
    /// The profile of this index has a new token, which expires then; or not.
    Renewed(usize, Result<Option<Timestamp>, Unrenewed>),
    /// The user wants to stop, with this code.
    Interrupted(Code),
}

/// Something that happened on a push connection.
#[derive(Debug)]
pub enum FeedInput {
    /// It is being opened, for the given time.
    Connecting(u32),
    /// It is open.
    Live,
    /// Something was heard that needs no more.
    Alive,
    /// These ids are subscribed.
    Subscribed(Vec<Id>),
    /// These are not, for this reason, though the connection works.
    Unserved(Vec<Id>, String),
    /// A report arrived.
    Observed(Id, Box<Report>),
    /// Something odd.
    Warning(&'static str, String),
    /// The provider refused for good.
    Refused(Code, String),
    /// It is down, and tried again after a while.
    Lost {
        /// Why.
        error: transport::Error,
        /// How many tries there were since it last was healthy.
        attempt: u32,
        /// How long until the next.
        retry_in: Duration,
        /// Which token it was opened with.
        generation: u32,
    },
}

/// Why there is no new token.
#[derive(Debug)]
pub enum Unrenewed {
    /// There is none to be had.
    Failed(Failure),
    /// Not now.
    Later {
        /// Why.
        reason: String,
        /// How long the peer asked us to wait.
        wait: Option<Duration>,
    },
}

/// A request that ended.
#[derive(Debug)]
pub struct Pulled {
    /// When it was asked, as time of the command.
    pub asked: Duration,
    /// Which token it was asked with.
    pub generation: u32,
    /// What came back, and how long the peer asked us to wait.
    pub answer: Result<(Reading, Option<Duration>), transport::Error>,
}

/// Something to do.
#[derive(Debug)]
pub enum Command {
    /// Ask for a target.
    Pull(Pull),
    /// Open the feed of this index, and keep it open.
    Open(usize),
    /// Close it for good.
    Close(usize),
    /// Tell the feed of this index that an id needs no more reports.
    Forget(usize, Id),
    /// Come by a new token for the profile of this index.
    Renew(usize),
    /// Show this.
    Emit(Box<Stamped>),
}

/// A request that is to be made.
#[derive(Debug)]
pub struct Pull {
    /// The target, which comes back with the answer.
    pub target: usize,
    /// Its profile.
    pub profile: usize,
    /// Its id.
    pub id: Id,
}

/// Which targets a push connection serves.
#[derive(Clone, Debug)]
pub struct Route {
    /// The profile it belongs to.
    pub profile: usize,
    /// The targets behind the ids it carries.
    pub targets: Vec<(Id, usize)>,
    /// Whether it carries every transaction of the account.
    pub account: bool,
    /// Whether the token goes along.
    pub authenticated: bool,
}
