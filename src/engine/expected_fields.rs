//! Whether the records of a provider have the fields that expectations are about.

use super::{Engine, TargetId};
use crate::lifecycle::{Observation, Source, UnknownField};
use crate::warning::WarningCode;

impl Engine {
    /// Warns of expectations on fields that the first record of a profile does not have, so that a mistyped name is
    /// noticed before the transaction has ended. Once for a profile, for the records of a provider have the same
    /// fields. A push may have fewer than a response, and is looked at only where there are no responses.
    pub(super) fn check_expected_fields(&mut self, target: TargetId, observation: &Observation) {
        let profile = self.targets[target].profile;
        let is_complete = observation.source == Source::Pull || !self.can_poll(profile);
        let is_first = !self.profiles[profile].has_checked_fields;
        if self.plan.expectations.is_empty()
            || !is_first
            || !is_complete
            || observation.report.data.is_none()
        {
            return;
        }
        self.profiles[profile].has_checked_fields = true;
        let plan = self.plan.clone();
        for expectation in &plan.expectations {
            if let Some(UnknownField { path, nearest }) =
                expectation.unknown_field(&observation.report)
            {
                let suggestion =
                    nearest.map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
                let message = format!(
                    "{expectation} is expected, but there is no {path} in the first record{suggestion}. It may still \
                     come; if it does not, the expectation fails at the end"
                );
                self.warn(Some(target), WarningCode::ExpectedFieldMissing, message);
            }
        }
    }
}
