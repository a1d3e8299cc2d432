//! The duration of a provider's outage.

use std::time::Duration;

use crate::error::FailureKind;

/// How long the answer to a probe is awaited before the whole profile is given up.
const MAX_PROBE: Duration = Duration::from_secs(10);

/// An outage lasts from the first unanswered attempt (a request or a connection) until something is received. Time
/// without any attempt is no outage.
pub(super) struct Outage {
    /// `--max-outage`.
    limit: Option<Duration>,
    unanswered: Option<Unanswered>,
}

struct Unanswered {
    /// When the first unanswered attempt started, as time of the command.
    since: Duration,
    /// Why the last attempt failed; none if none of them has failed yet.
    reason: Option<(FailureKind, String)>,
    /// Until when it is not over, since the answer to a probe is awaited.
    probed_until: Option<Duration>,
}

impl Unanswered {
    fn since(now: Duration) -> Self {
        Unanswered { since: now, reason: None, probed_until: None }
    }
}

/// Whether an outage has reached its limit.
#[derive(Debug, PartialEq)]
pub(super) enum OutageState {
    /// There is no outage, or it has no limit.
    None,
    /// It reaches the limit at this time of the command.
    Until(Duration),
    /// It has reached this limit, for a reason of this kind.
    Over(Duration, FailureKind, String),
}

impl Outage {
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Outage { limit, unanswered: None }
    }

    /// Something was received from the provider.
    pub(super) fn received(&mut self) {
        self.unanswered = None;
    }

    /// A request or a connection was started. If an outage may begin with it: when that reaches the limit.
    pub(super) fn attempt_started(&mut self, now: Duration) -> Option<Duration> {
        if self.unanswered.is_some() {
            return None;
        }
        self.unanswered = Some(Unanswered::since(now));
        Some(now.saturating_add(self.limit?))
    }

    /// An attempt failed, for a reason of this kind that may be temporary.
    pub(super) fn attempt_failed(&mut self, now: Duration, kind: FailureKind, reason: String) {
        let unanswered = self.unanswered.get_or_insert(Unanswered::since(now));
        unanswered.reason = Some((kind, reason));
    }

    /// The state at this time of the command.
    pub(super) fn state(&self, now: Duration) -> OutageState {
        let (Some(limit), Some(unanswered)) = (self.limit, &self.unanswered) else {
            return OutageState::None;
        };
        let Unanswered { since, reason, probed_until } = unanswered;
        // A limit of zero (`get`) allows no failure, but waits for the response.
        if reason.is_none() && limit.is_zero() {
            return OutageState::None;
        }
        let due = since.saturating_add(limit).max(probed_until.unwrap_or_default());
        if now < due {
            return OutageState::Until(due);
        }
        let no_answer = || (FailureKind::Unreachable, "no answer".to_owned());
        let (kind, reason) = reason.clone().unwrap_or_else(no_answer);
        OutageState::Over(limit, kind, reason)
    }

    /// Extends an outage that is over by the time that a probe may take, but not twice. Returns until when.
    pub(super) fn await_probe(&mut self, now: Duration) -> Option<Duration> {
        let (limit, unanswered) = (self.limit?, self.unanswered.as_mut()?);
        if unanswered.probed_until.is_some() {
            return None;
        }
        unanswered.probed_until = Some(now.saturating_add(limit.min(MAX_PROBE)));
        unanswered.probed_until
    }

    /// Excludes this much time from the outage, in which this process was suspended.
    pub(super) fn exclude(&mut self, missed: Duration, now: Duration) {
        if let Some(unanswered) = &mut self.unanswered {
            unanswered.since = (unanswered.since + missed).min(now);
        }
    }

    /// Why the last attempt failed, during an outage.
    pub(super) fn reason(&self) -> Option<&str> {
        let (_, reason) = self.unanswered.as_ref()?.reason.as_ref()?;
        Some(reason)
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
        OutageState::Over(LIMIT, FailureKind::Unreachable, reason.to_owned())
    }

    #[test]
    fn an_outage_counts_from_the_first_unanswered_attempt() {
        let mut outage = Outage::new(Some(LIMIT));
        assert_eq!(outage.state(seconds(1_000)), OutageState::None);
        assert_eq!(outage.attempt_started(seconds(10)), Some(seconds(40)));
        assert_eq!(outage.attempt_started(seconds(20)), None);
        assert_eq!(outage.state(seconds(39)), OutageState::Until(seconds(40)));
        assert_eq!(outage.state(seconds(40)), over("no answer"));
    }

    #[test]
    fn whatever_is_received_ends_it() {
        let mut outage = Outage::new(Some(LIMIT));
        outage.attempt_started(seconds(10));
        outage.attempt_failed(seconds(20), FailureKind::Unreachable, "503".to_owned());
        outage.received();
        assert_eq!((outage.state(seconds(1_000)), outage.reason()), (OutageState::None, None));
        assert_eq!(outage.attempt_started(seconds(50)), Some(seconds(80)));
    }

    #[test]
    fn the_last_reason_is_the_one_that_is_reported() {
        let mut outage = Outage::new(Some(LIMIT));
        // An open connection is lost, without an attempt.
        outage.attempt_failed(seconds(10), FailureKind::Unreachable, "gone".to_owned());
        outage.attempt_failed(seconds(20), FailureKind::Unreachable, "503".to_owned());
        assert_eq!(outage.reason(), Some("503"));
        assert_eq!(outage.state(seconds(39)), OutageState::Until(seconds(40)));
        assert_eq!(outage.state(seconds(40)), over("503"));
    }

    #[test]
    fn with_a_limit_of_zero_the_response_is_awaited_and_a_failure_is_the_end() {
        let mut outage = Outage::new(Some(Duration::ZERO));
        outage.attempt_started(seconds(10));
        assert_eq!(outage.state(seconds(1_000)), OutageState::None);
        outage.attempt_failed(seconds(11), FailureKind::Unreachable, "503".to_owned());
        let state = OutageState::Over(Duration::ZERO, FailureKind::Unreachable, "503".to_owned());
        assert_eq!(outage.state(seconds(11)), state);
    }

    #[test]
    fn without_a_limit_there_is_none_but_the_reason_is_known() {
        let mut outage = Outage::new(None);
        assert_eq!(outage.attempt_started(seconds(10)), None);
        outage.attempt_failed(seconds(20), FailureKind::Unreachable, "503".to_owned());
        assert_eq!(outage.state(seconds(100_000)), OutageState::None);
        assert_eq!(outage.reason(), Some("503"));
    }

    #[test]
    fn an_outage_that_is_over_is_extended_once_for_a_probe() {
        let mut outage = Outage::new(Some(LIMIT));
        assert_eq!(outage.await_probe(seconds(40)), None);
        outage.attempt_started(seconds(10));
        assert_eq!(outage.await_probe(seconds(40)), Some(seconds(50)));
        assert_eq!(outage.state(seconds(40)), OutageState::Until(seconds(50)));
        assert_eq!(outage.await_probe(seconds(50)), None);
        assert_eq!(outage.state(seconds(50)), over("no answer"));
        outage.received();
        outage.attempt_started(seconds(60));
        assert_eq!(outage.await_probe(seconds(90)), Some(seconds(100)));
    }

    #[test]
    fn suspended_time_is_excluded_up_to_the_present() {
        let mut outage = Outage::new(Some(LIMIT));
        outage.attempt_started(seconds(10));
        outage.exclude(seconds(100), seconds(120));
        assert_eq!(outage.state(seconds(120)), OutageState::Until(seconds(140)));
        outage.exclude(seconds(100), seconds(130));
        assert_eq!(outage.state(seconds(130)), OutageState::Until(seconds(160)));
    }
}
