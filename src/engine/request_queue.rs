//! The lookups of a profile that wait for their turn. Every reason to look something up goes through here, so
//! that limits, quotas and Retry-After are honoured in one place.

use std::collections::VecDeque;
use std::time::Duration;

use super::TargetId;
use super::token_bucket::TokenBucket;
use crate::provider::Quota;

/// How many lookups of a profile are under way at once.
const MAX_IN_FLIGHT: usize = 8;

/// The targets of a profile that wait to be looked up.
pub(super) struct RequestQueue {
    waiting: VecDeque<TargetId>,
    in_flight: usize,
    closed_until: Duration,
    buckets: Vec<TokenBucket>,
    /// When the quota lets the next lookup through, if it has to be waited for.
    refilled_at: Option<Duration>,
}

/// Whether a lookup may be made now.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    /// For these targets.
    Lookup(Vec<TargetId>),
    /// The quota is used up until this time; it was not before.
    Exhausted(Duration),
    /// None, for now.
    None,
}

impl RequestQueue {
    pub(super) fn new(quotas: &[Quota]) -> Self {
        RequestQueue {
            waiting: VecDeque::new(),
            in_flight: 0,
            closed_until: Duration::ZERO,
            buckets: quotas.iter().map(TokenBucket::new).collect(),
            refilled_at: None,
        }
    }

    pub(super) fn push(&mut self, target: TargetId) {
        self.waiting.push_back(target);
    }

    /// The next lookup, of at most `batch` targets. Those that are not `open` any more are passed over.
    pub(super) fn next(
        &mut self,
        now: Duration,
        batch: usize,
        mut open: impl FnMut(TargetId) -> bool,
    ) -> Turn {
        if self.in_flight >= MAX_IN_FLIGHT || now < self.closed_until {
            return Turn::None;
        }
        while self.waiting.front().is_some_and(|first| !open(*first)) {
            self.waiting.pop_front();
        }
        if self.waiting.is_empty() {
            return Turn::None;
        }
        let open_at = self.buckets.iter().map(TokenBucket::open_at).max().unwrap_or_default();
        if now < open_at {
            let is_news = self.refilled_at.replace(open_at) != Some(open_at);
            return if is_news { Turn::Exhausted(open_at) } else { Turn::None };
        }
        self.refilled_at = None;
        let mut targets = Vec::new();
        while targets.len() < batch
            && let Some(target) = self.waiting.pop_front()
        {
            targets.extend(Some(target).filter(|target| open(*target)));
        }
        self.in_flight += 1;
        self.buckets.iter_mut().for_each(|bucket| bucket.take(now));
        Turn::Lookup(targets)
    }

    /// A lookup came back.
    pub(super) fn done(&mut self) {
        self.in_flight -= 1;
    }

    pub(super) fn is_closed(&self, now: Duration) -> bool {
        now < self.closed_until
    }

    /// Lets no lookup through before this time; answers until when none is let through.
    pub(super) fn close_until(&mut self, time: Duration) -> Duration {
        self.closed_until = self.closed_until.max(time);
        self.closed_until
    }

    /// How many targets wait, and how long the last of them waits for the quota, if there is one.
    pub(super) fn backlog(&self, now: Duration) -> (usize, Option<Duration>) {
        let waiting = self.waiting.len();
        (waiting, self.buckets.iter().map(|bucket| bucket.wait(now, waiting)).max())
    }
}
