//! The blocks of the double's chain: one every 16 seconds of real time, the last of them now.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::format::{self, Block, NodeState};

/// The time from a block to the next, in seconds.
const BLOCK_SECONDS: i64 = 16;
/// How many blocks before its start the node has.
const PAST_BLOCKS: u64 = 100_000;
/// How old the last block of a stuck node is.
const STUCK: Duration = Duration::from_secs(40 * 60 + 16);

/// The chain.
pub(super) struct Chain {
    /// When the block was added in which the transactions of the scenarios are.
    began_at: Timestamp,
}

impl Chain {
    pub(super) fn new(began_at: Timestamp) -> Self {
        Chain { began_at }
    }

    fn lowest() -> u64 {
        Block::default().height - PAST_BLOCKS
    }

    /// The height of the last block at this time.
    fn height(&self, now: Timestamp) -> u64 {
        let passed = (now.as_second() - self.began_at.as_second()).div_euclid(BLOCK_SECONDS);
        Block::default().height.saturating_add_signed(passed).max(Chain::lowest())
    }

    fn written(&self, height: u64) -> String {
        let blocks = height.cast_signed() - Block::default().height.cast_signed();
        let after = Duration::from_secs(blocks.unsigned_abs() * BLOCK_SECONDS.unsigned_abs());
        let time = match blocks {
            ..0 => self.began_at.checked_sub(after),
            _ => self.began_at.checked_add(after),
        };
        format!("{:.3}", time.unwrap_or(self.began_at))
    }

    /// The result of `info_get_status`.
    pub(super) fn status(&self, now: Timestamp, is_stuck: bool) -> Value {
        let behind = if is_stuck { STUCK } else { Duration::ZERO };
        let height = self.height(now.checked_sub(behind).unwrap_or(now));
        format::status_result(&NodeState {
            reactor_state: if is_stuck { "CatchUp" } else { "KeepUp" },
            last_block: Block { height, ..Block::default() },
            timestamp: &self.written(height),
            low: Chain::lowest(),
        })
    }

    /// The result of `chain_get_block`; none if the node does not have the block.
    pub(super) fn block(&self, height: u64, now: Timestamp) -> Option<Value> {
        let is_known = (Chain::lowest()..=self.height(now)).contains(&height);
        let block = Block { height, ..Block::default() };
        is_known.then(|| format::block_result(&block, &self.written(height)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn time(value: &Value) -> i64 {
        let time: Timestamp = value.as_str().unwrap().parse().unwrap();
        time.as_second() - 1_700_000_000
    }

    #[test]
    fn there_is_a_block_every_sixteen_seconds() {
        let chain = Chain::new(after(0));
        for (now, height, timestamp) in [(0, 4_000_000, 0), (15, 4_000_000, 0), (33, 4_000_002, 32)]
        {
            let status = chain.status(after(now), false);
            let last = &status["last_added_block_info"];
            assert_eq!((&last["height"], time(&last["timestamp"])), (&height.into(), timestamp));
            assert_eq!(status["available_block_range"]["high"], height);
        }
        let low = chain.block(3_900_000, after(0)).unwrap();
        let header = &low["block_with_signatures"]["block"]["Version2"]["header"];
        assert_eq!(time(&header["timestamp"]), -1_600_000);
        assert!(chain.block(3_899_999, after(0)).is_none());
        assert!(chain.block(4_000_001, after(0)).is_none());
    }

    #[test]
    fn a_stuck_node_is_forty_minutes_behind() {
        let status = Chain::new(after(0)).status(after(7), true);
        assert_eq!(status["reactor_state"], "CatchUp");
        assert_eq!(time(&status["last_added_block_info"]["timestamp"]), -2_416);
    }
}
