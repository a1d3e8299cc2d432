//! The last accepted observation of a target, and how the times of others compare with it.

use std::cmp::Ordering;
use std::time::Duration;

use jiff::Timestamp;

use super::observation::{Observation, Source};
use crate::provider::Status;

/// The observation of a target that was accepted last.
#[derive(Clone, Debug)]
pub(super) struct LastObservation {
    pub(super) status: Status,
    pub(super) provider_status: String,
    pub(super) detail: Option<String>,
    /// When the status was first observed, as time of the command.
    pub(super) since: Duration,
    /// When an observation was last accepted, as time of the command.
    pub(super) confirmed: Duration,
    /// The newest provider time accepted so far.
    pub(super) provider_time: Option<Timestamp>,
    /// The source of that time.
    pub(super) clock: Source,
    /// Whether the last observation carried a provider time.
    pub(super) has_provider_time: bool,
}

impl LastObservation {
    /// How much older an observation is by the provider's clock; none if it is not older, or that is not known.
    pub(super) fn age_of(&self, observation: &Observation) -> Option<Duration> {
        let known = self.provider_time?;
        Duration::try_from(known.duration_since(observation.report.occurred_at?)).ok()
    }

    /// Compares an observation's time with that of the last accepted one: by the provider's clock if both have such
    /// a time, else by the command's. Times of the two clocks are never compared with each other.
    pub(super) fn order(&self, observation: &Observation) -> Ordering {
        match (observation.report.occurred_at, self.provider_time) {
            (Some(reported), Some(known)) => match compare(reported, known) {
                Ordering::Greater | Ordering::Equal if !self.has_provider_time => {
                    observation.at.cmp(&self.confirmed)
                }
                order => order,
            },
            _ => observation.at.cmp(&self.confirmed),
        }
    }
}

/// Compares two times of a provider at the coarser of their precisions: a REST response rounded to seconds is not
/// older than a push with milliseconds.
pub(super) fn compare(one: Timestamp, other: Timestamp) -> Ordering {
    if one.subsec_nanosecond() == 0 || other.subsec_nanosecond() == 0 {
        one.as_second().cmp(&other.as_second())
    } else {
        one.cmp(&other)
    }
}
