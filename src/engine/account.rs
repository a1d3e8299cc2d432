//! The orders of an account, which are not known in advance: each is added with the first report about it, and is
//! removed some time after it was settled, so that a watch can run without limit.

use super::orders::{MAX_ENDED, MAX_OPEN};
use super::target::Target;
use super::{Engine, FeedId, TargetId};
use crate::event::{Name, Outcome};
use crate::provider::{Id, Report};
use crate::warning::WarningCode;

impl Engine {
    /// The target of an order, which is added if it is not known. The first report says when it began, if any does.
    pub(super) fn order(&mut self, feed: FeedId, id: Id, report: &Report) -> TargetId {
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
        let created_at = report.transaction.created_at.as_deref();
        if let Some(begun) = created_at.and_then(|text| text.parse().ok()) {
            target.begun_at(begun, self.now.wall);
        }
        target.feed = Some(feed);
        target.subscribed = true;
        let target = self.targets.insert(target);
        self.tally.add();
        self.profiles[profile].open_targets += 1;
        self.links[feed].add(id.clone(), target);
        self.account.open.push_back((target, id));
        self.limit_open_orders();
        target
    }

    /// Settles the orders that have been open for longest while there are more than [`MAX_OPEN`].
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
        // Settled orders stay in the queue until it is too long.
        if self.account.open.len() > 2 * MAX_OPEN {
            let targets = &self.targets;
            self.account
                .open
                .retain(|(target, id)| targets.open(*target).is_some_and(|order| order.id == *id));
        }
    }

    /// An order was settled.
    pub(super) fn order_ended(&mut self, target: TargetId) {
        self.account.ended.push_back((target, self.targets[target].id.clone()));
        self.forget_ended_orders();
    }

    /// Removes the orders that were settled longest ago. One with a lookup under way is kept until the result is here,
    /// for its id would be reused, and the result would be applied to another order.
    pub(super) fn forget_ended_orders(&mut self) {
        while self.account.ended.len() > MAX_ENDED {
            let Some((target, id)) = self.account.ended.front().cloned() else {
                return;
            };
            if self.targets[target].has_pending_lookup() {
                return;
            }
            self.account.ended.pop_front();
            if let Some(feed) = self.targets.remove(target).feed {
                self.links[feed].remove(&id);
            }
        }
    }
}
