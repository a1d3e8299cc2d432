//! The statuses that a transaction has passed through.

use crate::provider::Status;

/// A set of statuses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PassedStatuses([bool; Status::ALL.len()]);

impl PassedStatuses {
    pub(super) fn insert(&mut self, status: Status) {
        let flags = Status::ALL.iter().zip(&mut self.0);
        flags.filter(|(known, _)| **known == status).for_each(|(_, flag)| *flag = true);
    }

    /// Whether it holds for any of them.
    pub(super) fn any(&self, holds: impl Fn(Status) -> bool) -> bool {
        Status::ALL.iter().zip(self.0).any(|(status, passed)| passed && holds(*status))
    }
}
