//! The profiles of a plan, and whether they can follow their targets.

use std::sync::Arc;
use std::time::Duration;

use super::builder::PlanBuilder;
use super::targets::ResolvedTarget;
use crate::config::SANDBOX;
use crate::config::options::{APPEAR_TIMEOUT, GRACE, INTERVAL, MAX_OUTAGE};
use crate::config::values::Interval;
use crate::credential::Credential;
use crate::engine::plan::{Mode, Profile};
use crate::error::{Failure, FailureKind, usage};
use crate::provider::{Provider, Quota};
use crate::token_store::TokenStore;
use crate::warning::{Warning, WarningCode};

/// The parts of a profile that do not depend on options.
struct Parts {
    prefix: Arc<str>,
    provider: Arc<dyn Provider>,
    credential: Credential,
    token_store: Option<TokenStore>,
    quotas: Vec<Quota>,
    can_poll: bool,
    /// The default of the polling interval while there is no push.
    interval: Duration,
    /// The polling interval while push is live.
    safety_interval: Duration,
}

impl PlanBuilder<'_> {
    /// The profile of a target.
    pub(super) fn profile(&mut self, target: &ResolvedTarget) -> Result<Profile, Failure> {
        let parts = if &*target.profile == SANDBOX {
            self.sandbox_parts(target)?
        } else {
            self.configured(target)?
        };
        let (options, typed) = (self.options.of_profile(&target.profile), &self.arguments.time);
        if parts.can_poll
            && let Some(hint) = parts.provider.setup_hint()
        {
            let message = format!("profile {}: {hint}", target.profile);
            self.notices.push(Warning::new(WarningCode::SetupIncomplete, message));
        }
        let interval = options.given(&INTERVAL, typed.interval)?;
        Ok(Profile {
            name: target.profile.clone(),
            prefix: parts.prefix,
            provider: parts.provider,
            credential: parts.credential,
            token_store: parts.token_store,
            quotas: parts.quotas,
            can_poll: parts.can_poll,
            interval: interval.map_or(parts.interval, |Interval(interval)| interval),
            safety_interval: parts.safety_interval,
            appear_timeout: options.value(&APPEAR_TIMEOUT, typed.appear_timeout)?.0,
            max_outage: options.value(&MAX_OUTAGE, typed.max_outage)?.0,
            grace: options.value(&GRACE, typed.grace)?.0,
        })
    }

    fn configured(&mut self, target: &ResolvedTarget) -> Result<Parts, Failure> {
        let resolved = self.config.profile(&target.profile, &self.overrides)?;
        let can_poll = resolved.can_poll();
        let warnings = resolved.warnings.into_iter();
        self.notices.extend(warnings.map(|text| Warning::new(WarningCode::Credential, text)));
        Ok(Parts {
            prefix: format!("{}:", target.profile).into(),
            can_poll,
            interval: resolved.intervals.interval,
            safety_interval: resolved.intervals.safety_interval,
            provider: resolved.provider,
            credential: resolved.credential,
            token_store: resolved.token_store,
            quotas: resolved.quotas,
        })
    }

    fn sandbox_parts(&mut self, target: &ResolvedTarget) -> Result<Parts, Failure> {
        let (profile, notice) = self.sandbox.profile(&target.spec, self.config)?;
        self.notices.extend(notice);
        let quotas = profile.provider.spec().pace.quotas.clone();
        Ok(Parts {
            prefix: format!("{SANDBOX}:{}/", target.spec.name).into(),
            provider: profile.provider,
            credential: profile.credential,
            token_store: None,
            quotas,
            can_poll: true,
            interval: profile.interval,
            safety_interval: profile.safety_interval,
        })
    }

    /// Checks that the targets of a profile can be followed in this mode. A profile that cannot be polled is followed
    /// by push alone, with a warning; one without push is polled, unless the mode is push only.
    pub(super) fn can_follow(
        &mut self,
        target: &ResolvedTarget,
        profile: &Profile,
    ) -> Result<(), Failure> {
        let has_no_feed = || profile.provider.feeds(std::slice::from_ref(&target.id)).is_empty();
        if self.mode == Mode::WatchPushOnly && has_no_feed() {
            return Err(self.config.missing_push(&target.profile));
        }
        if profile.can_poll {
            return Ok(());
        }
        if !self.mode.pushes() {
            let failure = self.config.missing_token(&target.profile);
            let needs_none = !has_no_feed() && profile.provider.accept(&target.id).is_ok();
            return Err(if needs_none { failure.hint(watch_instead(target)) } else { failure });
        }
        let notice = format!(
            "profile {} has no access token: push alone carries the watch, and a change \
             before or between is missed",
            profile.name
        );
        self.notices.push(Warning::new(WarningCode::PushOnly, notice));
        Ok(())
    }

    /// Checks that the account of a profile can be followed.
    pub(super) fn can_follow_account(&self, profile: &Profile) -> Result<(), Failure> {
        if !self.mode.pushes() {
            return Err(usage("--all is carried by push alone; leave --transport poll out"));
        }
        let subscribed = profile.provider.account_feed();
        subscribed.map_err(|failure| self.with_api_key_hint(&profile.name, failure))?;
        if profile.can_poll { Ok(()) } else { Err(self.config.missing_token(&profile.name)) }
    }

    /// Adds how to set the API key, the only setting whose lack a provider reports by itself.
    pub(super) fn with_api_key_hint(&self, profile: &str, failure: Failure) -> Failure {
        match failure.kind() {
            FailureKind::Config => failure.hint(self.config.how_to_set(profile, "api_key")),
            _ => failure,
        }
    }
}

/// A target that cannot be asked for without a token can be watched without one.
fn watch_instead(target: &ResolvedTarget) -> String {
    let name = &*target.name;
    let name = shlex::try_quote(name).unwrap_or(name.into());
    format!(
        "watching needs no token:  txwatch watch {name}  follows it by push alone, without what happened before"
    )
}
