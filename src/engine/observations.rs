//! Observations of targets: what they change, and which of them are not believed.

use std::time::Duration;

use jiff::Timestamp;

use super::{Engine, TargetId};
use crate::event::{Change, Event};
use crate::lifecycle::{Decision, Ending, Observation, Source, Verdict};
use crate::provider::{Status, remove_personal_data};
use crate::warning::WarningCode;

/// When the previous status was observed, as time of the command, and by the provider's clock.
type Previous = (Duration, Option<Timestamp>);

impl Engine {
    pub(super) fn observe(&mut self, target: TargetId, mut observation: Observation) {
        let profile = self.targets[target].profile;
        if !self.plan.show_personal
            && let Some(data) = &mut observation.report.data
        {
            let spec = self.plan.profiles[profile].provider.spec();
            remove_personal_data(data, &spec.personal);
        }
        if self.hold_if_unsigned(target, &observation) {
            return;
        }
        let before = self.previous(target);
        let rules = &self.profiles[profile].rules;
        let verdict = self.targets[target].tracker.observe(&observation, rules);
        self.apply_verdict(target, observation, before, verdict);
    }

    /// Accepts an observation that was held back, whatever the provider's clock says.
    pub(super) fn believe(&mut self, target: TargetId, observation: Observation) {
        let before = self.previous(target);
        self.targets[target].tracker.believe(&observation);
        self.apply_verdict(target, observation, before, Verdict::Believed);
    }

    fn previous(&self, target: TargetId) -> Option<Previous> {
        let tracker = &self.targets[target].tracker;
        Some((tracker.since()?, tracker.provider_time()))
    }

    fn apply_verdict(
        &mut self,
        target: TargetId,
        mut observation: Observation,
        before: Option<Previous>,
        verdict: Verdict,
    ) {
        let profile = self.targets[target].profile;
        let is_change = matches!(verdict, Verdict::Changed | Verdict::Believed);
        let is_about_now = is_change || verdict == Verdict::Same;
        if is_about_now {
            let known_time = before.and_then(|(_, time)| time);
            self.check_held(target, &observation, is_change, known_time);
        }
        let state = &mut self.targets[target];
        state.awaiting_confirmation &= !is_change;
        // The response of a lookup that confirms a push may have the time of that push.
        let confirms = state.awaiting_confirmation
            && observation.source == Source::Pull
            && state.tracker.status() == Some(observation.report.status);
        match verdict {
            Verdict::Changed => self.changed(target, &mut observation, before),
            Verdict::Believed => {
                self.warn_of_clocks(target, &observation);
                self.changed(target, &mut observation, before);
            }
            Verdict::Contested => self.contested(target, &observation),
            Verdict::Stale if observation.report.status.is_final() && !confirms => {
                self.stale_ending(target, &observation);
            }
            Verdict::Same | Verdict::Stale | Verdict::Sticky | Verdict::OtherAttempt => {}
        }
        let is_about_now = is_about_now || confirms;
        // Expectations are checked on this report, not on an earlier one.
        if let Some(warning) = observation.report.warning.take() {
            self.warn_once(target, warning.code, warning.message);
        }
        let state = &self.targets[target];
        match state.tracker.decide(self.now.elapsed, &self.profiles[profile].rules) {
            Decision::Settled(Ending::Reached) if is_about_now => {
                self.reached(target, &observation);
            }
            _ => {
                self.check_expected_fields(target, &observation);
                self.decide(target);
            }
        }
    }

    /// An ending that is older than the last push by the provider's clock is looked up again, or held back where
    /// no lookup is possible.
    fn contested(&mut self, target: TargetId, observation: &Observation) {
        match observation.source {
            // The next lookup comes soon.
            Source::Pull => {}
            Source::Push if self.can_poll(self.targets[target].profile) => self.look_up(target),
            Source::Push => self.hold_older(target, observation.clone()),
        }
    }

    fn warn_of_clocks(&mut self, target: TargetId, observation: &Observation) {
        let status = observation.report.status;
        let (code, message) = match observation.source {
            Source::Push => (
                WarningCode::StalePush,
                format!(
                    "{status} is believed although the push is a little older than the one before by the \
                     provider's own clock: nothing newer came since"
                ),
            ),
            Source::Pull => (
                WarningCode::StaleAnswer,
                format!(
                    "{status} is believed although it is older than the last push by the provider's own \
                     clock: it was asked for later, and answered twice; one of the provider's clocks is wrong"
                ),
            ),
        };
        self.warn(Some(target), code, message);
    }

    /// A final status that is older than the last accepted one is not accepted, but leads to a lookup or a warning.
    fn stale_ending(&mut self, target: TargetId, observation: &Observation) {
        let status = observation.report.status;
        match observation.source {
            Source::Push => {
                self.look_up(target);
                if !self.can_poll(self.targets[target].profile) {
                    let message = format!(
                        "a push says {status}, but by the provider's own clock it is older than the one before; \
                         it is not believed, and cannot be checked without an access token"
                    );
                    self.warn_once(target, WarningCode::StalePush, message);
                }
            }
            // If it was requested before the last push arrived, the response to another request is newer. Otherwise
            // the provider contradicts itself, and is asked again as usual.
            Source::Pull if observation.report.occurred_at.is_none() => {
                if self.targets[target].tracker.confirmed() > Some(observation.at) {
                    self.look_up(target);
                }
            }
            Source::Pull => {
                let message = format!(
                    "an answer says {status}, but by the provider's own clock it is older than the last push; \
                     it is not believed"
                );
                self.warn_once(target, WarningCode::StaleAnswer, message);
            }
        }
    }

    fn changed(
        &mut self,
        target: TargetId,
        observation: &mut Observation,
        before: Option<Previous>,
    ) {
        // Only expectations need it after this.
        let data = if self.plan.expectations.is_empty() {
            observation.report.data.take()
        } else {
            observation.report.data.clone()
        };
        let state = &self.targets[target];
        let report = &observation.report;
        let change = Change {
            name: state.name.clone(),
            status: report.status,
            provider_status: report.provider_status.clone(),
            source: observation.source,
            occurred_at: report.occurred_at,
            elapsed: state.elapsed(self.now.elapsed),
            since_previous: before.map(|before| elapsed_since(before, observation)),
            detail: report.detail.clone(),
            history: report.history.clone(),
            record: state.tracker.record().clone(),
            data,
        };
        self.emit(Event::Status(change));
        self.last_shown = self.now.elapsed;
        if report.status == Status::Unknown {
            let message = format!(
                "'{}' is a status that txwatch does not know; it is neither an end nor a success here",
                report.provider_status
            );
            self.warn_once(target, WarningCode::UnknownStatus, message);
        }
    }
}

/// How long the previous status lasted: by the provider's clock if both times are known, else by the command's.
fn elapsed_since((since, clock): Previous, observation: &Observation) -> Duration {
    let times = observation.report.occurred_at.zip(clock);
    let elapsed = times.and_then(|(now, then)| Duration::try_from(now.duration_since(then)).ok());
    elapsed.unwrap_or_else(|| observation.at.saturating_sub(since))
}
