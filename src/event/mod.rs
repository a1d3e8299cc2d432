//! What can be shown: everything that a command says goes through these.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::error::{Failure, FailureKind};
use crate::lifecycle::Source;
use crate::provider::{PastStatus, Status, Transaction};
use crate::warning::Warning;

/// An event and when it happened.
#[derive(Clone, Debug)]
pub struct Stamped {
    /// The wall clock.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// The names of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As it is written on the command line, profile included.
    pub target: Arc<str>,
    /// The provider behind the profile.
    pub provider: Arc<str>,
    /// The provider's id.
    pub id: Arc<str>,
}

/// One thing that happened.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // an event lives for a moment; a box would only cost
pub enum Event {
    /// A status changed, or was first seen.
    Status(Change),
    /// A connection came, went or is replaced by polling.
    Connection(Connection),
    /// Nothing changed for a while.
    Heartbeat(Open),
    /// Something odd that does not end the watch.
    Warning {
        /// Which target it is about, if about one.
        target: Option<Arc<str>>,
        /// What is to be said.
        warning: Warning,
    },
    /// `--grace` holds an ending, which is told once for each target.
    Held(Held),
    /// A target is settled.
    Result(TargetResult),
    /// The command is done.
    Summary(Summary),
}

/// A change of status.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // the names are the contract's own
pub struct Change {
    pub name: Name,
    pub status: Status,
    pub provider_status: String,
    pub source: Source,
    pub occurred_at: Option<Timestamp>,
    /// Since the command began, or an order of an account was first heard of.
    pub elapsed: Duration,
    /// Since the change before this, if there was one.
    pub after: Option<Duration>,
    pub detail: Option<String>,
    /// What it went through before, as far as the provider says.
    pub history: Vec<PastStatus>,
    /// Everything known so far, not only what this report carried.
    pub record: Transaction,
    pub data: Option<Value>,
}

/// The state of a push connection.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // the names are the contract's own
pub struct Connection {
    pub profile: Arc<str>,
    /// The target, where the connection serves only one.
    pub target: Option<Arc<str>>,
    pub state: ConnectionState,
    pub transport: &'static str,
    pub attempt: u32,
    pub retry_in: Option<Duration>,
    pub reason: Option<String>,
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the contract's own
pub enum ConnectionState {
    Connecting,
    Live,
    Lost,
    Polling,
}

impl ConnectionState {
    /// The word in the output.
    pub fn name(self) -> &'static str {
        match self {
            ConnectionState::Connecting => "connecting",
            ConnectionState::Live => "live",
            ConnectionState::Lost => "lost",
            ConnectionState::Polling => "polling",
        }
    }
}

/// An ending that is not believed yet.
#[derive(Clone, Debug)]
pub struct Held {
    /// The target as it is written on the command line.
    pub target: Arc<str>,
    /// The status it ended in.
    pub status: Status,
    /// How long a change is waited for.
    pub left: Duration,
}

/// How a target ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The goal was reached, and everything expected holds.
    Reached,
    /// The transaction ended in this status, from which the goal cannot be reached.
    Missed(Status),
    /// Not final yet, and nothing more was to be waited for.
    Unfinished,
    /// The watcher could not do its work, or was stopped.
    Failed(FailureKind),
}

impl Outcome {
    /// True where the transaction decided, false where the watcher did.
    pub fn is_of_transaction(&self) -> bool {
        match self {
            Outcome::Reached | Outcome::Missed(_) | Outcome::Unfinished => true,
            Outcome::Failed(kind) => *kind == FailureKind::Mismatch,
        }
    }

    /// True where the watcher gave up although the transaction may go on.
    pub fn is_undecided(&self) -> bool {
        use FailureKind::{Interrupted, TimedOut, Unreachable};
        matches!(self, Outcome::Failed(Unreachable | TimedOut | Interrupted(_)))
    }
}

/// The one result of a target.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // the names are the contract's own
pub struct TargetResult {
    pub name: Name,
    pub outcome: Outcome,
    pub status: Option<Status>,
    pub provider_status: Option<String>,
    pub elapsed: Duration,
    pub reconnects: u32,
    pub record: Transaction,
    /// Why, where the status does not say it.
    pub reason: Option<String>,
}

/// How the command ended.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What decides the exit code.
    pub conclusion: Conclusion,
    /// How many targets there were.
    pub targets: usize,
    /// How many of them had each outcome.
    pub outcomes: HashMap<Outcome, usize>,
}

/// What decides the exit code of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// One target reached the goal, and `--any` asks for no more.
    AnyReached,
    /// Every target is settled: the worst of their outcomes.
    AllSettled,
    /// The same after a single look, of which only what kept it from working counts.
    LookedOnce,
    /// A watch of a whole account, which has no ending of its own: what ended it.
    Stopped(Outcome),
}

/// One target as it stands.
#[derive(Clone, Debug)]
pub struct Row {
    /// The target as it is written on the command line.
    pub target: Arc<str>,
    /// Its status and the provider's word, if it was ever seen.
    pub status: Option<(Status, String)>,
    /// How long it has been in it; before it was seen, how long the command runs; when it is settled, how
    /// long that took.
    pub held: Duration,
    /// How the watch learns of changes.
    pub link: LinkView,
    /// How it ended, if it did.
    pub settled: Option<Outcome>,
}

/// How the watch of a target learns of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkView {
    /// The push connection is being opened.
    Connecting,
    /// It is open.
    Live {
        /// What kind it is.
        transport: &'static str,
        /// How long ago something was last received on it.
        last_received: Duration,
    },
    /// It is not; requests carry the watch where they may.
    Down {
        /// Why.
        reason: String,
        /// When it is tried again.
        retry_in: Duration,
        /// How often the provider is asked meanwhile.
        polling: Option<Duration>,
    },
    /// Requests only, this often.
    Polling(Duration),
}

/// The targets that are still open.
#[derive(Clone, Debug, Default)]
pub struct Open {
    /// How many are in each status, in the order of a transaction's life; first those that were not seen.
    pub counts: Vec<(Option<Status>, usize)>,
    /// Each of them, where they are few.
    pub rows: Vec<Row>,
}

impl Open {
    /// How many there are.
    pub fn total(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }
}

/// How many rows of targets can be shown.
#[derive(Clone, Copy, Debug)]
pub struct ViewSize {
    /// Where every target has its row.
    pub every: usize,
    /// Where only some of them do.
    pub some: usize,
}

/// The rows of a view.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Every target has one.
    Every(Vec<Row>),
    /// There is no room for all.
    Some {
        /// The open targets that have been in their status for longest, the slowest first.
        slowest: Vec<Row>,
        /// The other targets that changed or ended last, the latest first.
        latest: Vec<Row>,
    },
}

/// The whole command as it stands, for the live view.
#[derive(Clone, Debug)]
pub struct View {
    /// Since the command began.
    pub elapsed: Duration,
    /// Until `--timeout`.
    pub left: Option<Duration>,
    /// How many targets there were.
    pub targets: usize,
    /// How many of them reached the goal.
    pub good: usize,
    /// How many of them ended otherwise.
    pub bad: usize,
    /// How many of the open ones are in each status, as in [`Open::counts`].
    pub open: Vec<(Option<Status>, usize)>,
    /// The targets; of an account those that are open, and the last that ended.
    pub rows: Rows,
}

/// What is left to say when a command has ended.
#[derive(Debug)]
pub struct Closing {
    /// How the command ended.
    pub summary: Summary,
    /// What went wrong on our side.
    pub failures: Vec<Arc<Failure>>,
    /// What kept the watch from hearing more, where that still lasted.
    pub troubles: Vec<String>,
    /// The targets whose end is not known.
    pub undecided: Vec<Undecided>,
    /// Whether the targets were whatever an account had.
    pub account: bool,
    /// How long the command ran.
    pub elapsed: Duration,
}

/// A target that is not final.
#[derive(Debug)]
pub struct Undecided {
    /// As it is written on the command line.
    pub target: Arc<str>,
    /// Why it is not decided.
    pub outcome: Outcome,
    /// Whether the provider could be asked about it, and not only be listened to.
    pub can_poll: bool,
    /// The last status, how long ago it was last confirmed, and how long it has been the same.
    pub last: Option<(Status, Duration, Duration)>,
}
