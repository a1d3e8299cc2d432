//! The orders of an account that are remembered, within limits.

use std::collections::VecDeque;

use super::ids::TargetId;
use crate::provider::Id;

/// How many settled orders are remembered, so that a late report about one is not taken for a new order.
pub(super) const MAX_ENDED: usize = 1_000;
/// How many open orders are followed.
pub(super) const MAX_OPEN: usize = 10_000;

/// The orders of an account, oldest first. Entries of removed orders are skipped: the target may be gone, or be
/// reused for another id.
#[derive(Default)]
pub(super) struct Orders {
    pub(super) open: VecDeque<(TargetId, Id)>,
    pub(super) ended: VecDeque<(TargetId, Id)>,
    pub(super) is_limit_reported: bool,
}
