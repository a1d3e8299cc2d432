//! The gap in what an account's push connection tells: the time in which it was down.

use std::time::Duration;

use jiff::Timestamp;

use crate::transport::Backoff;

/// After how many listings in a row that failed there is a warning.
const REPORTED_AT: u32 = 3;

/// What is known of the last gap. Times are those of the wall clock, as the provider is asked for changes since one.
#[derive(Default)]
pub(super) struct Gap {
    is_subscribed: bool,
    /// When something was last received.
    alive_at: Timestamp,
    /// Since when changes may have been missed that were not listed.
    since: Option<Timestamp>,
    /// Since when changes are asked for by the listing under way.
    asked_since: Option<Timestamp>,
    /// How many listings in a row failed.
    failures: u32,
}

impl Gap {
    /// Something was received.
    pub(super) fn received(&mut self, wall: Timestamp) {
        self.alive_at = wall;
    }

    /// The connection is lost. What it told until then is complete only if it was subscribed.
    pub(super) fn lost(&mut self) {
        if std::mem::take(&mut self.is_subscribed) {
            self.since.get_or_insert(self.alive_at);
        }
    }

    /// Changes are pushed from now on.
    pub(super) fn subscribed(&mut self) {
        self.is_subscribed = true;
    }

    pub(super) fn is_subscribed(&self) -> bool {
        self.is_subscribed
    }

    /// Whether changes may have been missed, and a listing would find all of them.
    pub(super) fn is_to_be_listed(&self) -> bool {
        self.is_subscribed && self.since.is_some()
    }

    /// A listing starts, if one is needed. Returns since when changes are to be listed.
    pub(super) fn listing_started(&mut self) -> Option<Timestamp> {
        let since = self.since.take_if(|_| self.is_subscribed)?;
        self.asked_since = Some(since);
        Some(since)
    }

    /// The listing is done, or is given up.
    pub(super) fn listing_ended(&mut self) {
        self.asked_since = None;
        self.failures = 0;
    }

    /// The listing failed, and has to be repeated. Returns whether to warn about that.
    pub(super) fn listing_failed(&mut self) -> bool {
        self.repeat();
        self.failures = self.failures.saturating_add(1);
        self.failures == REPORTED_AT
    }

    /// The listing has to be repeated.
    pub(super) fn repeat(&mut self) {
        if let Some(asked) = self.asked_since.take() {
            self.since = Some(self.since.map_or(asked, |since| since.min(asked)));
        }
    }

    /// How long until the next listing, if the last one failed. `jitter` is between 0 and 1.
    pub(super) fn retry_in(&self, jitter: f64) -> Duration {
        Backoff::ceiling(self.failures.saturating_sub(1)).mul_f64(jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn alive_until(second: i64) -> Gap {
        let mut gap = Gap::default();
        gap.subscribed();
        gap.received(at(second));
        gap.lost();
        gap
    }

    #[test]
    fn there_is_none_before_the_first_subscription() {
        let mut gap = Gap::default();
        gap.received(at(5));
        gap.lost();
        gap.subscribed();
        assert!(!gap.is_to_be_listed());
        assert_eq!(gap.listing_started(), None);
    }

    #[test]
    fn it_begins_when_something_was_last_received_and_ends_with_the_subscription() {
        let mut gap = alive_until(5);
        // The new connection is there, but not subscribed yet.
        gap.received(at(60));
        gap.lost();
        gap.received(at(90));
        assert!(!gap.is_to_be_listed());
        assert_eq!(gap.listing_started(), None);
        gap.subscribed();
        assert!(gap.is_to_be_listed());
        assert_eq!(gap.listing_started(), Some(at(5)));
        assert_eq!(gap.listing_started(), None);
    }

    #[test]
    fn a_listing_that_failed_is_repeated_with_what_was_missed_since() {
        let mut gap = alive_until(5);
        gap.subscribed();
        gap.listing_started();
        gap.received(at(70));
        gap.lost();
        assert!(!gap.listing_failed());
        gap.subscribed();
        assert_eq!(gap.listing_started(), Some(at(5)));
        gap.received(at(80));
        gap.lost();
        gap.subscribed();
        gap.listing_ended();
        assert_eq!(gap.listing_started(), Some(at(80)));
    }

    #[test]
    fn the_third_failure_in_a_row_is_reported() {
        let mut gap = alive_until(5);
        gap.subscribed();
        let mut fail = || {
            gap.listing_started();
            gap.listing_failed()
        };
        assert_eq!([fail(), fail(), fail(), fail()], [false, false, true, false]);
        assert_eq!(gap.retry_in(1.0), Duration::from_secs(8));
    }
}
