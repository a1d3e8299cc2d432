//! The orders of an account, which are not known beforehand: they come, end, and are forgotten, so that a
//! watch may go on for ever.

use super::orders::{MAX_ENDED, MAX_OPEN};
use super::target::Target;
use super::{Engine, FeedId, TargetId};
use crate::event::{Name, Outcome};
use crate::provider::Id;
use crate::warning::WarningCode;

impl Engine {
    /// The target of an order, which is new if it was never heard of.
    pub(super) fn order(&mut self, feed: FeedId, id: Id) -> TargetId {
        if let Some(known) = self.links[feed].target(&id) {
            return known;
        }
        let profile = self.links[feed].profile;
        let settings = &self.plan.profiles[profile];
        let name = Name {
            target: format!("{}{id}", settings.prefix).into(),
            provider: settings.provider.spec().name.clone(),
            id: id.text(),
        };
        let mut target = Target::new(name, id.clone(), profile, self.now.elapsed);
        target.feed = Some(feed);
        target.subscribed = true;
        let target = self.targets.insert(target);
        self.tally.add();
        self.links[feed].add(id.clone(), target);
        self.account.open.push_back((target, id));
        self.limit_open_orders();
        target
    }

    /// Makes room for the newest order, if need be at the cost of the one that is open the longest.
    fn limit_open_orders(&mut self) {
        while self.tally.open() > MAX_OPEN {
            let Some((target, id)) = self.account.open.pop_front() else {
                return;
            };
            if self.targets.open(target).is_some_and(|order| order.id == id) {
                if !std::mem::replace(&mut self.account.is_limit_reported, true) {
                    let message = format!(
                        "more than {MAX_OPEN} orders are open; the oldest are followed no longer"
                    );
                    self.warn(None, WarningCode::TooManyOrders, message);
                }
                self.settle(target, Outcome::Unfinished, None);
            }
        }
        // Orders that ended are still in the queue; it must not grow without end.
        if self.account.open.len() > 2 * MAX_OPEN {
            let targets = &self.targets;
            self.account
                .open
                .retain(|(target, id)| targets.open(*target).is_some_and(|order| order.id == *id));
        }
    }

    /// An order came to its end.
    pub(super) fn order_ended(&mut self, target: TargetId) {
        self.account.ended.push_back((target, self.targets[target].id.clone()));
        self.forget_ended_orders();
    }

    /// Forgets the orders that ended the longest ago. One whose answer is still on its way stays until
    /// that is here, for it would be taken for another's.
    pub(super) fn forget_ended_orders(&mut self) {
        while self.account.ended.len() > MAX_ENDED {
            let Some((target, id)) = self.account.ended.front().cloned() else {
                return;
            };
            if self.targets[target].has_lookup() {
                return;
            }
            self.account.ended.pop_front();
            if let Some(feed) = self.targets.remove(target).feed {
                self.links[feed].remove(&id);
            }
        }
    }
}
