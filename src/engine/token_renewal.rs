//! The token of a profile: its generation, whether it was accepted, and its renewal.

use std::time::Duration;

use jiff::Timestamp;

use crate::lifecycle::Source;

/// How long before its expiry a token is renewed.
pub(super) const RENEWAL_MARGIN: Duration = Duration::from_secs(10 * 60);
/// How long a token is used at least, in case the provider's clock and this machine's differ.
const MIN_USE: Duration = Duration::from_secs(5 * 60);

/// The state of a profile's token.
pub(super) struct TokenRenewal {
    /// The number of renewals.
    pub(super) generation: u32,
    /// The generation that the provider accepted last.
    accepted: Option<u32>,
    state: RenewalState,
    /// When the next renewal is planned, as time of the command.
    due: Option<Duration>,
    /// When the current token expires, if that is known.
    expires_at: Option<Timestamp>,
    /// Whether there was a warning that the current token could not be renewed.
    is_failure_reported: bool,
}

/// After a token was refused it is renewed once. The next refusal leads to another renewal only if the same side
/// accepted a token in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RenewalState {
    /// A refusal leads to a renewal.
    Allowed,
    /// A renewal is under way; with the side that refused the token, if one did.
    Running(Option<Source>),
    /// The token was renewed because this side refused it.
    Done(Source),
}

impl TokenRenewal {
    pub(super) fn new(expires_at: Option<Timestamp>) -> Self {
        TokenRenewal {
            generation: 0,
            accepted: None,
            state: RenewalState::Allowed,
            due: None,
            expires_at,
            is_failure_reported: false,
        }
    }

    /// A renewal starts; `refused_by` is the side that refused the current token, if one did.
    pub(super) fn start(&mut self, refused_by: Option<Source>) {
        self.state = RenewalState::Running(refused_by);
        self.due = None;
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, RenewalState::Running(_))
    }

    /// Whether a refusal leads to a renewal.
    pub(super) fn is_allowed(&self) -> bool {
        self.state == RenewalState::Allowed
    }

    /// The side whose refusal started the renewal that is under way.
    pub(super) fn refused_by(&self) -> Option<Source> {
        match self.state {
            RenewalState::Running(refused_by) => refused_by,
            RenewalState::Allowed | RenewalState::Done(_) => None,
        }
    }

    /// The renewal succeeded.
    pub(super) fn renewed(&mut self, expires_at: Option<Timestamp>) {
        let refused_by = self.refused_by();
        self.generation += 1;
        self.expires_at = expires_at;
        self.is_failure_reported = false;
        self.state = refused_by.map_or(RenewalState::Allowed, RenewalState::Done);
    }

    /// The renewal failed, and the current token is still used. Returns whether to warn about it.
    pub(super) fn renewal_failed(&mut self) -> bool {
        self.state = RenewalState::Allowed;
        !std::mem::replace(&mut self.is_failure_reported, true)
    }

    /// This side of the provider accepted the token. A refusal by the other side is not cleared by it, or two sides
    /// that disagree would lead to endless renewals.
    pub(super) fn accepted(&mut self, side: Source) {
        self.accepted = Some(self.generation);
        if self.state == RenewalState::Done(side) {
            self.state = RenewalState::Allowed;
        }
    }

    /// Whether a refusal of this generation is about the current token, and no renewal is under way.
    pub(super) fn concerns(&self, generation: u32) -> bool {
        generation >= self.generation && !self.is_running()
    }

    /// Whether the provider accepted this generation last.
    pub(super) fn was_accepted(&self, generation: u32) -> bool {
        self.accepted == Some(generation)
    }

    /// Whether the current token is known not to have expired.
    pub(super) fn is_valid(&self, wall: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| !time_left(at, wall).is_zero())
    }

    /// Whether the current token has to be renewed before it is used.
    pub(super) fn expires_soon(&self, wall: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| time_left(at, wall) <= RENEWAL_MARGIN)
    }

    /// How long from now until the token has to be renewed, if its expiry is known.
    pub(super) fn renew_in(&self, wall: Timestamp) -> Option<Duration> {
        let left = time_left(self.expires_at?, wall);
        Some(left.saturating_sub(RENEWAL_MARGIN).max(MIN_USE))
    }

    /// Plans the next renewal, and replaces one that was planned.
    pub(super) fn plan(&mut self, due: Duration) {
        self.due = Some(due);
    }

    /// Whether a renewal is planned for this time.
    pub(super) fn is_planned(&self, due: Duration) -> bool {
        self.due == Some(due)
    }
}

fn time_left(expires_at: Timestamp, wall: Timestamp) -> Duration {
    Duration::try_from(expires_at.duration_since(wall)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A token that was read again because this side refused the one before.
    fn renewed_for(side: Source) -> TokenRenewal {
        let mut token = TokenRenewal::new(None);
        token.start(Some(side));
        token.renewed(None);
        token
    }

    #[test]
    fn after_a_refusal_only_the_side_that_refused_allows_another_renewal() {
        let mut token = renewed_for(Source::Pull);
        assert!(!token.is_allowed());
        token.accepted(Source::Push);
        assert!(!token.is_allowed());
        token.accepted(Source::Pull);
        assert!(token.is_allowed());
    }

    #[test]
    fn a_renewal_without_a_refusal_allows_another_one() {
        let mut token = TokenRenewal::new(None);
        token.start(None);
        assert!(token.is_running() && !token.is_allowed());
        token.renewed(None);
        assert!(!token.is_running() && token.is_allowed());
    }

    #[test]
    fn a_renewal_knows_which_side_it_is_for() {
        let mut token = TokenRenewal::new(None);
        assert_eq!(token.refused_by(), None);
        token.start(Some(Source::Push));
        assert_eq!(token.refused_by(), Some(Source::Push));
        token.renewed(None);
        assert_eq!(token.refused_by(), None);
    }

    #[test]
    fn a_refusal_of_an_older_token_or_during_a_renewal_is_no_concern() {
        let mut token = renewed_for(Source::Pull);
        assert_eq!(token.generation, 1);
        assert!(!token.concerns(0));
        assert!(token.concerns(1));
        token.start(None);
        assert!(!token.concerns(1));
    }

    #[test]
    fn what_was_accepted_is_the_generation_that_counted_then() {
        let mut token = TokenRenewal::new(None);
        assert!(!token.was_accepted(0));
        token.accepted(Source::Pull);
        assert!(token.was_accepted(0));
        token.start(None);
        token.renewed(None);
        assert!(!token.was_accepted(1));
    }

    #[test]
    fn a_failure_is_reported_once_until_there_is_a_new_token() {
        let mut token = TokenRenewal::new(None);
        token.start(None);
        assert!(token.renewal_failed());
        assert!(token.is_allowed());
        assert!(!token.renewal_failed());
        token.renewed(None);
        assert!(token.renewal_failed());
    }

    #[test]
    fn a_token_is_renewed_ten_minutes_before_it_expires() {
        let token = TokenRenewal::new(Some(at(3_600)));
        assert_eq!(token.renew_in(at(0)), Some(seconds(3_000)));
        assert!(!token.expires_soon(at(2_999)));
        assert!(token.expires_soon(at(3_000)));
        assert!(token.is_valid(at(3_599)));
        assert!(!token.is_valid(at(3_600)));
        // It is used for at least five minutes, even if it has expired by this machine's clock.
        assert_eq!(token.renew_in(at(2_900)), Some(seconds(300)));
        assert_eq!(token.renew_in(at(9_000)), Some(seconds(300)));
    }

    #[test]
    fn a_token_without_an_expiry_neither_lasts_nor_ends() {
        let token = TokenRenewal::new(None);
        assert!(!token.expires_soon(at(0)) && !token.is_valid(at(0)));
        assert_eq!(token.renew_in(at(0)), None);
    }

    #[test]
    fn a_planned_renewal_is_replaced_by_a_later_plan_and_by_one_that_begins() {
        let mut token = TokenRenewal::new(None);
        token.plan(seconds(10));
        token.plan(seconds(20));
        assert!(!token.is_planned(seconds(10)));
        assert!(token.is_planned(seconds(20)));
        token.start(None);
        assert!(!token.is_planned(seconds(20)));
    }
}
