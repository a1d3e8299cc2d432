//! The timers of a command.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::{FeedId, ProfileId, TargetId};

/// A timer. At the same time the order of the variants counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// `--timeout` is over.
    Deadline,
    /// The grace period of a target is over.
    Grace(TargetId),
    /// A push was held back for long enough.
    HeldPush(TargetId),
    /// A request queue opens.
    Queue,
    /// An outage of a profile may have reached its limit.
    Outage(ProfileId),
    /// The next listing of an account's orders is due, if it is still needed.
    Listing(FeedId),
    /// The next lookup of a target is due, unless it was moved.
    Lookup(TargetId),
    /// The token of a profile has to be renewed, unless the renewal was moved.
    Renewal(ProfileId),
    /// `--appear-timeout` is over for a connection whose targets cannot be polled.
    NothingHeard(FeedId),
    /// A heartbeat is due.
    Heartbeat,
}

/// Timers, earliest first. They are never cancelled: whoever handles one checks whether it still applies.
#[derive(Debug, Default)]
pub(super) struct TimerQueue(BinaryHeap<Reverse<(Duration, Timer)>>);

impl TimerQueue {
    pub(super) fn add(&mut self, due: Duration, timer: Timer) {
        self.0.push(Reverse((due, timer)));
    }

    /// When the first timer is due, as time of the command.
    pub(super) fn first(&self) -> Option<Duration> {
        self.0.peek().map(|Reverse((due, _))| *due)
    }

    /// The first timer that is due at this time.
    pub(super) fn pop(&mut self, now: Duration) -> Option<(Duration, Timer)> {
        match self.first() {
            Some(due) if due <= now => self.0.pop().map(|Reverse(entry)| entry),
            _ => None,
        }
    }
}
