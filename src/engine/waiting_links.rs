//! Push connections that wait for others to be closed, since the limit of open files does not allow all of them.

use std::collections::VecDeque;

use super::ids::{FeedId, List};
use super::link::Route;

/// The connections that wait, in the order in which they are opened.
pub(super) struct WaitingLinks {
    waiting: VecDeque<FeedId>,
    /// How many connections were closed for which none was opened.
    free: usize,
}

impl WaitingLinks {
    pub(super) fn new(routes: &List<FeedId, Route>) -> Self {
        let waiting = routes.enumerate().filter(|(_, route)| route.waits).map(|(feed, _)| feed);
        WaitingLinks { waiting: waiting.collect(), free: 0 }
    }

    /// A connection was closed for good.
    pub(super) fn closed_one(&mut self) {
        self.free += 1;
    }

    /// The next one to open, if there is room.
    pub(super) fn next(&mut self) -> Option<FeedId> {
        if self.free == 0 { None } else { self.waiting.pop_front() }
    }

    /// The next one was opened.
    pub(super) fn opened_one(&mut self) {
        self.free -= 1;
    }
}
