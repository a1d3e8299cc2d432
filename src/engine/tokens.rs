//! Renewal of tokens, and what follows if a provider does not accept one.

use std::time::Duration;

use super::timer_queue::Timer;
use super::{Effect, Engine, Obtained, ProfileId, RenewalError, TargetId};
use crate::credential::CredentialSource;
use crate::error::{Failure, FailureKind, Hint};
use crate::lifecycle::Source;
use crate::provider::DenialReason;
use crate::warning::WarningCode;

/// A provider did not accept the token: 401, 403, or a refusal in its own protocol.
pub(super) struct Denial {
    pub(super) profile: ProfileId,
    /// The target of the request or connection, if it has only one.
    pub(super) target: Option<TargetId>,
    /// Whether a push connection or a lookup was refused.
    pub(super) side: Source,
    /// The generation of the token that was refused.
    pub(super) generation: u32,
    pub(super) reason: DenialReason,
    pub(super) message: String,
}

impl Engine {
    /// Whether a token has to be obtained before the profile can be started.
    pub(super) fn needs_token(&self, profile: ProfileId) -> bool {
        let credential = &self.plan.profiles[profile].credential;
        let has_ended = self.profiles[profile].token.has_ended(self.now.wall);
        credential.is_pending() || (credential.issuer.is_some() && has_ended)
    }

    /// Whether another token than the current one may be had. A token that was given is not replaced by an issued one
    /// while it has not expired.
    fn is_renewable(&self, profile: ProfileId) -> bool {
        let credential = &self.plan.profiles[profile].credential;
        match credential.source {
            CredentialSource::File(_) | CredentialSource::Command(_) => true,
            CredentialSource::None => credential.issuer.is_some(),
            CredentialSource::Value => {
                let token = &self.profiles[profile].token;
                credential.issuer.is_some() && !token.is_given_and_lasts(self.now.wall)
            }
        }
    }

    /// Starts a renewal of the token; `refused_by` is the side that refused the current one, if one did.
    pub(super) fn renew_token(&mut self, profile: ProfileId, refused_by: Option<Source>) {
        self.profiles[profile].token.start(refused_by);
        self.obtain_token(profile);
    }

    fn obtain_token(&mut self, profile: ProfileId) {
        let reason = self.profiles[profile].token.reason();
        self.effects.push(Effect::RenewToken(profile, reason));
    }

    pub(super) fn token_renewed(
        &mut self,
        profile: ProfileId,
        renewed: Result<Obtained, RenewalError>,
    ) {
        let state = &self.profiles[profile];
        let is_valid = state.token.is_valid(self.now.wall);
        let is_unrefused = state.token.refused_by().is_none();
        let was_given = self.plan.profiles[profile].credential.token.is_some();
        let has_token = was_given || state.token.generation > 0;
        let is_usable = is_unrefused && has_token && (state.has_begun || is_valid);
        match renewed {
            Ok(obtained) => self.token_available(profile, obtained),
            Err(RenewalError::Later { reason, retry_after }) if is_unrefused && is_valid => {
                self.renew_later(profile, retry_after);
                self.keep_token(profile, reason);
            }
            Err(RenewalError::Later { reason, retry_after }) => {
                self.wait_for_token(profile, reason, retry_after);
            }
            Err(RenewalError::Unusable(failure)) if is_unrefused && is_valid => {
                self.renew_later(profile, None);
                self.keep_token(profile, failure.to_string());
            }
            Err(RenewalError::Unusable(failure)) if self.may_pass(profile) => {
                self.wait_for_token(profile, failure.to_string(), None);
            }
            Err(RenewalError::Failed(failure)) if is_usable => {
                self.keep_token(profile, failure.to_string());
            }
            Err(RenewalError::Failed(failure) | RenewalError::Unusable(failure)) => {
                self.fail_profile(profile, failure);
            }
        }
    }

    fn token_available(&mut self, profile: ProfileId, obtained: Obtained) {
        let state = &mut self.profiles[profile];
        let was_refused = state.token.refused_by().is_some();
        state.token.renewed(obtained);
        state.health.token_renewed();
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

    /// The renewal failed, but the current token can still be used.
    fn keep_token(&mut self, profile: ProfileId, reason: String) {
        if self.profiles[profile].token.renewal_failed() {
            self.warn(None, WarningCode::NotRenewed, reason);
        }
        if !self.profiles[profile].has_begun {
            self.start_profile(profile);
        }
    }

    /// There is no usable token yet. Push connections are opened without it, lookups wait.
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
        self.attempt_started(profile);
        self.attempt_failed(profile, reason, FailureKind::Unreachable);
    }

    /// Plans the renewal of a token that expires, if the provider issues tokens.
    pub(super) fn plan_renewal_before_expiry(&mut self, profile: ProfileId) {
        let has_issuer = self.plan.profiles[profile].credential.issuer.is_some();
        let renew_in = self.profiles[profile].token.renew_in(self.now.wall);
        if let Some(wait) = renew_in.filter(|_| has_issuer) {
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
            self.obtain_token(profile);
        } else {
            self.renew_token(profile, None);
        }
    }

    /// A message was signed with another token: a newer one may have been issued elsewhere.
    pub(super) fn suspect_token(&mut self, profile: ProfileId) {
        if self.is_renewable(profile) && self.profiles[profile].token.may_be_suspected() {
            self.profiles[profile].token.suspect();
            self.obtain_token(profile);
        }
    }

    /// Whether a refusal of the current token leads to another one.
    pub(super) fn may_renew(&self, profile: ProfileId) -> bool {
        self.is_renewable(profile) && self.profiles[profile].token.is_allowed()
    }

    /// The provider did not accept a token: renews it once, then fails.
    pub(super) fn denied(&mut self, denial: Denial) {
        let Denial { profile, target, side, generation, reason, message } = denial;
        let token = &self.profiles[profile].token;
        if !token.concerns(generation) {
            // Another token is there, or will be.
            if let (Source::Pull, Some(target)) = (side, target) {
                self.look_up(target);
            }
            return;
        }
        let was_accepted = token.was_accepted(generation);
        // Issuing a token puts the one before it out of force, so it has to be the token that was refused.
        let may_issue = self.plan.profiles[profile].credential.issuer.is_some();
        let may_help = reason == DenialReason::Token || !may_issue;
        // Not if that was tried, and helped others only.
        let was_tried = was_accepted && target.is_some_and(|target| self.was_renewed_for(target));
        if may_help && !was_tried && self.may_renew(profile) {
            if let Some(target) = target {
                let trouble = self.targets[target].trouble.get_or_insert_default();
                trouble.renewed_generation = Some(generation);
            }
            if side == Source::Pull {
                self.close_queue(profile, Duration::ZERO);
            }
            return self.renew_token(profile, Some(side));
        }
        match target {
            Some(target) => self.fail_alone(target, FailureKind::Denied, &message),
            None => {
                let failure = self.denied_failure(profile, message);
                self.fail_profile(profile, failure);
            }
        }
    }

    /// Whether the token was renewed because the one before it was refused for this target.
    fn was_renewed_for(&self, target: TargetId) -> bool {
        let trouble = self.targets[target].trouble.as_ref();
        trouble.and_then(|trouble| trouble.renewed_generation).is_some_and(|renewed| {
            renewed < self.profiles[self.targets[target].profile].token.generation
        })
    }

    pub(super) fn denied_failure(&self, profile: ProfileId, message: String) -> Failure {
        let settings = &self.plan.profiles[profile];
        let (name, credential) = (&settings.name, &settings.credential);
        let is_given = credential.source != CredentialSource::None
            && (credential.issuer.is_none()
                || self.profiles[profile].token.is_given_and_lasts(self.now.wall));
        let context = match &credential.issuer {
            _ if !credential.is_available() => format!("profile {name} has no token"),
            Some(issuer) if !is_given => format!(
                "the token of profile {name} was issued for the secret that was read from {}",
                issuer.origin
            ),
            Some(_) => format!(
                "the token of profile {name} was read from {}; a token that is given is not replaced by an issued one \
                 before it expires, since issuing puts the token before it out of force",
                credential.origin
            ),
            None => format!("the token of profile {name} was read from {}", credential.origin),
        };
        let message = match settings.provider.denial_hint() {
            Some(hint) if message.ends_with('?') => format!("{message} {hint}"),
            Some(hint) => format!("{message}; {hint}"),
            None => message,
        };
        let error = anyhow::anyhow!(context).context(message);
        let failure = Failure::from_error(FailureKind::Denied, error);
        let failure = if is_given && credential.issuer.is_some() {
            failure.hint(format!(
                "to have txwatch issue tokens, give it none: this one comes from {}",
                credential.origin
            ))
        } else {
            failure
        };
        if credential.is_available() {
            failure.hint(Hint::CheckToken(name.to_string()))
        } else {
            failure.hint("is the url right? its provider is asked without a token")
        }
    }
}
