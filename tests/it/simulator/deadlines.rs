//! By when the command has to know the end of a transaction.

use super::fault_model::MAX_RETRY_AFTER;
use super::scenario::{Scenario, TargetSetup, is_catching_up};
use super::time::{MINUTE, Millis, SECOND, TICK};
use super::world::World;
use txwatch::engine::plan::Mode;
use txwatch::provider::Status;

/// How long the command lets pass before a transaction counts as expired that nobody saw expire.
const EXPIRY_MARGIN: Millis = 3 * MINUTE;
/// The time from a block to the next.
pub const BLOCK: Millis = 16 * SECOND;
/// How long it takes at most to notice that a connection is dead, and that a request is.
const DEAD_CONNECTION: Millis = 45 * SECOND;
const DEAD_REQUEST: Millis = 20 * SECOND;
/// The longest time between two lookups while push is healthy.
const SAFETY_INTERVAL: Millis = 66 * SECOND;
/// How long an ending has to be repeated that is older than a push by the provider's own times, and the pause before.
const REPEATED: Millis = 30 * SECOND;
/// How long one of many waits for its turn.
const TURN: Millis = 1_500;

impl World {
    /// When a target has to have its result at the latest, if it has to.
    pub fn settled_by(&self, target: usize) -> Millis {
        let due = self.targets[target].due.map_or(Millis::MAX, |due| due + TICK);
        self.scenario.learnt_by(target).min(due)
    }
}

impl Scenario {
    /// An ending that lasts is learnt once nothing goes wrong any more: the last wait, the longest time
    /// between two lookups, and a connection that is dead unnoticed are all that may stand before it.
    pub fn learnt_by(&self, target: usize) -> Millis {
        let TargetSetup { provider, history, .. } = &self.targets[target];
        let targets = self.targets_of(*provider).len() as Millis;
        let provider = &self.providers[*provider];
        let Some(last) = history.steps.last().filter(|_| provider.can_poll) else {
            return Millis::MAX;
        };
        // That a transaction expired is sure to be found only by a lookup, which push alone does not repeat.
        let is_inferred = provider.simulated.infers_expiry() && last.status == Status::Expired;
        // The same holds for what a server that lags behind did not know when it was asked.
        let is_unknown = provider.lag + provider.backend_lag > 0;
        let is_missed =
            self.mode == Mode::WatchPushOnly && (is_inferred || is_unknown || !last.is_pushed);
        let is_open = self.outcome_of(last.status).is_none();
        // A node that is never in step never proves it.
        let is_unprovable = is_inferred && is_catching_up(provider.backend_lag);
        if is_open || is_missed || is_unprovable || provider.faults.clears_at == Millis::MAX {
            return Millis::MAX;
        }
        let known = if is_inferred {
            // The blocks have to be past the end, with all that the node is behind.
            let known = last.at + EXPIRY_MARGIN + provider.clock_skew.abs();
            (known + BLOCK + provider.backend_lag).max(provider.stuck_until)
        } else {
            last.at + provider.lag + provider.backend_lag
        };
        let retry_after = MAX_RETRY_AFTER * SECOND;
        let waits = DEAD_REQUEST + DEAD_CONNECTION + retry_after + SAFETY_INTERVAL + targets * TURN;
        let grace = if last.status.is_bad_ending() { provider.grace } else { 0 };
        let repeated = if provider.has_two_clocks() { REPEATED } else { 0 };
        known.max(provider.faults.clears_at) + waits + repeated + grace
    }
}
