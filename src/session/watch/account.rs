//! The orders of an account, which are not known beforehand: they come, end, and are let go, so that a
//! watch may go on for ever.

use std::collections::VecDeque;

use super::{PullState, TargetState, Watch};
use crate::exit::Code;
use crate::provider::Id;
use crate::render::Name;

/// How many ended orders are remembered, to know a late word about them from a new order.
const MOST_ENDED: usize = 1_000;
/// How many orders are followed at once.
const MOST_OPEN: usize = 10_000;

/// The targets of an account, oldest first. Those that are gone, or no longer what they were when they
/// were put here, are passed over.
#[derive(Default)]
pub(super) struct Orders {
    open: VecDeque<(usize, Id)>,
    ended: VecDeque<(usize, Id)>,
    warned: bool,
}

#[cfg(test)]
impl Orders {
    /// How much is remembered.
    pub(super) fn len(&self) -> usize {
        self.open.len() + self.ended.len()
    }
}

impl Watch {
    /// The target of an order, which is new if it was never heard of.
    pub(super) fn order(&mut self, feed: usize, id: Id) -> usize {
        if let Some(known) = self.feeds[feed].targets.get(&id) {
            return *known;
        }
        let profile = self.feeds[feed].profile;
        let settings = &self.plan.profiles[profile];
        let name = Name {
            target: format!("{}{id}", settings.prefix).into(),
            provider: settings.provider.spec().name,
            id: id.text(),
        };
        let state = TargetState {
            since: self.now.elapsed,
            feed: Some(feed),
            subscribed: true,
            ..TargetState::new(name, id.clone(), profile)
        };
        let target = self.targets.insert(state);
        self.known += 1;
        self.unsettled += 1;
        self.feeds[feed].unsettled += 1;
        self.feeds[feed].targets.insert(id.clone(), target);
        self.account.open.push_back((target, id));
        self.make_room();
        target
    }

    /// There is room for the newest order, if need be at the cost of the one that is open the longest.
    fn make_room(&mut self) {
        while self.unsettled > MOST_OPEN {
            let Some((target, id)) = self.account.open.pop_front() else {
                return;
            };
            if self.is_order(target, &id) && self.targets[target].settled.is_none() {
                if !std::mem::replace(&mut self.account.warned, true) {
                    let message = format!(
                        "more than {MOST_OPEN} orders are open; the oldest are followed no longer"
                    );
                    self.warn(None, "too_many_orders", message);
                }
                self.settle(target, Code::Unfinished, None);
            }
        }
        // Orders that ended are still in the queue; it must not grow without end.
        if self.account.open.len() > 2 * MOST_OPEN {
            let targets = &self.targets;
            self.account.open.retain(|(target, id)| {
                targets.get(*target).is_some_and(|state| state.id == *id && state.settled.is_none())
            });
        }
    }

    fn is_order(&self, target: usize, id: &Id) -> bool {
        self.targets.get(target).is_some_and(|state| state.id == *id)
    }

    /// An order came to its end.
    pub(super) fn ended_one(&mut self, target: usize) {
        self.account.ended.push_back((target, self.targets[target].id.clone()));
        self.let_go();
    }

    /// Forgets the orders that ended the longest ago. One whose answer is still on its way stays until
    /// that is here, for it would be taken for another's.
    pub(super) fn let_go(&mut self) {
        while self.account.ended.len() > MOST_ENDED {
            let Some((target, id)) = self.account.ended.front().cloned() else {
                return;
            };
            if matches!(self.targets[target].pull, PullState::Asked(_) | PullState::Queued) {
                return;
            }
            self.account.ended.pop_front();
            if let Some(feed) = self.targets.remove(target).feed {
                self.feeds[feed].targets.remove(&id);
            }
        }
    }
}
