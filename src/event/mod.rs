//! The events and views of a command, as values: everything that is shown comes from these.

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
    /// When it happened, by the wall clock.
    pub at: Timestamp,
    /// The event.
    pub event: Event,
}

/// The names of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// `PROFILE:ID`, as on the command line.
    pub target: Arc<str>,
    /// The name of the provider.
    pub provider: Arc<str>,
    /// The id in the provider's form.
    pub id: Arc<str>,
}

/// An event of a command.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // events are short-lived: a box would only cost an allocation
pub enum Event {
    /// The status of a target changed, or is known for the first time.
    Status(Change),
    /// The state of a push connection changed.
    Connection(Connection),
    /// Nothing changed for the heartbeat interval.
    Heartbeat(OpenTargets),
    /// How the targets stand, as the user asked for.
    Standing(View),
    /// A warning, which does not end the command.
    Warning {
        /// The target that it is about, if it is about one.
        target: Option<Arc<str>>,
        /// The warning.
        warning: Warning,
    },
    /// `--grace` delays a final status; at most once for each target.
    Held(Held),
    /// A target is settled.
    Result(TargetResult),
    /// The command has ended.
    Summary(Summary),
}

/// A change of status.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // the names are those of the JSON output
pub struct Change {
    pub name: Name,
    pub status: Status,
    pub provider_status: String,
    pub source: Source,
    pub occurred_at: Option<Timestamp>,
    /// From the start of the command; for an order of an account from the first report about it.
    pub elapsed: Duration,
    /// From the previous change, if there was one.
    pub since_previous: Option<Duration>,
    pub detail: Option<String>,
    /// Earlier statuses, oldest first, if the provider lists them.
    pub history: Vec<PastStatus>,
    /// All fields known so far, not only those of this report.
    pub record: Transaction,
    pub data: Option<Value>,
}

/// The state of a push connection.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // the names are those of the JSON output
pub struct Connection {
    pub profile: Arc<str>,
    /// The target, if the connection serves only one.
    pub target: Option<Arc<str>>,
    pub state: ConnectionState,
    pub transport: &'static str,
    pub attempt: u32,
    pub retry_in: Option<Duration>,
    pub reason: Option<String>,
}

/// The state of a push connection; `Polling` while it is down and targets are polled instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names are those of the JSON output
pub enum ConnectionState {
    Connecting,
    Live,
    Lost,
    Polling,
}

impl ConnectionState {
    /// The name in the output.
    pub fn name(self) -> &'static str {
        match self {
            ConnectionState::Connecting => "connecting",
            ConnectionState::Live => "live",
            ConnectionState::Lost => "lost",
            ConnectionState::Polling => "polling",
        }
    }
}

/// A final status that `--grace` delays.
#[derive(Clone, Debug)]
pub struct Held {
    /// `PROFILE:ID`, as on the command line.
    pub target: Arc<str>,
    /// The final status.
    pub status: Status,
    /// How much of the grace period is left.
    pub remaining: Duration,
}

/// How a target ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The goal was reached, and all expectations hold.
    Reached,
    /// The transaction ended in this status, from which the goal cannot be reached.
    Missed(Status),
    /// The transaction is not final, and the command does not wait any longer.
    Unfinished,
    /// The command failed for this target, or was stopped; or an expectation does not hold.
    Failed(FailureKind),
}

impl Outcome {
    /// Whether the transaction's own status or record decided it, and not a failure of the command.
    pub fn is_of_transaction(&self) -> bool {
        match self {
            Outcome::Reached | Outcome::Missed(_) | Outcome::Unfinished => true,
            Outcome::Failed(kind) => *kind == FailureKind::Mismatch,
        }
    }

    /// Whether the transaction may continue although the command has ended for it. `is_seen` says whether any status
    /// of it was seen.
    pub fn leaves_open(&self, is_seen: bool) -> bool {
        use FailureKind::{Config, Denied, Internal, Io, NotFound, Untrusted};
        let has_failed =
            matches!(self, Outcome::Failed(NotFound | Internal | Io | Untrusted | Denied | Config));
        self.is_undecided() || (has_failed && is_seen)
    }

    /// Whether the command gave up on it for a reason that has nothing to do with it.
    pub fn is_undecided(&self) -> bool {
        use FailureKind::{Interrupted, TimedOut, Unreachable};
        matches!(self, Outcome::Failed(Unreachable | TimedOut | Interrupted(_)))
    }
}

/// The result of a target.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // the names are those of the JSON output
pub struct TargetResult {
    pub name: Name,
    pub outcome: Outcome,
    pub status: Option<Status>,
    pub provider_status: Option<String>,
    pub elapsed: Duration,
    pub reconnects: u32,
    pub record: Transaction,
    /// Why, if the status alone does not show it.
    pub reason: Option<String>,
}

/// How the command ended.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What decides the exit code.
    pub conclusion: Conclusion,
    /// The number of targets.
    pub targets: usize,
    /// The number of targets with each outcome.
    pub outcomes: HashMap<Outcome, usize>,
    /// The number of targets with each outcome and last status.
    pub endings: HashMap<(Outcome, Option<Status>), usize>,
}

/// What decides the exit code of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// With `--any`: one target reached the goal.
    AnyReached,
    /// All targets are settled: the worst outcome decides.
    AllSettled,
    /// All targets were looked up once: the worst outcome decides among those that are failures of the lookup.
    LookedUpOnce,
    /// The watch of an account was stopped: this outcome decides.
    Stopped(Outcome),
}

/// The present state of a target.
#[derive(Clone, Debug)]
pub struct Row {
    /// `PROFILE:ID`, as on the command line.
    pub target: Arc<str>,
    /// Its status, also as the provider writes it; none until the first report.
    pub status: Option<(Status, String)>,
    /// How long it has had this status. Before the first report: from the start of the command. Once it is settled:
    /// how long that took.
    pub in_status: Duration,
    /// How changes reach the command.
    pub link: LinkView,
    /// Its outcome, once it is settled.
    pub settled: Option<Outcome>,
}

/// How changes of a target reach the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkView {
    /// The push connection is being opened.
    Connecting,
    /// The push connection is live.
    Live {
        /// What the provider's push connection is called.
        transport: &'static str,
        /// How long ago something was last received on it.
        last_received: Duration,
    },
    /// The push connection is down.
    Down {
        /// Why.
        reason: String,
        /// How long until the next attempt.
        retry_in: Duration,
        /// The interval at which the target is polled meanwhile, if it can be.
        polling: Option<Duration>,
    },
    /// By polling alone, at this interval.
    Polling(Duration),
    /// By a single lookup.
    LookedUpOnce,
}

/// The targets that are not settled.
#[derive(Clone, Debug, Default)]
pub struct OpenTargets {
    /// The number of targets in each status, in the order of a transaction's life; first those without a status.
    pub counts: Vec<(Option<Status>, usize)>,
    /// The targets themselves, if they are few.
    pub rows: Vec<Row>,
}

impl OpenTargets {
    /// The number of targets.
    pub fn total(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }
}

/// How many rows the live view has room for.
#[derive(Clone, Copy, Debug)]
pub struct ViewSize {
    /// If all targets fit into it.
    pub all_rows: usize,
    /// If they do not, and some rows are taken up by headings.
    pub partial_rows: usize,
}

/// The rows of a view.
#[derive(Clone, Debug)]
pub enum Rows {
    /// A row for each target.
    All(Vec<Row>),
    /// Rows for some targets.
    Partial {
        /// The open targets that have had their status for longest, the slowest first.
        slowest: Vec<Row>,
        /// Of the others those that changed or were settled last, the latest first.
        latest: Vec<Row>,
    },
}

/// The present state of a command, for the live view.
#[derive(Clone, Debug)]
pub struct View {
    /// From the start of the command.
    pub elapsed: Duration,
    /// Until `--timeout`; none if there is no limit.
    pub remaining: Option<Duration>,
    /// The number of targets.
    pub targets: usize,
    /// The number of targets that reached the goal.
    pub reached: usize,
    /// The number of targets that are settled otherwise.
    pub not_reached: usize,
    /// The number of open targets in each status, as in [`OpenTargets::counts`].
    pub open: Vec<(Option<Status>, usize)>,
    /// The targets; of an account the open ones, and the last that were settled.
    pub rows: Rows,
}

/// What the closing report of a command is about.
#[derive(Debug)]
pub struct Closing {
    /// How the command ended.
    pub summary: Summary,
    /// The failures of the command.
    pub failures: Vec<Arc<Failure>>,
    /// Problems with the providers that lasted to the end.
    pub ongoing_problems: Vec<String>,
    /// The targets whose end is not known.
    pub undecided: Vec<Undecided>,
    /// The endings that were believed although a customer may still revive them; one for each provider and status.
    pub revivable: Vec<Revivable>,
    /// Whether the transactions of an account were followed.
    pub account: bool,
    /// From the start of the command to its end.
    pub elapsed: Duration,
}

/// An ending that a customer may revive by trying again under the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revivable {
    /// The title of the provider.
    pub provider: String,
    /// The ending.
    pub status: Status,
    /// For how long after it.
    pub window: Duration,
}

/// A target that was given up although the transaction may continue.
#[derive(Debug)]
pub struct Undecided {
    /// `PROFILE:ID`, as on the command line.
    pub target: Arc<str>,
    /// Why it was given up.
    pub outcome: Outcome,
    /// Whether it could be polled.
    pub can_poll: bool,
    /// The last status, how long ago it was last confirmed, and how long ago it was reached.
    pub last: Option<(Status, Duration, Duration)>,
}
