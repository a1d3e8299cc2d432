//! What is remembered of the orders of an account.

use std::collections::VecDeque;

use super::ids::TargetId;
use crate::provider::Id;

/// How many ended orders are remembered, to know a late word about them from a new order.
pub(super) const MAX_ENDED: usize = 1_000;
/// How many orders are followed at once.
pub(super) const MAX_OPEN: usize = 10_000;

/// The targets of an account, oldest first. Those that are gone, or no longer what they were when they
/// were put here, are passed over.
#[derive(Default)]
pub(super) struct Orders {
    pub(super) open: VecDeque<(TargetId, Id)>,
    pub(super) ended: VecDeque<(TargetId, Id)>,
    pub(super) is_limit_reported: bool,
}
