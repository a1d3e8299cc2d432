//! What is due when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Something that is due at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// `--timeout`.
    Deadline,
    /// A bad ending of this target is believed now.
    Grace(usize),
    /// A closed gate opens again.
    Gate,
    /// This profile was silent for too long, unless it was not.
    Outage(usize),
    /// This target's next request, unless it was moved.
    Pull(usize),
    /// This profile's token is to be renewed.
    Renewal(usize),
    /// Whoever was not heard of yet on this feed, and cannot be asked for, is told.
    Unheard(usize),
    /// A sign of life.
    Heartbeat,
}

/// Timers, earliest first. Nothing is ever taken out early: who is woken checks whether it still holds.
#[derive(Debug, Default)]
pub(super) struct Agenda(BinaryHeap<Reverse<(Duration, Timer)>>);

impl Agenda {
    pub(super) fn add(&mut self, due: Duration, timer: Timer) {
        self.0.push(Reverse((due, timer)));
    }

    pub(super) fn first(&self) -> Option<Duration> {
        self.0.peek().map(|Reverse((due, _))| *due)
    }

    pub(super) fn pop(&mut self, now: Duration) -> Option<(Duration, Timer)> {
        match self.first() {
            Some(due) if due <= now => self.0.pop().map(|Reverse(entry)| entry),
            _ => None,
        }
    }
}
