//! A provider's quota, kept as a token bucket.

use std::time::Duration;

use crate::provider::Quota;

/// The fifth part of a quota may be used up at once; the rest comes back evenly.
const BURST_PART: u32 = 5;

/// What is left of a quota: a token bucket, kept as the time at which it will be full again. What is in
/// it and what comes back within the span are together never more than the quota.
pub(super) struct TokenBucket {
    /// How long one request takes to come back.
    each: Duration,
    /// How long all that it holds takes to come back, but for one request.
    holds: Duration,
    full_at: Duration,
}

impl TokenBucket {
    pub(super) fn new(quota: &Quota) -> Self {
        let burst = (quota.requests / BURST_PART).max(1);
        let steady = quota.requests.saturating_sub(burst).max(1);
        let each = quota.within / steady;
        TokenBucket { each, holds: each * (burst - 1), full_at: Duration::ZERO }
    }

    /// From when on another request may be made, as time of the command.
    pub(super) fn open_at(&self) -> Duration {
        self.full_at.saturating_sub(self.holds)
    }

    /// How long this many requests take that wait for their turn.
    pub(super) fn wait(&self, now: Duration, requests: usize) -> Duration {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        self.open_at().saturating_sub(now).saturating_add(self.each.saturating_mul(requests))
    }

    /// A request is made now.
    pub(super) fn take(&mut self, now: Duration) {
        self.full_at = self.full_at.max(now) + self.each;
    }
}
