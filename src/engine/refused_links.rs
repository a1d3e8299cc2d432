//! Push connections and subscriptions that are refused: what that ends, and where requests carry the watch.

use super::{Engine, FeedId, ProfileId};
use crate::engine::plan::Mode;
use crate::error::{Failure, FailureKind, Hint};
use crate::protocol::Refusal;
use crate::provider::Id;
use crate::warning::WarningCode;

impl Engine {
    /// The provider refused a connection for good.
    pub(super) fn link_refused(&mut self, feed: FeedId, Refusal { kind, message }: Refusal) {
        let profile = self.links[feed].profile;
        if self.may_be_refused_for_one(feed) {
            self.push_unavailable(feed, &message);
            self.links[feed].set_refused();
            self.waiting_links.closed_one();
            for target in self.served(feed, None) {
                self.targets[target].subscribed = false;
                self.look_up(target);
            }
            return;
        }
        let failure = Failure::new(kind.into(), message);
        let can_poll = self.can_poll(profile) && !self.plan.account;
        let failure = if can_poll { failure.hint(Hint::PollInstead) } else { failure };
        self.fail_profile(profile, failure);
    }

    /// Changes of these ids are not pushed, so they are polled if possible.
    pub(super) fn subscription_rejected(&mut self, feed: FeedId, ids: &[Id], reason: &str) {
        let profile = self.links[feed].profile;
        let refused = format!("{} refuses the subscription: {reason}", self.title(profile));
        if self.links[feed].account {
            return self.fail_profile(profile, Failure::new(FailureKind::Denied, refused));
        }
        for target in self.served(feed, Some(ids)) {
            if self.needs_push(profile) {
                self.fail(target, Failure::new(FailureKind::Denied, self.named(target, &refused)));
            } else {
                let message = format!("{refused}; polling instead");
                self.warn_once(target, WarningCode::PushUnavailable, message);
                self.look_up(target);
            }
        }
    }

    /// Whether a connection may be refused because of one of the targets that share it, and requests can carry the watch
    /// of the others.
    pub(super) fn may_be_refused_for_one(&self, feed: FeedId) -> bool {
        let link = &self.links[feed];
        !link.account && link.only_target().is_none() && !self.needs_push(link.profile)
    }

    /// Warns once that requests carry the watch.
    pub(super) fn push_unavailable(&mut self, feed: FeedId, reason: &str) {
        if self.links[feed].report_unavailable() {
            let message = format!("{reason}; polling instead");
            self.warn(self.links[feed].only_target(), WarningCode::PushUnavailable, message);
        }
    }

    /// Whether the targets of a profile cannot or must not be polled.
    pub(super) fn needs_push(&self, profile: ProfileId) -> bool {
        self.plan.mode == Mode::WatchPushOnly || !self.can_poll(profile)
    }
}
