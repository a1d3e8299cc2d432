//! Since when nothing was received from a provider.

use std::time::Duration;

/// A provider is silent since the first question that it did not answer. A watch that hears nothing because
/// nothing was due is healthy.
pub(super) struct Outage {
    /// How long it may be silent.
    limit: Option<Duration>,
    silence: Option<Silence>,
}

struct Silence {
    /// When the first question was asked, as time of the command.
    since: Duration,
    /// What became of the last question, if it came to something.
    reason: Option<String>,
}

/// What a silence amounts to.
#[derive(Debug, PartialEq)]
pub(super) enum OutageState {
    /// There is none, or none that is limited.
    None,
    /// It is borne until this time of the command.
    Until(Duration),
    /// It has lasted for the limit, for this reason.
    Over(Duration, String),
}

impl Outage {
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Outage { limit, silence: None }
    }

    /// Something was received from the provider.
    pub(super) fn received(&mut self) {
        self.silence = None;
    }

    /// The provider is asked something. Answers when the silence that begins with it is over, if one does.
    pub(super) fn asked(&mut self, now: Duration) -> Option<Duration> {
        if self.silence.is_some() {
            return None;
        }
        self.silence = Some(Silence { since: now, reason: None });
        Some(now.saturating_add(self.limit?))
    }

    /// A question was not answered, for a reason that may pass.
    pub(super) fn unanswered(&mut self, now: Duration, reason: String) {
        let silence = self.silence.get_or_insert(Silence { since: now, reason: None });
        silence.reason = Some(reason);
    }

    /// What the silence amounts to at this time.
    pub(super) fn state(&self, now: Duration) -> OutageState {
        let (Some(limit), Some(Silence { since, reason })) = (self.limit, &self.silence) else {
            return OutageState::None;
        };
        // A single look has no patience, but it waits for the answer.
        if reason.is_none() && limit.is_zero() {
            return OutageState::None;
        }
        let due = since.saturating_add(limit);
        if now < due {
            return OutageState::Until(due);
        }
        OutageState::Over(limit, reason.as_deref().unwrap_or("no answer").to_owned())
    }

    /// Nobody was there to listen for this long, which is no silence of the provider's.
    pub(super) fn excuse(&mut self, missed: Duration, now: Duration) {
        if let Some(silence) = &mut self.silence {
            silence.since = (silence.since + missed).min(now);
        }
    }

    /// What the provider was last silent about, if it is silent.
    pub(super) fn reason(&self) -> Option<&str> {
        self.silence.as_ref()?.reason.as_deref()
    }
}
