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

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn over(reason: &str) -> OutageState {
        OutageState::Over(LIMIT, reason.to_owned())
    }

    #[test]
    fn silence_counts_from_the_first_question_without_an_answer() {
        let mut outage = Outage::new(Some(LIMIT));
        assert_eq!(outage.state(seconds(1_000)), OutageState::None);
        assert_eq!(outage.asked(seconds(10)), Some(seconds(40)));
        assert_eq!(outage.asked(seconds(20)), None);
        assert_eq!(outage.state(seconds(39)), OutageState::Until(seconds(40)));
        assert_eq!(outage.state(seconds(40)), over("no answer"));
    }

    #[test]
    fn whatever_is_heard_ends_it() {
        let mut outage = Outage::new(Some(LIMIT));
        outage.asked(seconds(10));
        outage.unanswered(seconds(20), "503".to_owned());
        outage.received();
        assert_eq!((outage.state(seconds(1_000)), outage.reason()), (OutageState::None, None));
        assert_eq!(outage.asked(seconds(50)), Some(seconds(80)));
    }

    #[test]
    fn the_last_reason_is_the_one_that_is_told() {
        let mut outage = Outage::new(Some(LIMIT));
        // A connection is lost that nothing was asked of.
        outage.unanswered(seconds(10), "gone".to_owned());
        outage.unanswered(seconds(20), "503".to_owned());
        assert_eq!(outage.reason(), Some("503"));
        assert_eq!(outage.state(seconds(39)), OutageState::Until(seconds(40)));
        assert_eq!(outage.state(seconds(40)), over("503"));
    }

    #[test]
    fn without_patience_the_answer_is_waited_for_and_a_failure_is_the_end() {
        let mut outage = Outage::new(Some(Duration::ZERO));
        outage.asked(seconds(10));
        assert_eq!(outage.state(seconds(1_000)), OutageState::None);
        outage.unanswered(seconds(11), "503".to_owned());
        let state = OutageState::Over(Duration::ZERO, "503".to_owned());
        assert_eq!(outage.state(seconds(11)), state);
    }

    #[test]
    fn without_a_limit_there_is_none_but_the_reason_is_known() {
        let mut outage = Outage::new(None);
        assert_eq!(outage.asked(seconds(10)), None);
        outage.unanswered(seconds(20), "503".to_owned());
        assert_eq!(outage.state(seconds(100_000)), OutageState::None);
        assert_eq!(outage.reason(), Some("503"));
    }

    #[test]
    fn time_in_which_nobody_listened_is_excused_up_to_the_present() {
        let mut outage = Outage::new(Some(LIMIT));
        outage.asked(seconds(10));
        outage.excuse(seconds(100), seconds(120));
        assert_eq!(outage.state(seconds(120)), OutageState::Until(seconds(140)));
        outage.excuse(seconds(100), seconds(130));
        assert_eq!(outage.state(seconds(130)), OutageState::Until(seconds(160)));
    }
}
