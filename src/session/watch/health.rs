//! The state of a provider: whether it is heard, whether it knows us, and when to give up on it.

use std::time::Duration;

use super::agenda::Timer;
use super::{Command, Renewal, Silence, Watch};
use crate::error::Failure;
use crate::exit::Code;
use crate::lifecycle::Source;

impl Watch {
    /// Reads the token again, because this side refused it; or for the first time.
    pub(super) fn renew(&mut self, profile: usize, refused: Option<Source>) {
        self.profiles[profile].renewal = Renewal::Running(refused);
        self.out.push(Command::Renew(profile));
    }

    pub(super) fn renewed(&mut self, profile: usize, renewed: Result<(), Failure>) {
        if let Err(failure) = renewed {
            return self.fail_profile(profile, failure);
        }
        let state = &mut self.profiles[profile];
        state.generation += 1;
        if let Renewal::Running(refused) = state.renewal {
            // The first token, that nothing was begun without, has not been refused by anybody.
            state.renewal = refused.map_or(Renewal::Possible, Renewal::Spent);
            if refused.is_none() {
                return self.begin_profile(profile);
            }
        }
        for target in self.targets_of(profile) {
            self.pull(target);
        }
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
        let message = match limit.is_zero() {
            true => format!("{title} could not be reached: {reason}"),
            false => format!(
                "nothing was heard from {title} for {}: {reason}",
                humantime::format_duration(whole_seconds(limit))
            ),
        };
        let hint = "check the address and the network; the transaction itself may go on meanwhile";
        self.fail_profile(profile, Failure::new(Code::Unreachable, message).hint(hint));
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
        let context = format!("the token of profile {name} was read from {}", credential.origin);
        let error = anyhow::anyhow!(context).context(message);
        let failure = Failure::from_error(Code::Denied, error).hint(format!(
            "has the token just been rotated? check it with  txwatch config check -p {name}"
        ));
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
