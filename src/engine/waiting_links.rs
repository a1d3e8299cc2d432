//! Push connections that wait for others to be closed, since the limit of open files does not allow all of them.

use std::collections::VecDeque;

use super::{Effect, Engine, FeedId, List, Route};

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
    fn next(&mut self) -> Option<FeedId> {
        if self.free == 0 { None } else { self.waiting.pop_front() }
    }
}

impl Engine {
    /// Opens connections in the place of those that were closed.
    pub(super) fn open_waiting_links(&mut self) {
        while self.conclusion.is_none()
            && let Some(feed) = self.waiting_links.next()
        {
            if !self.links[feed].stop_waiting() {
                continue;
            }
            self.waiting_links.free -= 1;
            // Otherwise it is opened with the others of its profile.
            if self.profiles[self.links[feed].profile].has_begun {
                self.effects.push(Effect::OpenFeed(feed));
            }
        }
    }
}
