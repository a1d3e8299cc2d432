//! What a provider knows of a transaction.

use jiff::Timestamp;

use super::time::Millis;

/// A transaction as its provider sees it at some time.
pub struct Snapshot<'a> {
    pub id: &'a str,
    /// The step of its history at which it stands, and the provider's word for it; none if the provider
    /// does not know the transaction.
    pub step: Option<usize>,
    pub word: Option<&'static str>,
    /// What went wrong with it.
    pub error: Option<&'static str>,
    /// By the provider's clock.
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
    pub ttl: Millis,
    /// Its clock now.
    pub now: Timestamp,
    /// How far the last block of a chain's node is behind.
    pub behind: Millis,
    /// How many requests the running lookup has made after the one that found the transaction.
    pub proofs: u32,
    /// Whether reports carry the time of the change.
    pub is_timed: bool,
    /// Whether answers give times in whole seconds.
    pub whole_seconds: bool,
    /// Whether the provider is an older version, or one with other habits.
    pub is_older: bool,
}

impl Snapshot<'_> {
    /// A time as answers give it.
    pub fn rounded(&self, at: Timestamp) -> String {
        if self.whole_seconds {
            let seconds = at.as_millisecond().div_euclid(1_000);
            format!("{:.0}", Timestamp::from_second(seconds).unwrap())
        } else {
            exact(at)
        }
    }
}

/// A time as pushes give it.
pub fn exact(at: Timestamp) -> String {
    format!("{at:.3}")
}
