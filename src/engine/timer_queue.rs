//! What is due when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::{FeedId, ProfileId, TargetId};

/// Something that is due at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// `--timeout`.
    Deadline,
    /// A bad ending of this target is believed now.
    Grace(TargetId),
    /// A request queue opens again.
    Queue,
    /// This profile was silent for too long, unless it was not.
    Outage(ProfileId),
    /// This target's next lookup, unless it was moved.
    Lookup(TargetId),
    /// This profile's token is to be renewed.
    Renewal(ProfileId),
    /// Targets of this connection that nothing was heard of, and that cannot be polled, are named.
    NothingHeard(FeedId),
    /// A sign of life.
    Heartbeat,
}

/// Timers, earliest first. Nothing is ever taken out early: who is woken checks whether it still holds.
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
