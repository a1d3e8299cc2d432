//! The orders of an account that began or changed while its push connection was down: nothing tells of them, so they
//! are listed after each reconnect, and each is observed as if it had been pushed.

use std::time::Duration;

use jiff::Timestamp;

use super::timer_queue::Timer;
use super::tokens::Denial;
use super::{Effect, Engine, FeedId, OrdersListed, ProfileId, whole_seconds};
use crate::lifecycle::{Observation, Source};
use crate::provider::{DenialReason, Listed, Reading};
use crate::warning::WarningCode;

/// Changes are listed that are older than the gap by this much, as clocks differ, and pushes overtake each other.
const LEEWAY: Duration = Duration::from_secs(60);

impl Engine {
    /// Whether the orders that were missed while this connection was down can be listed.
    fn can_list(&self, profile: ProfileId) -> bool {
        let provider = &self.plan.profiles[profile].provider;
        self.can_poll(profile) && provider.orders_since(Timestamp::UNIX_EPOCH).is_some()
    }

    /// Warns that changes while the connection was down were missed, if neither its targets can be looked up nor the
    /// orders of the account listed.
    pub(super) fn warn_of_gap(&mut self, feed: FeedId, gap: Duration) {
        let link = &self.links[feed];
        let (profile, only) = (link.profile, link.only_target());
        let is_recovered =
            if link.account { self.can_list(profile) } else { self.can_poll(profile) };
        if !is_recovered {
            let gap = humantime::format_duration(whole_seconds(gap));
            let message =
                format!("the connection was down for {gap}; a change in between was missed");
            self.warn(only, WarningCode::Gap, message);
        }
    }

    /// The connection of an account is lost, or is opened again.
    pub(super) fn gap_begins(&mut self, feed: FeedId) {
        let link = &mut self.links[feed];
        link.gap.lost();
        // A listing before the next subscription would miss what happens in between.
        self.profiles[link.profile].queue.drop_listing();
    }

    /// The connection of an account is subscribed.
    pub(super) fn gap_ends(&mut self, feed: FeedId) {
        self.links[feed].gap.subscribed();
        self.list_missed(feed);
    }

    /// Has the orders listed that may have been missed, as soon as the request queue allows it.
    pub(super) fn list_missed(&mut self, feed: FeedId) {
        let profile = self.links[feed].profile;
        if self.links[feed].gap.is_to_be_listed() && self.can_list(profile) {
            self.profiles[profile].queue.want_listing(feed);
        }
    }

    /// The request queue lets the listing through.
    pub(super) fn start_listing(&mut self, feed: FeedId) {
        match self.links[feed].gap.listing_started() {
            Some(since) => {
                // What changed before the start is not followed.
                let leeway = since.checked_sub(LEEWAY).unwrap_or(since);
                self.effects.push(Effect::ListOrders(feed, leeway.max(self.started_at)));
            }
            None => {
                let profile = self.links[feed].profile;
                self.profiles[profile].queue.listing_finished(self.now.elapsed, 0);
            }
        }
    }

    pub(super) fn orders_listed(&mut self, done: OrdersListed) {
        let OrdersListed { feed, started, generation, requests, result } = done;
        let profile = self.links[feed].profile;
        self.profiles[profile].queue.listing_finished(self.now.elapsed, requests);
        match result {
            Ok(Ok(listed)) => self.apply_listing(feed, started, listed),
            Ok(Err(Reading::Denied { answer, reason })) => {
                self.listing_denied(feed, generation, reason, &answer);
            }
            Ok(Err(Reading::Busy { answer, retry_after })) => {
                self.listing_failed(feed, &format!("it answered {answer}"), retry_after);
            }
            Ok(Err(Reading::Unusable(problem) | Reading::Malformed(problem))) => {
                self.listing_failed(feed, &problem, None);
            }
            Ok(Err(Reading::NotFound(answer))) => {
                self.listing_failed(feed, &format!("it answered {answer}"), None);
            }
            Ok(Err(Reading::Observed(_))) => self.links[feed].gap.listing_ended(),
            Err(error) => self.listing_failed(feed, &error.to_string(), error.retry_after),
        }
    }

    fn apply_listing(&mut self, feed: FeedId, started: Duration, listed: Listed) {
        let profile = self.links[feed].profile;
        self.links[feed].gap.listing_ended();
        self.profiles[profile].answered();
        for (id, report) in listed.orders {
            let target = self.order(feed, id, &report);
            self.observe(target, Observation { report, source: Source::Pull, at: started });
            if self.conclusion.is_some() {
                return;
            }
            if !self.links[feed].gap.is_subscribed() {
                self.look_up(target);
            }
        }
        if let Some(reason) = listed.incomplete {
            let message = format!(
                "the list of orders that changed while the connection was down may be incomplete: {reason}"
            );
            self.warn(None, WarningCode::ListIncomplete, message);
        }
    }

    /// The listing told nothing, and is repeated after a while; if the provider asks for that, all requests wait.
    /// It is no outage: the connection is live.
    fn listing_failed(&mut self, feed: FeedId, problem: &str, retry_after: Option<Duration>) {
        let profile = self.links[feed].profile;
        if self.links[feed].gap.listing_failed() {
            let message = format!(
                "{}: the orders that changed while the connection was down cannot be listed: {problem}; asking again",
                self.title(profile)
            );
            self.warn(None, WarningCode::ListIncomplete, message);
        }
        if let Some(wait) = retry_after {
            self.close_queue(profile, wait);
            return self.list_missed(feed);
        }
        let jitter = self.random.f64();
        let wait = self.links[feed].gap.retry_in(jitter);
        self.timers.add(self.now.elapsed.saturating_add(wait), Timer::Listing(feed));
    }

    /// The provider refused the listing. A token that it accepts otherwise has no access to the list: what is pushed
    /// is followed all the same.
    fn listing_denied(
        &mut self,
        feed: FeedId,
        generation: u32,
        reason: DenialReason,
        answer: &str,
    ) {
        let profile = self.links[feed].profile;
        let token = &self.profiles[profile].token;
        if !token.concerns(generation) {
            // Another token is there, or will be.
            self.links[feed].gap.repeat();
            return self.list_missed(feed);
        }
        let was_accepted = token.was_accepted(generation);
        if reason == DenialReason::Gateway && (was_accepted || self.rides_out(profile)) {
            return self.listing_failed(feed, &format!("it answered {answer}"), None);
        }
        let message = format!("{} refused the token: {answer}", self.title(profile));
        if reason == DenialReason::Token && (!was_accepted || self.may_renew(profile)) {
            self.links[feed].gap.repeat();
            self.list_missed(feed);
            let (target, side) = (None, Source::Pull);
            return self.denied(Denial { profile, target, side, generation, reason, message });
        }
        self.links[feed].gap.listing_ended();
        let message = format!(
            "the orders that changed while the connection was down cannot be listed: {message}"
        );
        self.warn(None, WarningCode::ListIncomplete, message);
    }
}
