//! When each id's life began.
#![allow(clippy::disallowed_methods)] // it has clocks of its own

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

/// The clocks of one provider's ids.
pub(super) struct Clocks {
    started: Mutex<Started>,
    /// Counts the ids, to wake whoever follows all of them.
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct Started {
    by_id: HashMap<String, Start>,
    /// In the order in which they were touched first.
    ids: Vec<String>,
}

/// The beginning of an id's life, by both clocks, and how often it was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) instant: Instant,
    wall: Timestamp,
    pub(super) requests: u32,
    /// Upgrades, or subscriptions where one connection carries many.
    pub(super) upgrades: u32,
}

impl Default for Clocks {
    fn default() -> Self {
        Clocks { started: Mutex::default(), count: watch::Sender::new(0) }
    }
}

impl Clocks {
    fn started(&self) -> MutexGuard<'_, Started> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The beginning of this id's life, which is now if it was never touched.
    pub(super) fn touch(&self, id: &str, count: impl FnOnce(&mut Start)) -> Start {
        let mut guard = self.started();
        let started = &mut *guard;
        let start = started.by_id.entry(id.to_owned()).or_insert_with(|| {
            started.ids.push(id.to_owned());
            Start { instant: Instant::now(), wall: Timestamp::now(), requests: 0, upgrades: 0 }
        });
        count(start);
        let (start, ids) = (*start, started.ids.len());
        drop(guard);
        self.count.send_if_modified(|known| {
            let is_new = ids > *known;
            *known = ids.max(*known);
            is_new
        });
        start
    }

    /// The first answer that one of the ids gives.
    pub(super) fn find<T>(&self, mut ask: impl FnMut(&str, &mut Start) -> Option<T>) -> Option<T> {
        self.started().by_id.iter_mut().find_map(|(id, start)| ask(id, start))
    }

    /// Wakes when there are more ids.
    pub(super) fn subscribe(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    /// The ids that were touched, without as many of the first, and their beginnings.
    pub(super) fn since(&self, seen: usize) -> Vec<(String, Start)> {
        let started = self.started();
        let ids = started.ids.iter().skip(seen);
        ids.filter_map(|id| Some((id.clone(), *started.by_id.get(id)?))).collect()
    }

    /// The beginnings of one id, or of every id that was touched.
    pub(super) fn followed(&self, only: Option<&str>) -> Vec<(String, Start)> {
        let Some(id) = only else {
            return self.since(0);
        };
        self.started().by_id.get(id).map(|start| (id.to_owned(), *start)).into_iter().collect()
    }
}

impl Start {
    /// How old it is.
    pub(super) fn age(&self) -> Duration {
        self.instant.elapsed()
    }

    /// The time of day at an age.
    pub(super) fn time(&self, age: Duration) -> Timestamp {
        self.wall.checked_add(age).unwrap_or(Timestamp::MAX)
    }

    /// The same, as providers write it.
    pub(super) fn written(&self, age: Duration) -> String {
        format!("{:.3}", self.time(age))
    }

    /// The time so long before an age.
    pub(super) fn written_before(&self, age: Duration, span: Duration) -> String {
        format!("{:.3}", self.time(age).checked_sub(span).unwrap_or(Timestamp::MIN))
    }
}
