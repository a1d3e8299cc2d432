//! The state of the command as the live view and the signs of life show it.

use std::cmp::Reverse;
use std::time::Duration;

use super::{FeedState, LinkState, TargetState, Watch};
use crate::exit::Code;
use crate::lifecycle::Status;
use crate::render::{Link, Open, Room, Row, Rows, View};
use crate::session::plan::Mode;

/// In a sign of life more targets than these are only counted.
const MOST_NAMED: usize = 10;

impl Watch {
    /// The command as it stands at this time, in no more rows than there is room for.
    pub fn view(&self, elapsed: Duration, room: Room) -> View {
        let good = self.outcomes.get(&Code::Ok).copied().unwrap_or_default();
        View {
            elapsed,
            targets: self.known,
            good,
            bad: self.known - self.unsettled - good,
            left: self.plan.timeout.map(|timeout| timeout.saturating_sub(elapsed)),
            open: self.counts(),
            rows: if self.targets.len() <= room.every {
                Rows::Every(self.states().map(|state| self.row(state, elapsed)).collect())
            } else {
                self.some_rows(room.some, elapsed)
            },
        }
    }

    /// The targets that are open now.
    pub(super) fn still_open(&self) -> Open {
        let few = self.unsettled <= MOST_NAMED;
        let named = self.states().filter(|state| few && state.settled.is_none());
        let rows = named.map(|state| self.row(state, self.now.elapsed)).collect();
        Open { counts: self.counts(), rows }
    }

    fn states(&self) -> impl Iterator<Item = &TargetState> {
        self.targets.iter().map(|(_, state)| state)
    }

    fn counts(&self) -> Vec<(Option<Status>, usize)> {
        let mut unseen = 0;
        let mut seen = Status::ALL.map(|status| (Some(status), 0));
        for state in self.states().filter(|state| state.settled.is_none()) {
            let status = state.tracker.status();
            match seen.iter_mut().find(|(known, _)| *known == status) {
                Some((_, count)) => *count += 1,
                None => unseen += 1,
            }
        }
        [(None, unseen)].into_iter().chain(seen).filter(|(_, count)| *count > 0).collect()
    }

    /// Two thirds of the room for the slowest, for what is open matters most, and one for the latest; what
    /// one does not need, the other has.
    fn some_rows(&self, room: usize, elapsed: Duration) -> Rows {
        let since = |state: &TargetState| state.tracker.since().unwrap_or(state.since);
        let changed = |state: &TargetState| match state.settled {
            Some(_) => Some(state.settled_at),
            None => state.tracker.since(),
        };
        let many = self.states().filter(|state| changed(state).is_some()).count();
        let slow = self.unsettled.min(room - many.min(room / 3));
        let (open, ended): (Vec<_>, Vec<_>) =
            self.targets.iter().partition(|(_, state)| state.settled.is_none());
        let (slowest, others) = first(open, slow, |(target, state)| (since(state), *target));
        let others = others.into_iter().chain(ended);
        let others = others.filter(|(_, state)| changed(state).is_some()).collect();
        let (latest, _) = first(others, room - slowest.len(), |(target, state)| {
            (Reverse(changed(state)), *target)
        });
        let rows = |states: Vec<(usize, &TargetState)>| {
            states.into_iter().map(|(_, state)| self.row(state, elapsed)).collect()
        };
        Rows::Some { slowest: rows(slowest), latest: rows(latest) }
    }

    fn row(&self, state: &TargetState, elapsed: Duration) -> Row {
        let tracker = &state.tracker;
        let profile = &self.plan.profiles[state.profile];
        Row {
            target: state.name.target.clone(),
            status: tracker.status().zip(tracker.word().map(str::to_owned)),
            held: match state.settled {
                Some(_) => state.settled_at.saturating_sub(state.since),
                None => elapsed.saturating_sub(tracker.since().unwrap_or_default()),
            },
            link: match state.feed {
                Some(feed) => self.link(&self.feeds[feed], elapsed),
                None => Link::Polling(profile.interval),
            },
            settled: state.settled,
        }
    }

    fn link(&self, feed: &FeedState, elapsed: Duration) -> Link {
        let profile = &self.plan.profiles[feed.profile];
        match &feed.link {
            LinkState::Connecting => Link::Connecting,
            LinkState::Live => Link::Live {
                transport: profile.provider.push_name(),
                heard: elapsed.saturating_sub(feed.heard),
            },
            LinkState::Down { reason, retry_at } => Link::Down {
                reason: reason.clone(),
                retry_in: retry_at.saturating_sub(elapsed),
                polling: (self.plan.mode == Mode::Watch && profile.asks)
                    .then_some(profile.interval),
            },
        }
    }
}

/// So many of these as are first by a key, in its order; and the others, in none.
fn first<T, K: Ord>(mut all: Vec<T>, many: usize, key: impl Fn(&T) -> K) -> (Vec<T>, Vec<T>) {
    if many < all.len() {
        all.select_nth_unstable_by_key(many, &key);
    }
    let others = all.split_off(many.min(all.len()));
    all.sort_by_key(key);
    (all, others)
}
