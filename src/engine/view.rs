//! The present state of a command, for the live view and for heartbeats.

use std::cmp::Reverse;
use std::time::Duration;

use super::link::{Link, LinkState};
use super::plan::Mode;
use super::target::Target;
use super::{Engine, TargetId};
use crate::event::{LinkView, OpenTargets, Row, Rows, View, ViewSize};
use crate::provider::Status;

/// How many open targets a heartbeat lists; more of them are only counted.
const MAX_NAMED: usize = 10;
/// How many targets are listed where the user asks how they stand.
const MAX_STANDING: usize = 100;

impl Engine {
    /// The state at this time of the command, in no more rows than there is room for.
    pub fn view(&self, elapsed: Duration, size: ViewSize) -> View {
        let rows = if self.targets.len() <= size.all_rows {
            self.all_rows(elapsed)
        } else {
            self.some_rows(size.partial_rows, elapsed)
        };
        self.view_of(elapsed, rows)
    }

    fn view_of(&self, elapsed: Duration, rows: Rows) -> View {
        let (known, reached) = (self.tally.known(), self.tally.reached());
        View {
            elapsed,
            targets: known,
            reached,
            not_reached: known - self.tally.open() - reached,
            remaining: self.plan.timeout.map(|timeout| timeout.saturating_sub(elapsed)),
            open: self.counts(),
            rows,
        }
    }

    /// How the targets stand now: all of them, or if they are too many those that have been in their status for longest.
    pub(super) fn standing(&self) -> View {
        let elapsed = self.now.elapsed;
        if self.targets.len() <= MAX_STANDING {
            return self.view_of(elapsed, self.all_rows(elapsed));
        }
        let open = self.targets.all_open().collect();
        let (slowest, _) = take_smallest(open, MAX_STANDING, |(id, target)| (since(target), *id));
        let slowest = slowest.into_iter().map(|(_, target)| self.row(target, elapsed)).collect();
        self.view_of(elapsed, Rows::Partial { slowest, latest: Vec::new() })
    }

    fn all_rows(&self, elapsed: Duration) -> Rows {
        Rows::All(self.targets.iter().map(|(_, target)| self.row(target, elapsed)).collect())
    }

    pub(super) fn still_open(&self) -> OpenTargets {
        let are_few = self.tally.open() <= MAX_NAMED;
        let named = self.targets.all_open().filter(|_| are_few);
        let rows = named.map(|(_, target)| self.row(target, self.now.elapsed)).collect();
        OpenTargets { counts: self.counts(), rows }
    }

    fn counts(&self) -> Vec<(Option<Status>, usize)> {
        let mut unseen = 0;
        let mut seen = Status::ALL.map(|status| (Some(status), 0));
        for (_, target) in self.targets.all_open() {
            let status = target.tracker.status();
            match seen.iter_mut().find(|(known, _)| *known == status) {
                Some((_, count)) => *count += 1,
                None => unseen += 1,
            }
        }
        [(None, unseen)].into_iter().chain(seen).filter(|(_, count)| *count > 0).collect()
    }

    /// Two thirds of the rows for the slowest open targets, and one third for the latest changes; rows that one group
    /// does not need are for the other.
    fn some_rows(&self, capacity: usize, elapsed: Duration) -> Rows {
        let changed = |target: &Target| match target.ended() {
            Some(ended) => Some(ended.at),
            None => target.tracker.since(),
        };
        let changes = self.targets.iter().filter(|(_, target)| changed(target).is_some()).count();
        let slow = self.tally.open().min(capacity - changes.min(capacity / 3));
        let (open, ended): (Vec<_>, Vec<_>) =
            self.targets.iter().partition(|(_, target)| target.is_open());
        let (slowest, others) = take_smallest(open, slow, |(id, target)| (since(target), *id));
        let others = others.into_iter().chain(ended);
        let others = others.filter(|(_, target)| changed(target).is_some()).collect();
        let (latest, _) = take_smallest(others, capacity - slowest.len(), |(id, target)| {
            (Reverse(changed(target)), *id)
        });
        let rows = |targets: Vec<(TargetId, &Target)>| {
            targets.into_iter().map(|(_, target)| self.row(target, elapsed)).collect()
        };
        Rows::Partial { slowest: rows(slowest), latest: rows(latest) }
    }

    fn row(&self, target: &Target, elapsed: Duration) -> Row {
        let tracker = &target.tracker;
        Row {
            target: target.name.target.clone(),
            status: tracker.status().zip(tracker.provider_status().map(str::to_owned)),
            in_status: match target.ended() {
                Some(ended) => target.elapsed(ended.at),
                None => elapsed.saturating_sub(tracker.since().unwrap_or_default()),
            },
            link: match target.feed {
                Some(feed) => self.link_view(&self.links[feed], elapsed),
                None if self.plan.mode.is_get() => LinkView::LookedUpOnce,
                None => LinkView::Polling(self.plan.profiles[target.profile].interval),
            },
            settled: target.ended().map(|ended| ended.outcome),
        }
    }

    fn link_view(&self, link: &Link, elapsed: Duration) -> LinkView {
        let profile = &self.plan.profiles[link.profile];
        match &link.state {
            LinkState::Waiting => LinkView::Polling(profile.interval),
            LinkState::Connecting => LinkView::Connecting,
            LinkState::Live => LinkView::Live {
                transport: profile.provider.spec().push_name,
                last_received: elapsed.saturating_sub(link.last_received),
            },
            LinkState::Down { reason, retry_at } => LinkView::Down {
                reason: reason.clone(),
                retry_in: retry_at.saturating_sub(elapsed),
                polling: (self.plan.mode == Mode::Watch && profile.can_poll)
                    .then_some(profile.interval),
            },
        }
    }
}

/// Since when a target has had its status; before the first report, since it was added.
fn since(target: &Target) -> Duration {
    target.tracker.since().unwrap_or(target.since)
}

/// Splits off the `count` items with the smallest keys, in the order of the keys; the others are in no order.
fn take_smallest<T, K: Ord>(
    mut all: Vec<T>,
    count: usize,
    key: impl Fn(&T) -> K,
) -> (Vec<T>, Vec<T>) {
    if count < all.len() {
        all.select_nth_unstable_by_key(count, &key);
    }
    let others = all.split_off(count.min(all.len()));
    all.sort_by_key(key);
    (all, others)
}
