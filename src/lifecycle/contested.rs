//! An ending that is believed only if it is repeated.

use std::time::Duration;

use super::observation::{Observation, Source};

/// How much later a response has to repeat a status for it to be believed against the provider's clock.
const REPEATED_AFTER: Duration = Duration::from_secs(4);

/// An ending that is older than the last accepted observation by the provider's clock.
#[derive(Clone, Debug)]
pub(super) struct Contested {
    /// The first response with it.
    first: Box<Observation>,
}

impl Contested {
    /// An observation that is contested from now on.
    pub(super) fn new(observation: &Observation) -> Self {
        Contested { first: Box::new(observation.clone()) }
    }

    pub(super) fn is_status_of(&self, observation: &Observation) -> bool {
        self.first.report.has_status_of(&observation.report)
    }

    /// Whether a response repeats the status long enough after the first one.
    pub(super) fn is_repeated_by(&self, observation: &Observation) -> bool {
        observation.source == Source::Pull
            && self.is_status_of(observation)
            && observation.at >= self.first.at + REPEATED_AFTER
    }
}
