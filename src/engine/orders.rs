//! The orders of an account in the order of their coming and of their ending.

use std::collections::VecDeque;

use super::TargetId;
use crate::provider::Id;

/// The targets of an account, oldest first. Those that are gone, or no longer what they were when they
/// were put here, are passed over.
#[derive(Default)]
pub(super) struct Orders {
    pub(super) open: VecDeque<(TargetId, Id)>,
    pub(super) ended: VecDeque<(TargetId, Id)>,
    /// Whether it was told that not all of them are followed.
    pub(super) is_limit_told: bool,
}
