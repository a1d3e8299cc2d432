//! The proof that a transaction cannot be executed any more, which a node gives with its own blocks.
//!
//! A block includes no transaction whose time to live ended before the block's timestamp. So a transaction has expired
//! if the node is in step with the network, has all blocks from before the transaction was made until after its end,
//! and found it in none of them. Facts from casper-sidecar (resources/test/rpc_schema.json, `info_get_status` and
//! `chain_get_block`) and casper-node 1.5 and 2.0. No clock of this machine enters.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

/// How much later than the end of its time to live a transaction counts as expired.
const EXPIRY_MARGIN: Duration = Duration::from_secs(3 * 60);
/// The age of the last block from which on a node is said to be behind. A block takes 16 seconds.
const BEHIND: Duration = Duration::from_secs(60);
/// The states of a node that follows the chain.
const IN_STEP: [&str; 2] = ["KeepUp", "Validate"];

/// The time in which a transaction can be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lifetime {
    /// When the transaction was made.
    pub(super) begin: Timestamp,
    /// When its time to live ends.
    pub(super) end: Timestamp,
}

impl Lifetime {
    /// The time after which it counts as over.
    fn limit(&self) -> Timestamp {
        self.end.checked_add(EXPIRY_MARGIN).unwrap_or(Timestamp::MAX)
    }

    /// Whether it is over at this time.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        now > self.limit()
    }
}

/// What follows from a node's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The time to live has not run out yet.
    NotDue,
    /// It may have run out, but the node cannot prove it, for this reason.
    Unproven(String),
    /// The node has all blocks from this height until after the end.
    BlocksFrom(u64),
}

/// The result of `info_get_status`, as far as it matters.
#[derive(Debug)]
pub(super) struct NodeStatus {
    reactor_state: String,
    /// The timestamp and height of the last block; none if the node has no block.
    last_block: Option<(Timestamp, u64)>,
    /// The heights of the first and last block of an unbroken range.
    available: (u64, u64),
}

impl NodeStatus {
    /// Reads a result of `info_get_status`.
    ///
    /// # Errors
    /// One sentence on what is missing; nodes before 1.5 do not have all of it.
    pub(super) fn read(result: &Value) -> Result<Self, String> {
        let reactor_state = result.get("reactor_state").and_then(Value::as_str);
        let last_block = match result.get("last_added_block_info") {
            Some(Value::Null) => None,
            Some(block) => Some(block_info(block).ok_or("its last_added_block_info is unclear")?),
            None => return Err("it has no last_added_block_info".to_owned()),
        };
        let bound = |key| result.get("available_block_range")?.get(key)?.as_u64();
        Ok(NodeStatus {
            reactor_state: reactor_state.ok_or("it has no reactor_state")?.to_owned(),
            last_block,
            available: bound("low").zip(bound("high")).ok_or("it has no available_block_range")?,
        })
    }

    /// Judges whether a transaction without an execution has expired. `date` is the node's clock, if it is known.
    pub(super) fn judge(&self, lifetime: &Lifetime, date: Option<Timestamp>) -> Verdict {
        let Some((timestamp, height)) = self.last_block else {
            return Verdict::Unproven("the node has no blocks yet".to_owned());
        };
        let lag = date.and_then(|date| Duration::try_from(date.duration_since(timestamp)).ok());
        let age = match lag {
            Some(lag) => format!("{} old", humantime::format_duration(whole_seconds(lag))),
            None => format!("of {timestamp:.0}"),
        };
        let state = &self.reactor_state;
        if !IN_STEP.contains(&state.as_str()) {
            return Verdict::Unproven(format!(
                "the node is not in step with the network (reactor_state {state:?}), and its last block is {age}"
            ));
        }
        if !lifetime.is_over(timestamp) {
            return match lag {
                Some(lag) if lag > BEHIND => {
                    Verdict::Unproven(format!("the node is behind: its last block is {age}"))
                }
                _ => Verdict::NotDue,
            };
        }
        let (low, high) = self.available;
        if low > height || high < height {
            return Verdict::Unproven(format!(
                "the node has the blocks {low} to {high} only, and the last one is {height}"
            ));
        }
        Verdict::BlocksFrom(low)
    }
}

/// Checks that the lowest block that a node has is from before the transaction was made.
///
/// # Errors
/// Why this does not prove that the node has all blocks that could include the transaction.
pub(super) fn check_lowest(result: &Value, low: u64, lifetime: &Lifetime) -> Result<(), String> {
    let tagged = result.pointer("/block_with_signatures/block");
    let block = match (tagged, result.get("block")) {
        (Some(tagged), None) => match (tagged.get("Version2"), tagged.get("Version1")) {
            (Some(block), None) | (None, Some(block)) => Some(block),
            _ => None,
        },
        (None, block) => block,
        _ => None,
    };
    let Some((timestamp, height)) = block.and_then(|block| block_info(block.get("header")?)) else {
        return Err(format!("the answer about the node's lowest block, {low}, is unclear"));
    };
    if height != low {
        return Err(format!("the node answered with block {height} when asked for {low}"));
    }
    if timestamp > lifetime.begin {
        return Err(format!(
            "the node's blocks begin at {timestamp:.0}, after the transaction was made"
        ));
    }
    Ok(())
}

/// `{timestamp, height}` of a block.
fn block_info(block: &Value) -> Option<(Timestamp, u64)> {
    let timestamp = block.get("timestamp")?.as_str()?.parse().ok()?;
    Some((timestamp, block.get("height")?.as_u64()?))
}

fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}
