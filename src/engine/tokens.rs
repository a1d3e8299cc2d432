//! Whether a provider is heard, whether it accepts our token, and when to give up on it.

use std::time::Duration;

use jiff::Timestamp;

use super::outage::OutageState;
use super::timer_queue::Timer;
use super::{Effect, Engine, ProfileId, RenewalError, TargetId, whole_seconds};
use crate::error::{Failure, FailureKind, Hint};
use crate::lifecycle::Source;
use crate::warning::WarningCode;

/// A provider did not accept our token: 401 or 403.
pub(super) struct Denial {
    pub(super) profile: ProfileId,
    /// The target it is about, if about one.
    pub(super) target: Option<TargetId>,
    /// Which side of the provider refused.
    pub(super) side: Source,
    /// The generation of the token that it refused.
    pub(super) generation: u32,
    pub(super) message: String,
}

impl Engine {
    /// Whether a token has to be come by before anything can be asked.
    pub(super) fn needs_token(&self, profile: ProfileId) -> bool {
        let credential = &self.plan.profiles[profile].credential;
        let ends_soon = self.profiles[profile].token.ends_soon(self.now.wall);
        credential.is_pending() || (credential.issuer.is_some() && ends_soon)
    }

    /// Comes by a token anew, because this side refused the present one; or for another reason.
    pub(super) fn renew_token(&mut self, profile: ProfileId, refused_by: Option<Source>) {
        self.profiles[profile].token.start(refused_by);
        self.effects.push(Effect::RenewToken(profile));
    }

    pub(super) fn token_renewed(
        &mut self,
        profile: ProfileId,
        renewed: Result<Option<Timestamp>, RenewalError>,
    ) {
        let state = &self.profiles[profile];
        let lasts = state.token.lasts(self.now.wall);
        let nobody_refused = state.token.refused_by().is_none();
        // What nobody has refused yet may still be used.
        let is_usable = nobody_refused && (state.has_begun || lasts);
        match renewed {
            Ok(expires_at) => self.has_token(profile, expires_at),
            Err(RenewalError::Later { reason, retry_after }) if nobody_refused && lasts => {
                self.renew_later(profile, retry_after);
                self.keep_token(profile, reason);
            }
            Err(RenewalError::Later { reason, retry_after }) => {
                self.wait_for_token(profile, reason, retry_after);
            }
            Err(RenewalError::Failed(failure)) if is_usable => {
                self.keep_token(profile, failure.to_string());
            }
            Err(RenewalError::Failed(failure)) => self.fail_profile(profile, failure),
        }
    }

    fn has_token(&mut self, profile: ProfileId, expires_at: Option<Timestamp>) {
        let state = &mut self.profiles[profile];
        let was_refused = state.token.refused_by().is_some();
        state.token.renewed(expires_at);
        state.backoff.reset();
        state.outage.received();
        self.plan_renewal_before_expiry(profile);
        if !self.profiles[profile].has_begun {
            return self.start_profile(profile);
        }
        if was_refused {
            for target in self.open_targets_of(profile) {
                self.look_up(target);
            }
        }
    }

    /// There is no other token for this reason, but the present one is still good.
    fn keep_token(&mut self, profile: ProfileId, reason: String) {
        if self.profiles[profile].token.keep() {
            self.warn(None, WarningCode::NotRenewed, reason);
        }
        if !self.profiles[profile].has_begun {
            self.start_profile(profile);
        }
    }

    /// There is no token yet. Meanwhile push may carry the watch; what has to be looked up waits.
    fn wait_for_token(
        &mut self,
        profile: ProfileId,
        reason: String,
        retry_after: Option<Duration>,
    ) {
        self.renew_later(profile, retry_after);
        if !self.profiles[profile].has_begun {
            self.start_profile(profile);
        }
        self.question_asked(profile);
        self.question_unanswered(profile, reason);
    }

    /// A token that has an end is renewed before that, if it can be.
    pub(super) fn plan_renewal_before_expiry(&mut self, profile: ProfileId) {
        let issues = self.plan.profiles[profile].credential.issuer.is_some();
        let use_for = self.profiles[profile].token.use_for(self.now.wall);
        if let Some(wait) = use_for.filter(|_| issues) {
            self.plan_renewal(profile, wait);
        }
    }

    fn plan_renewal(&mut self, profile: ProfileId, wait: Duration) {
        let due = self.now.elapsed.saturating_add(wait);
        self.profiles[profile].token.plan(due);
        self.timers.add(due, Timer::Renewal(profile));
    }

    fn renew_later(&mut self, profile: ProfileId, floor: Option<Duration>) {
        let wait = self.profiles[profile].backoff.next(floor.unwrap_or_default());
        self.plan_renewal(profile, wait);
    }

    pub(super) fn renewal_due(&mut self, profile: ProfileId, due: Duration) {
        let token = &self.profiles[profile].token;
        if !token.is_planned(due) {
            return;
        }
        if token.is_running() {
            self.effects.push(Effect::RenewToken(profile));
        } else {
            self.renew_token(profile, None);
        }
    }

    /// A message was signed with another token than ours: a newer one may have been issued elsewhere.
    pub(super) fn suspect_token(&mut self, profile: ProfileId) {
        let is_renewable = self.plan.profiles[profile].credential.is_renewable();
        if is_renewable && self.profiles[profile].token.is_possible() {
            self.renew_token(profile, Some(Source::Push));
        }
    }

    /// The provider did not accept a token.
    pub(super) fn denied(&mut self, denial: Denial) {
        let Denial { profile, target, side, generation, message } = denial;
        let token = &self.profiles[profile].token;
        if !token.concerns(generation) {
            return;
        }
        let was_accepted = token.was_accepted(generation);
        if self.plan.profiles[profile].credential.is_renewable() && token.is_possible() {
            return self.renew_token(profile, Some(side));
        }
        let failure = self.denial(profile, message);
        // A token that was accepted for others is refused for this one alone.
        match target {
            Some(target) if was_accepted => self.fail(target, failure),
            _ => self.fail_profile(profile, failure),
        }
    }

    fn denial(&self, profile: ProfileId, message: String) -> Failure {
        let settings = &self.plan.profiles[profile];
        let (name, credential) = (&settings.name, &settings.credential);
        let context = match &credential.issuer {
            Some(issuer) => format!(
                "the token of profile {name} was issued for the secret that was read from {}",
                issuer.origin
            ),
            None if !credential.is_available() => format!("profile {name} has no token"),
            None => format!("the token of profile {name} was read from {}", credential.origin),
        };
        let error = anyhow::anyhow!(context).context(message);
        let failure = Failure::from_error(FailureKind::Denied, error);
        if credential.is_available() {
            failure.hint(Hint::CheckToken(name.to_string()))
        } else {
            failure.hint("is the url right? its provider is asked without a token")
        }
    }

    /// The provider is being asked.
    pub(super) fn question_asked(&mut self, profile: ProfileId) {
        if let Some(over_at) = self.profiles[profile].outage.asked(self.now.elapsed) {
            self.timers.add(over_at, Timer::Outage(profile));
        }
    }

    /// A question was not answered, for a reason that may pass.
    pub(super) fn question_unanswered(&mut self, profile: ProfileId, reason: String) {
        self.profiles[profile].outage.unanswered(self.now.elapsed, reason);
        self.check_outage(profile);
    }

    pub(super) fn check_outage(&mut self, profile: ProfileId) {
        let (limit, reason) = match self.profiles[profile].outage.state(self.now.elapsed) {
            OutageState::None => return,
            OutageState::Until(due) => return self.timers.add(due, Timer::Outage(profile)),
            OutageState::Over(limit, reason) => (limit, reason),
        };
        let title = self.title(profile);
        let message = if limit.is_zero() {
            format!("{title} could not be reached: {reason}")
        } else {
            let limit = humantime::format_duration(whole_seconds(limit));
            format!("nothing was heard from {title} for {limit}: {reason}")
        };
        let hint = "check the address and the network; the transaction itself may go on meanwhile";
        self.fail_profile(profile, Failure::new(FailureKind::Unreachable, message).hint(hint));
    }

    /// What the providers that are silent at present were last silent about.
    pub(super) fn ongoing_problems(&self) -> Vec<String> {
        let silent = self.profiles.iter().zip(self.plan.profiles.iter());
        let ongoing_problems = silent.filter_map(|(state, profile)| {
            Some(format!("{}: {}", profile.name, state.outage.reason()?))
        });
        ongoing_problems.collect()
    }
}
