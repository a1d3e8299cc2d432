//! Whose trouble it is if lookups fail or are refused: one target's, or the whole profile's.
//!
//! What happens to one id says nothing about the others. If it happens to a second, different id without any answer in
//! between, the provider is asked for an id that nobody has ([`Spec::probe_id`](crate::provider::Spec::probe_id)): its
//! answer decides, whatever the order of the targets is.

use std::sync::Arc;
use std::time::Duration;

use super::TargetId;
use crate::error::{Failure, FailureKind};

/// For how long an answer to the probe excludes that further failures are the profile's.
const PROBE_VALIDITY: Duration = Duration::from_secs(10);

/// The health of a profile.
#[derive(Default)]
pub(super) struct Health {
    failing: Suspicion,
    refused: Suspicion,
    /// As time of the command.
    healthy_until: Duration,
}

/// What the probe showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probed {
    /// The provider answers.
    Answered,
    /// The provider answers, but does not accept the token.
    Refused,
    /// A gateway refuses the request.
    Blocked,
    /// It fails as well.
    Failed(Trouble),
}

/// How a lookup fails, the worst last. A probe that fails in a better way shows that the provider is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// The provider's answer cannot be understood.
    #[default]
    Malformed,
    /// The answer is not the provider's.
    Unusable,
    /// There is no answer, or it is that there is none now.
    NoAnswer,
}

/// How far it is shown that something is the whole profile's.
#[derive(Default)]
struct Suspicion {
    state: State,
    /// The worst that happened.
    worst: Trouble,
    /// Why it happened last.
    reason: String,
    /// The failures of the targets that were settled because of it.
    failures: Vec<Arc<Failure>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// It has not happened since the last answer.
    #[default]
    None,
    /// It happened to one target.
    One(TargetId),
    /// It happened to several: the probe decides.
    Several,
    /// It is the whole profile's.
    Confirmed,
}

impl Suspicion {
    /// It happened to a target. Returns whether a probe is needed to decide.
    fn note(&mut self, target: TargetId, reason: &str, is_vouched_for: bool) -> bool {
        self.reason = reason.to_owned();
        self.state = match self.state {
            State::None => State::One(target),
            State::One(first) if first != target && !is_vouched_for => State::Several,
            state => state,
        };
        self.state == State::Several
    }

    fn confirm_if(&mut self, is_shown: bool) {
        match self.state {
            State::Several if is_shown => self.state = State::Confirmed,
            State::Several => *self = Suspicion::default(),
            State::None | State::One(_) | State::Confirmed => {}
        }
    }
}

impl Health {
    /// A lookup of a target failed. Returns whether a probe is needed to decide
    /// whose trouble that is.
    pub(super) fn failed(
        &mut self,
        now: Duration,
        target: TargetId,
        reason: &str,
        trouble: Trouble,
    ) -> bool {
        let failing = &mut self.failing;
        failing.worst = failing.worst.max(trouble);
        failing.note(target, reason, now < self.healthy_until)
    }

    /// The token was refused for a target. Returns whether a probe is needed to decide whose trouble that is.
    pub(super) fn refused(&mut self, target: TargetId, reason: &str) -> bool {
        self.refused.note(target, reason, false)
    }

    /// Nothing was heard for too long: a probe is needed.
    pub(super) fn suspect(&mut self) {
        if self.failing.state != State::Confirmed {
            self.failing.state = State::Several;
            self.failing.worst = Trouble::NoAnswer;
        }
    }

    /// An answer was understood, so that the provider is there and accepts the token.
    pub(super) fn answered(&mut self) {
        *self = Health { healthy_until: self.healthy_until, ..Health::default() };
    }

    /// There is another token.
    pub(super) fn token_renewed(&mut self) {
        self.refused = Suspicion::default();
    }

    /// The whole profile fails, as if it cannot be connected to.
    pub(super) fn is_known_to_fail(&mut self) {
        self.failing.state = State::Confirmed;
    }

    /// The probe was made.
    pub(super) fn probed(&mut self, now: Duration, probed: Probed) {
        match probed {
            Probed::Answered => {
                self.failing.confirm_if(false);
                self.refused.confirm_if(false);
                self.healthy_until = now.saturating_add(PROBE_VALIDITY);
            }
            Probed::Refused => {
                self.failing.confirm_if(false);
                self.refused.confirm_if(true);
            }
            Probed::Blocked => {
                self.probe_failed(now, Trouble::Unusable);
                self.refused.confirm_if(true);
            }
            Probed::Failed(trouble) => {
                self.probe_failed(now, trouble);
                self.refused.confirm_if(false);
            }
        }
    }

    /// One that fails in a better way than the lookups is an answer for them.
    fn probe_failed(&mut self, now: Duration, trouble: Trouble) {
        let is_same = self.failing.worst <= trouble;
        if !is_same {
            self.healthy_until = now.saturating_add(PROBE_VALIDITY);
        }
        self.failing.confirm_if(is_same);
    }

    /// No probe can be made, so that different targets are evidence enough.
    pub(super) fn cannot_be_probed(&mut self) {
        self.failing.confirm_if(true);
        self.refused.confirm_if(true);
    }

    /// Whether lookups of the whole profile fail.
    pub(super) fn is_down(&self) -> bool {
        self.failing.state == State::Confirmed
    }

    /// Whether the token was refused for several targets.
    pub(super) fn may_be_refused(&self) -> bool {
        matches!(self.refused.state, State::Several | State::Confirmed)
    }

    /// Whether the token is refused for the whole profile.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.state == State::Confirmed
    }

    /// Why lookups failed last.
    pub(super) fn failing_reason(&self) -> &str {
        &self.failing.reason
    }

    /// Why the token was refused last.
    pub(super) fn refused_reason(&self) -> &str {
        &self.refused.reason
    }

    /// Remembers the failure of a target that was settled because its lookup failed, or because the token was refused
    /// for it.
    pub(super) fn settled(&mut self, failure: Arc<Failure>) {
        self.of_kind(failure.kind()).failures.push(failure);
    }

    /// The failure of the last target that was settled because its lookup failed, since the last answer.
    pub(super) fn last_settled(&self) -> Option<&Failure> {
        self.failing.failures.last().map(Arc::as_ref)
    }

    /// The failures of targets that a failure of this kind, which is the whole profile's, replaces.
    pub(super) fn take_failures(&mut self, kind: FailureKind) -> Vec<Arc<Failure>> {
        std::mem::take(&mut self.of_kind(kind).failures)
    }

    fn of_kind(&mut self, kind: FailureKind) -> &mut Suspicion {
        match kind {
            FailureKind::Denied => &mut self.refused,
            _ => &mut self.failing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ListIndex;

    const NOW: Duration = Duration::from_secs(100);

    fn fail(health: &mut Health, target: usize) -> bool {
        health.failed(NOW, TargetId::at(target), "502", Trouble::NoAnswer)
    }

    #[test]
    fn one_target_is_never_evidence_against_the_profile() {
        let mut health = Health::default();
        for _ in 0..100 {
            assert!(!fail(&mut health, 3));
            assert!(!health.refused(TargetId::at(3), "401"));
        }
        assert!(!health.is_down() && !health.is_refused());
    }

    #[test]
    fn a_second_target_calls_for_a_probe_which_decides() {
        for (probed, is_down, is_refused) in [
            (Probed::Answered, false, false),
            (Probed::Refused, false, true),
            (Probed::Blocked, false, true),
            (Probed::Failed(Trouble::NoAnswer), true, false),
            (Probed::Failed(Trouble::Unusable), false, false),
            (Probed::Failed(Trouble::Malformed), false, false),
        ] {
            let mut health = Health::default();
            assert!(!fail(&mut health, 0));
            assert!(fail(&mut health, 1));
            assert!(!health.is_down());
            health.probed(NOW, probed);
            assert_eq!(health.is_down(), is_down, "{probed:?}");

            let mut health = Health::default();
            assert!(!health.refused(TargetId::at(0), "401"));
            assert!(health.refused(TargetId::at(1), "401"));
            health.probed(NOW, probed);
            assert_eq!(health.is_refused(), is_refused, "{probed:?}");
        }
    }

    /// As where an unknown path is no page of the provider's.
    #[test]
    fn a_probe_that_fails_in_a_better_way_shows_that_the_provider_is_there() {
        use Trouble::{Malformed, NoAnswer, Unusable};
        for (first, second, probe, is_down) in [
            (Malformed, Malformed, Malformed, true),
            (Malformed, Unusable, Malformed, false),
            (Unusable, Malformed, Unusable, true),
            (Unusable, NoAnswer, Unusable, false),
            (Malformed, Malformed, NoAnswer, true),
        ] {
            let mut health = Health::default();
            assert!(!health.failed(NOW, TargetId::at(0), "bad", first));
            assert!(health.failed(NOW, TargetId::at(1), "bad", second));
            health.probed(NOW, Probed::Failed(probe));
            assert_eq!(health.is_down(), is_down, "{first:?} {second:?} {probe:?}");
        }
    }

    #[test]
    fn an_answer_in_between_ends_the_suspicion() {
        let mut health = Health::default();
        fail(&mut health, 0);
        health.answered();
        assert!(!fail(&mut health, 1));
        assert!(fail(&mut health, 0));
        health.answered();
        // Too late: somebody else was answered meanwhile.
        health.probed(NOW, Probed::Failed(Trouble::NoAnswer));
        assert!(!health.is_down());
        health.is_known_to_fail();
        assert!(health.is_down());
        health.answered();
        assert!(!health.is_down());
    }

    #[test]
    fn after_an_answer_to_the_probe_none_is_made_for_a_while() {
        let better = [Trouble::Malformed, Trouble::Unusable].map(Probed::Failed);
        for probed in [Probed::Answered, Probed::Blocked].into_iter().chain(better) {
            let mut health = Health::default();
            fail(&mut health, 0);
            fail(&mut health, 1);
            health.probed(NOW, probed);
            for target in 0..100 {
                assert!(!fail(&mut health, target), "{probed:?}");
            }
            let later = NOW + PROBE_VALIDITY;
            assert!(health.failed(later, TargetId::at(7), "502", Trouble::NoAnswer), "{probed:?}");
        }
    }

    #[test]
    fn another_token_ends_the_suspicion_against_the_one_before() {
        let mut health = Health::default();
        health.refused(TargetId::at(0), "401");
        health.token_renewed();
        assert!(!health.refused(TargetId::at(1), "401"));
    }

    #[test]
    fn where_nothing_can_be_probed_two_targets_are_enough() {
        let mut health = Health::default();
        fail(&mut health, 0);
        health.cannot_be_probed();
        assert!(!health.is_down());
        fail(&mut health, 1);
        health.cannot_be_probed();
        assert!(health.is_down() && !health.is_refused());
    }
}
