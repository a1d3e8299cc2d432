//! What can go wrong in a scenario, and when. A double only says it in its provider's words.

use std::time::Duration;

/// A misbehaviour of a provider in a scenario. Times are ages of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing goes wrong.
    None,
    /// Push is silent.
    Silent,
    /// The connection is lost at the first time, and refused until the second.
    Drop(Duration, Duration),
    /// The first requests and connections fail.
    Flaky,
    /// The transaction is unknown until this time.
    Late(Duration),
    /// Every message comes twice.
    Duplicate,
    /// Every message is followed by the one before it.
    Reorder,
    /// Broken messages come before good ones.
    Garbage,
    /// No token is accepted.
    Denied,
    /// The push server says that it goes away, and is away between these two times.
    Shutdown(Duration, Duration),
    /// There are too many connections already.
    Quota,
    /// The first connection goes dead after its first message.
    Stalled,
    /// The server is away between these two times, and counts its events anew.
    Restart(Duration, Duration),
    /// Push leaves out the last step.
    EndingUntold,
    /// The server is behind its network until this time, and its clock calls the transaction expired.
    Stuck(Duration),
    /// One of the servers that answer lags behind.
    Lagging,
    /// Between good answers to requests come some that say nothing about the transaction.
    Weather,
    /// The clock of push is this far ahead of that of requests, and push leaves out the last step.
    Skewed(Duration),
    /// The clock of push is this far ahead until the last step, which so seems to be older than the one before.
    Backdated(Duration),
}

/// Why a request does not tell where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestFault {
    /// Its token is not accepted.
    Denied,
    /// There is no such transaction.
    Unknown,
    /// There is no such transaction so far.
    NotYet,
    /// The server behind the server fails: a 502.
    Upstream,
    /// The client is to wait for so long first: a 429.
    TooMany(Duration),
}

/// Why a connection that follows a transaction is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionFault {
    /// Its token is not accepted.
    Denied,
    /// There are too many connections.
    Quota,
    /// The server is away.
    Away,
    /// The server is away, and says so.
    ShutDown,
    /// It fails this time.
    Flaky,
}

impl Fault {
    /// What goes wrong with the nth request about a transaction of this age.
    pub(super) fn of_request(self, nth: u32, age: Duration) -> Option<RequestFault> {
        match (self, nth) {
            (Fault::Flaky, 1 | 4) => Some(RequestFault::Upstream),
            (Fault::Flaky, 2) => Some(RequestFault::TooMany(Duration::from_secs(1))),
            (Fault::Late(until), _) if age < until => Some(RequestFault::NotYet),
            _ => None,
        }
    }

    /// What goes wrong with a connection while the server is away.
    pub(super) fn of_absence(self) -> ConnectionFault {
        if matches!(self, Fault::Shutdown(..)) {
            ConnectionFault::ShutDown
        } else {
            ConnectionFault::Away
        }
    }

    /// What goes wrong with the nth connection that follows a transaction of this age.
    pub(super) fn of_connection(self, nth: u32, age: Duration) -> Option<ConnectionFault> {
        match self {
            Fault::Quota => Some(ConnectionFault::Quota),
            Fault::Flaky if nth == 1 => Some(ConnectionFault::Flaky),
            _ => self.is_away(age).then(|| self.of_absence()),
        }
    }

    /// What goes wrong with a connection that has not said yet what it follows, where so many connections have
    /// followed a transaction of this age: whoever comes after the first one failed is most likely the same
    /// client.
    pub(super) fn of_newcomer(self, connections: u32, age: Duration) -> Option<ConnectionFault> {
        match self {
            Fault::Flaky if connections == 1 => Some(ConnectionFault::Flaky),
            Fault::Shutdown(..) if self.is_away(age) => Some(ConnectionFault::ShutDown),
            _ => None,
        }
    }

    fn is_away(self, age: Duration) -> bool {
        match self {
            Fault::Drop(from, until)
            | Fault::Shutdown(from, until)
            | Fault::Restart(from, until) => (from..until).contains(&age),
            _ => false,
        }
    }

    /// Whether the server is behind its network when the transaction has this age.
    pub(super) fn is_stuck(self, age: Duration) -> bool {
        matches!(self, Fault::Stuck(until) if age < until)
    }

    /// The age at which connections are lost.
    pub(super) fn loses_connections_at(self) -> Option<Duration> {
        match self {
            Fault::Drop(from, _) | Fault::Shutdown(from, _) | Fault::Restart(from, _) => Some(from),
            _ => None,
        }
    }

    /// The age from which on the transaction is known to its provider.
    pub(super) fn known_from(self) -> Duration {
        match self {
            Fault::Late(until) => until,
            _ => Duration::ZERO,
        }
    }

    /// The steps that push tells of when a step is taken, given the last step of the story.
    pub(super) fn messages(self, step: usize, last: usize) -> Vec<usize> {
        match self {
            Fault::Silent => Vec::new(),
            Fault::Duplicate => vec![step, step],
            Fault::Reorder => vec![step, step.saturating_sub(1)],
            Fault::EndingUntold | Fault::Skewed(_) if step == last => Vec::new(),
            _ => vec![step],
        }
    }

    /// How far the clock of push is ahead of that of requests when it tells of a step.
    pub(super) fn push_is_ahead(self, step: usize, last: usize) -> Duration {
        match self {
            Fault::Skewed(by) => by,
            Fault::Backdated(by) if step < last => by,
            _ => Duration::ZERO,
        }
    }

    /// Whether connections that follow all transactions are lost once at this step.
    pub(super) fn loses_listeners_at(self, step: usize) -> bool {
        self == Fault::Flaky && step == 0
    }

    /// Whether the nth connection goes dead after its first message.
    pub(super) fn stalls(self, nth: u32) -> bool {
        self == Fault::Stalled && nth == 1
    }
}
