//! A little market: orders of the sandbox's own, so that somebody who follows all of them sees some.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::sandbox::speed::Speed;

/// How often an order is made.
const INTERVAL: Duration = Duration::from_secs(2);
/// So many are made at most, for they are never forgotten.
const CAPACITY: usize = 2_000;
const SCENARIOS: [&str; 6] = ["happy", "failed", "cancelled", "happy", "expired", "refunded"];

/// Makes orders as long as somebody comes to see.
pub(super) struct Market {
    speed: Speed,
    trade: Mutex<Trade>,
}

#[derive(Default)]
struct Trade {
    made: usize,
    /// Nothing is made before.
    next: Option<Instant>,
}

impl Market {
    pub(super) fn new(speed: Speed) -> Self {
        Market { speed, trade: Mutex::default() }
    }

    /// The id of a new order if it is time for one, and when to come again unless it is over.
    pub(super) fn visit(&self) -> (Option<String>, Option<Instant>) {
        let mut trade = self.trade.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if trade.made == CAPACITY {
            return (None, None);
        }
        if let Some(next) = trade.next.filter(|next| *next > now) {
            return (None, Some(next));
        }
        let scenario = SCENARIOS[trade.made % SCENARIOS.len()];
        trade.made += 1;
        trade.next = Some(now + self.speed.real(INTERVAL));
        (Some(format!("{scenario}@all-{}", trade.made)), trade.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn orders_are_made_at_its_own_pace_however_many_come() {
        let market = Market::new(Speed::REAL);
        let (first, next) = market.visit();
        assert_eq!(first.unwrap(), "happy@all-1");
        assert_eq!(market.visit(), (None, next));
        tokio::time::advance(INTERVAL).await;
        assert_eq!(market.visit().0.unwrap(), "failed@all-2");
        // Nobody came for an hour, and nothing was made meanwhile.
        tokio::time::advance(INTERVAL * 1_800).await;
        assert_eq!(market.visit().0.unwrap(), "cancelled@all-3");
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_over_some_time() {
        let market = Market::new(Speed::REAL);
        for _ in 0..CAPACITY {
            assert!(market.visit().0.is_some());
            tokio::time::advance(INTERVAL).await;
        }
        assert_eq!(market.visit(), (None, None));
    }
}
