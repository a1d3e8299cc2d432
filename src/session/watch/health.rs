//! The state of a provider: whether it is heard, whether it knows us, and when to give up on it.

use std::time::Duration;

use super::agenda::Timer;
use super::{Command, Renewal, Trouble, Watch};
use crate::error::Failure;
use crate::exit::Code;

impl Watch {
    pub(super) fn renew(&mut self, profile: usize) {
        self.profiles[profile].renewal = Renewal::Running;
        self.out.push(Command::Renew(profile));
    }

    pub(super) fn renewed(&mut self, profile: usize, renewed: Result<(), Failure>) {
        if let Err(failure) = renewed {
            return self.fail_profile(profile, failure);
        }
        let state = &mut self.profiles[profile];
        state.renewal = Renewal::Spent;
        state.generation += 1;
        if self.plan.profiles[profile].credential.token.is_none() && state.generation == 1 {
            // The first token: nothing was begun without it, and it has not been refused yet.
            state.renewal = Renewal::Possible;
            return self.begin_profile(profile);
        }
        for target in self.targets_of(profile) {
            self.pull(target);
        }
    }

    /// The provider answered in a way that shows it knows us.
    pub(super) fn understood(&mut self, profile: usize) {
        self.heard(profile);
        let state = &mut self.profiles[profile];
        state.understood = true;
        if state.renewal == Renewal::Spent {
            state.renewal = Renewal::Possible;
        }
    }

    pub(super) fn heard(&mut self, profile: usize) {
        self.profiles[profile].trouble = None;
    }

    /// The provider was asked at `asked` and did not answer, for a reason that may pass.
    pub(super) fn trouble(&mut self, profile: usize, asked: Duration, reason: String) {
        let trouble = &mut self.profiles[profile].trouble;
        let since = trouble.as_ref().map_or(asked, |trouble| trouble.since);
        *trouble = Some(Trouble { since, reason });
        self.check_outage(profile);
    }

    /// An outage counts from the first question that was not answered: a watch that hears nothing
    /// because nothing was due is healthy.
    pub(super) fn check_outage(&mut self, profile: usize) {
        let Some(limit) = self.plan.profiles[profile].max_outage else {
            return;
        };
        let Some(Trouble { since, reason }) = &self.profiles[profile].trouble else {
            return;
        };
        let due = since.saturating_add(limit);
        if self.now.elapsed < due {
            return self.agenda.add(due, Timer::Outage(profile));
        }
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
    pub(super) fn denied(&mut self, profile: usize, generation: u32, message: String) {
        let state = &self.profiles[profile];
        if generation < state.generation || state.renewal == Renewal::Running {
            return;
        }
        let credential = &self.plan.profiles[profile].credential;
        if credential.is_renewable() && state.renewal == Renewal::Possible {
            return self.renew(profile);
        }
        let name = &self.plan.profiles[profile].name;
        let context = format!("the token of profile {name} was read from {}", credential.origin);
        let error = anyhow::anyhow!(context).context(message);
        let failure = Failure::from_error(Code::Denied, error).hint(format!(
            "has the token just been rotated? check it with  txwatch config check -p {name}"
        ));
        self.fail_profile(profile, failure);
    }
}

/// Durations are shown to people in whole seconds, unless there is not even one.
pub(super) fn whole_seconds(duration: Duration) -> Duration {
    match duration.as_secs() {
        0 => Duration::from_millis(duration.as_millis() as u64),
        seconds => Duration::from_secs(seconds),
    }
}
