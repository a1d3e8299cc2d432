//! The state of a provider: whether it is heard, whether it knows us, and when to give up on it.

use std::time::Duration;

use jiff::Timestamp;

use super::agenda::Timer;
use super::{Command, Renewal, Silence, Unrenewed, Watch};
use crate::error::Failure;
use crate::exit::Code;
use crate::lifecycle::Source;
use crate::wire::Token;

/// How long before its end a token is renewed.
const RENEWAL_MARGIN: Duration = Duration::from_secs(10 * 60);
/// How long a token is used at least.
const SHORTEST_USE: Duration = Duration::from_secs(5 * 60);

impl Watch {
    /// Reads the token again, because this side refused it; or for the first time.
    pub(super) fn renew(&mut self, profile: usize, refused: Option<Source>) {
        self.profiles[profile].renewal = Renewal::Running(refused);
        self.profiles[profile].renew_at = None;
        self.out.push(Command::Renew(profile));
    }

    /// Whether a token has to be come by before anything can be asked.
    pub(super) fn needs_token(&self, profile: usize) -> bool {
        let credential = &self.plan.profiles[profile].credential;
        let ends = credential.token.as_ref().and_then(Token::expires_at);
        let ends_soon = ends.is_some_and(|ends| self.left(ends) <= RENEWAL_MARGIN);
        credential.is_pending() || (credential.issuer.is_some() && ends_soon)
    }

    fn left(&self, ends: Timestamp) -> Duration {
        Duration::try_from(ends.duration_since(self.now.wall)).unwrap_or_default()
    }

    /// Whether the token that counts now has not come to its end, as far as that is known.
    fn lasts(&self, profile: usize) -> bool {
        self.profiles[profile].ends.is_some_and(|ends| !self.left(ends).is_zero())
    }

    pub(super) fn renewed(
        &mut self,
        profile: usize,
        renewed: Result<Option<Timestamp>, Unrenewed>,
    ) {
        let refused = match self.profiles[profile].renewal {
            Renewal::Running(refused) => refused,
            Renewal::Possible | Renewal::Spent(_) => None,
        };
        // What nobody has refused yet may still be used.
        let usable = refused.is_none() && (self.profiles[profile].begun || self.lasts(profile));
        match renewed {
            Ok(expires_at) => self.has_token(profile, refused, expires_at),
            Err(Unrenewed::Later { reason, wait }) if refused.is_none() && self.lasts(profile) => {
                self.renew_in(profile, wait);
                self.use_on(profile, reason);
            }
            Err(Unrenewed::Later { reason, wait }) => self.renew_later(profile, reason, wait),
            Err(Unrenewed::Failed(failure)) if usable => self.use_on(profile, failure.to_string()),
            Err(Unrenewed::Failed(failure)) => self.fail_profile(profile, failure),
        }
    }

    /// There is no other token for this reason, but the present one is still good.
    fn use_on(&mut self, profile: usize, reason: String) {
        self.profiles[profile].renewal = Renewal::Possible;
        if !std::mem::replace(&mut self.profiles[profile].told_unrenewed, true) {
            self.warn(None, "not_renewed", reason);
        }
        if !self.profiles[profile].begun {
            self.begin_profile(profile);
        }
    }

    fn has_token(
        &mut self,
        profile: usize,
        refused: Option<Source>,
        expires_at: Option<Timestamp>,
    ) {
        let state = &mut self.profiles[profile];
        state.generation += 1;
        state.ends = expires_at;
        state.told_unrenewed = false;
        state.renewal = refused.map_or(Renewal::Possible, Renewal::Spent);
        state.backoff.reset();
        self.heard(profile);
        self.watch_expiry(profile, expires_at);
        if !self.profiles[profile].begun {
            return self.begin_profile(profile);
        }
        if refused.is_some() {
            for target in self.targets_of(profile) {
                self.pull(target);
            }
        }
    }

    /// A token that has an end is renewed before that, if it can be.
    pub(super) fn watch_expiry(&mut self, profile: usize, expires_at: Option<Timestamp>) {
        let issues = self.plan.profiles[profile].credential.issuer.is_some();
        if let Some(ends) = expires_at.filter(|_| issues) {
            // Two clocks may disagree; a token that was issued just now is used for a while.
            let wait = self.left(ends).saturating_sub(RENEWAL_MARGIN).max(SHORTEST_USE);
            self.plan_renewal(profile, wait);
        }
    }

    /// Plans the next renewal, in place of any that was planned.
    fn plan_renewal(&mut self, profile: usize, wait: Duration) {
        let due = self.now.elapsed.saturating_add(wait);
        self.profiles[profile].renew_at = Some(due);
        self.agenda.add(due, Timer::Renewal(profile));
    }

    fn renew_in(&mut self, profile: usize, wait: Option<Duration>) {
        let wait = self.profiles[profile].backoff.next(wait.unwrap_or_default());
        self.plan_renewal(profile, wait);
    }

    pub(super) fn renewal_due(&mut self, profile: usize, due: Duration) {
        if self.profiles[profile].renew_at != Some(due) {
            return;
        }
        match self.profiles[profile].renewal {
            Renewal::Running(_) => self.out.push(Command::Renew(profile)),
            Renewal::Possible | Renewal::Spent(_) => self.renew(profile, None),
        }
    }

    /// Meanwhile push may carry the watch; what has to be asked waits.
    fn renew_later(&mut self, profile: usize, reason: String, wait: Option<Duration>) {
        self.renew_in(profile, wait);
        if !self.profiles[profile].begun {
            self.begin_profile(profile);
        }
        self.asked(profile);
        self.trouble(profile, reason);
    }

    /// This side of the provider accepted the token. A refusal by the other side stays in mind, or two
    /// sides that disagree would have the token read again without end.
    pub(super) fn accepted(&mut self, profile: usize, side: Source) {
        self.heard(profile);
        let state = &mut self.profiles[profile];
        state.accepted = Some(state.generation);
        if state.renewal == Renewal::Spent(side) {
            state.renewal = Renewal::Possible;
        }
    }

    pub(super) fn heard(&mut self, profile: usize) {
        self.profiles[profile].silence = None;
    }

    /// The provider is being asked. An outage counts from the first question that is not answered: a
    /// watch that hears nothing because nothing was due is healthy.
    pub(super) fn asked(&mut self, profile: usize) {
        let since = self.now.elapsed;
        let silence = &mut self.profiles[profile].silence;
        if silence.is_none() {
            *silence = Some(Silence { since, reason: None });
            if let Some(limit) = self.plan.profiles[profile].max_outage {
                self.agenda.add(since.saturating_add(limit), Timer::Outage(profile));
            }
        }
    }

    /// A question was not answered, for a reason that may pass.
    pub(super) fn trouble(&mut self, profile: usize, reason: String) {
        let since = self.now.elapsed;
        let silence = self.profiles[profile].silence.get_or_insert(Silence { since, reason: None });
        silence.reason = Some(reason);
        self.check_outage(profile);
    }

    pub(super) fn check_outage(&mut self, profile: usize) {
        let Some(limit) = self.plan.profiles[profile].max_outage else {
            return;
        };
        let Some(Silence { since, reason }) = &self.profiles[profile].silence else {
            return;
        };
        // A single look has no patience, but it waits for the answer.
        if reason.is_none() && limit.is_zero() {
            return;
        }
        let due = since.saturating_add(limit);
        if self.now.elapsed < due {
            return self.agenda.add(due, Timer::Outage(profile));
        }
        let reason = reason.as_deref().unwrap_or("no answer");
        let title = self.plan.profiles[profile].provider.spec().title;
        let message = if limit.is_zero() {
            format!("{title} could not be reached: {reason}")
        } else {
            format!(
                "nothing was heard from {title} for {}: {reason}",
                humantime::format_duration(whole_seconds(limit))
            )
        };
        let hint = "check the address and the network; the transaction itself may go on meanwhile";
        self.fail_profile(profile, Failure::new(Code::Unreachable, message).hint(hint));
    }

    /// What the providers that are silent at present were last silent about.
    pub(super) fn troubles(&self) -> Vec<String> {
        let told = self.profiles.iter().zip(&self.plan.profiles).filter_map(|(state, profile)| {
            let reason = state.silence.as_ref()?.reason.as_ref()?;
            Some(format!("{}: {reason}", profile.name))
        });
        told.collect()
    }

    /// The provider did not accept the token that counts now.
    pub(super) fn denied(&mut self, refusal: Refusal) {
        let Refusal { profile, target, side, generation, message } = refusal;
        let state = &self.profiles[profile];
        if generation < state.generation || matches!(state.renewal, Renewal::Running(_)) {
            return;
        }
        let accepted = state.accepted == Some(generation);
        let credential = &self.plan.profiles[profile].credential;
        if credential.is_renewable() && state.renewal == Renewal::Possible {
            return self.renew(profile, Some(side));
        }
        let name = &self.plan.profiles[profile].name;
        let context = match &credential.issuer {
            Some(issuer) => format!(
                "the token of profile {name} was issued for the secret that was read from {}",
                issuer.origin
            ),
            None if !credential.is_available() => format!("profile {name} has no token"),
            None => format!("the token of profile {name} was read from {}", credential.origin),
        };
        let error = anyhow::anyhow!(context).context(message);
        let failure = Failure::from_error(Code::Denied, error);
        let failure = if credential.is_available() {
            failure.hint(format!(
                "has the token just been rotated? check it with  txwatch config check -p {name}"
            ))
        } else {
            failure.hint("is the url right? its provider is asked without a token")
        };
        // A token that was accepted for others is refused for this one alone.
        match target {
            Some(target) if accepted => self.fail(target, failure),
            _ => self.fail_profile(profile, failure),
        }
    }
}

/// A 401 or 403.
pub(super) struct Refusal {
    pub(super) profile: usize,
    /// The target it is about, if about one.
    pub(super) target: Option<usize>,
    /// Which side of the provider refused.
    pub(super) side: Source,
    /// Which token it refused.
    pub(super) generation: u32,
    pub(super) message: String,
}

/// Durations are shown to people in whole seconds, unless there is not even one.
pub(super) fn whole_seconds(duration: Duration) -> Duration {
    match duration.as_secs() {
        0 => Duration::from_millis(duration.as_millis() as u64),
        seconds => Duration::from_secs(seconds),
    }
}
