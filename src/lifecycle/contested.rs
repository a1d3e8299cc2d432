//! A status that is believed only if it is repeated.

use std::time::Duration;

use super::observation::{Observation, Source};
use crate::provider::{Report, Status};

/// How much later a response has to repeat a status for it to be believed against the provider's clock.
const REPEATED_AFTER: Duration = Duration::from_secs(4);

/// A status that is older than the last accepted one by the provider's clock.
#[derive(Clone, Debug)]
pub(super) struct Contested {
    status: Status,
    provider_status: String,
    /// When it was first requested, as time of the command.
    since: Duration,
}

impl Contested {
    /// An observation that is contested from now on.
    pub(super) fn new(observation: &Observation) -> Self {
        let report = &observation.report;
        let provider_status = report.provider_status.clone();
        Contested { status: report.status, provider_status, since: observation.at }
    }

    pub(super) fn is_status_of(&self, report: &Report) -> bool {
        self.status == report.status && self.provider_status == report.provider_status
    }

    /// Whether a response repeats the status long enough after the first one.
    pub(super) fn is_repeated_by(&self, observation: &Observation) -> bool {
        observation.source == Source::Pull
            && self.is_status_of(&observation.report)
            && observation.at >= self.since + REPEATED_AFTER
    }
}
