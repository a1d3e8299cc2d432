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
    /// How long it takes to refill all requests but one.
    burst_refill: Duration,
    /// As time of the command.
    full_at: Duration,
}

impl TokenBucket {
    pub(super) fn new(quota: &Quota) -> Self {
        let burst = (quota.requests / BURST_DIVISOR).max(1);
        let steady = quota.requests.saturating_sub(burst).max(1);
        let refill_interval = quota.within / steady;
        TokenBucket {
            refill_interval,
            burst_refill: refill_interval * (burst - 1),
            full_at: Duration::ZERO,
        }
    }

    /// When the next request is allowed, as time of the command.
    pub(super) fn available_at(&self) -> Duration {
        self.full_at.saturating_sub(self.burst_refill)
    }

    /// How long it takes until this many further requests have been allowed.
    pub(super) fn wait(&self, now: Duration, requests: usize) -> Duration {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        self.available_at()
            .saturating_sub(now)
            .saturating_add(self.refill_interval.saturating_mul(requests))
    }

    /// Takes one request out of the bucket.
    pub(super) fn take(&mut self, now: Duration) {
        self.full_at = self.full_at.max(now) + self.refill_interval;
    }
}
