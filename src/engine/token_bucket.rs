//! A token bucket for a provider's quota.

use std::time::Duration;

use crate::provider::Quota;

/// The capacity of the bucket is a fifth of the quota; it is refilled at the rate of the other four fifths, so that
/// burst and refill within the period together do not exceed the quota.
const BURST_DIVISOR: u32 = 5;

/// A token bucket, represented by the time at which it will be full.
pub(super) struct TokenBucket {
    /// How long it takes to refill one request.
    refill_interval: Duration,
    /// How many requests are in it when it is full.
    capacity: u32,
    /// As time of the command.
    full_at: Duration,
}

impl TokenBucket {
    pub(super) fn new(quota: &Quota) -> Self {
        let burst = (quota.requests / BURST_DIVISOR).max(1);
        let steady = quota.requests.saturating_sub(burst).max(1);
        let refill_interval = quota.within / steady;
        TokenBucket { refill_interval, capacity: burst, full_at: Duration::ZERO }
    }

    /// When this many requests are allowed, as time of the command; for more than it holds, when it is full.
    pub(super) fn available_at(&self, requests: u32) -> Duration {
        let rest = self.capacity.saturating_sub(requests.max(1));
        self.full_at.saturating_sub(self.refill_interval.saturating_mul(rest))
    }

    /// How long it takes until this many further requests have been allowed.
    pub(super) fn wait(&self, now: Duration, requests: usize) -> Duration {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        self.available_at(1)
            .saturating_sub(now)
            .saturating_add(self.refill_interval.saturating_mul(requests))
    }

    /// Takes requests out of the bucket.
    pub(super) fn take(&mut self, now: Duration, requests: u32) {
        let refill = self.refill_interval.saturating_mul(requests);
        self.full_at = self.full_at.max(now).saturating_add(refill);
    }

    /// Puts requests back that were taken, but not made.
    pub(super) fn put_back(&mut self, requests: u32) {
        let refill = self.refill_interval.saturating_mul(requests);
        self.full_at = self.full_at.saturating_sub(refill);
    }
}
